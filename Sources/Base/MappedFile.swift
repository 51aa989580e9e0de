internal import CKernels
internal import Glibc

/// A file mapped into memory for reading, until the last owner lets go; its pages are shared with
/// every process that maps it.
///
/// Sound as `Sendable`: the mapping is private, read-only and never changes place.
package final class MappedFile: @unchecked Sendable {
    /// The path it was opened by.
    package let path: String
    /// The whole file.
    package let bytes: UnsafeRawBufferPointer
    /// Nil for an empty file, which the system does not map.
    private let map: OpaquePointer?
    private let identity: Identity

    /// Which file it is, and when it was last written.
    private struct Identity: Equatable {
        var device: UInt64
        var inode: UInt64
        var size: Int
        var seconds: Int
        var nanoseconds: Int

        init(_ information: stat) {
            device = UInt64(information.st_dev)
            inode = UInt64(information.st_ino)
            size = Int(information.st_size)
            seconds = information.st_mtim.tv_sec
            nanoseconds = information.st_mtim.tv_nsec
        }
    }

    /// Maps a regular file.
    package convenience init(_ path: String) throws(FileError) {
        try self.init(OpenFile(reading: path))
    }

    /// Maps an open file, which may be closed afterwards.
    package init(_ file: OpenFile) throws(FileError) {
        path = file.path
        let information = try file.information()
        identity = Identity(information)
        let length = Int(information.st_size)
        guard length > 0 else {
            map = nil
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let map = sheaf_map_open(file.descriptor, length) else {
            let code = errno
            throw code == ENODATA
                ? FileError("mapping", path, .changed) : FileError("mapping", path, code: code)
        }
        self.map = map
        bytes = UnsafeRawBufferPointer(start: sheaf_map_start(map), count: length)
    }

    deinit { if let map { sheaf_map_close(map) } }

    /// Whether the file at the path is still the one that was mapped, and nobody wrote to it since.
    package var isUnchanged: Bool {
        var information = stat()
        return stat(path, &information) == 0 && Identity(information) == identity
    }

    /// Whether all that was read so far were the bytes of the file as it was when it was opened.
    ///
    /// Asked after a reading and before what came of it is used: where the file was shortened
    /// meanwhile, or the disk failed, zeros were read. Costs one look into the file's last page.
    package var isWhole: Bool { map.map { sheaf_map_is_whole($0) != 0 } ?? true }

    /// Gives back the memory of a part of the mapping, which stays readable: its pages no longer
    /// count as this process's, and come back from the file when they are read again.
    package func release(_ range: Range<Int>) {
        guard let start = bytes.baseAddress, !range.isEmpty else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = range.lowerBound / page * page
        let end = min(bytes.count, (range.upperBound + page - 1) / page * page)
        // Advice only: where it is refused, the memory stays.
        madvise(UnsafeMutableRawPointer(mutating: start + first), end - first, MADV_DONTNEED)
    }

    /// Gives back the memory of a part of `bytes`.
    package func release(_ part: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, let first = part.baseAddress else { return }
        release(first - start..<first - start + part.count)
    }

    /// Little-endian unsigned integer at `offset`; the caller has checked the range.
    @inlinable
    package func integer<T: FixedWidthInteger & UnsignedInteger>(at offset: Int, as: T.Type) -> T {
        T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}
