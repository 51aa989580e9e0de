internal import CKernels
internal import Crypto
internal import Glibc

/// A file mapped into memory for reading, until the last owner lets go.
///
/// Sound as `Sendable`: the mapping is private, read-only and never changes place.
final class MappedFile: @unchecked Sendable {
    let path: String
    let bytes: UnsafeRawBufferPointer
    private let map: OpaquePointer
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

    /// Whether the file at the path is still the one that was mapped, and nobody wrote to it since.
    var isUnchanged: Bool {
        var information = stat()
        return stat(path, &information) == 0 && Identity(information) == identity
    }

    /// Maps a regular file; when `sha256` is given, reads and checks the whole file first.
    init(path: String, expecting sha256: String?) throws(IndexError) {
        let descriptor = try Errno.check("opening", path) { open(path, O_RDONLY | O_CLOEXEC) }
        defer { close(descriptor) }
        var information = stat()
        _ = try Errno.check("inspecting", path) { fstat(descriptor, &information) }
        guard information.st_mode & S_IFMT == S_IFREG else {
            throw .malformedSegment(path: path, offset: 0, reason: "it is not a regular file")
        }
        let length = Int(information.st_size)
        guard length >= 8 else {
            throw .malformedSegment(
                path: path, offset: length, reason: "it ends inside the header length")
        }
        if let sha256 {
            let found = try Self.digest(descriptor, path: path)
            guard found == sha256 else {
                throw .checksumMismatch(path: path, expected: sha256, found: found)
            }
        }
        guard let map = sheaf_map_open(descriptor, length) else {
            throw errno == ENODATA
                ? .changedInUse(path: path)
                : .fileSystem(operation: "mapping", path: path, code: errno)
        }
        self.path = path
        identity = Identity(information)
        self.map = map
        bytes = UnsafeRawBufferPointer(start: sheaf_map_start(map), count: length)
    }

    deinit { sheaf_map_close(map) }

    /// Whether all that was read so far were the bytes of the file as it was when it was opened.
    ///
    /// Asked after a reading and before what came of it is used: where the file was shortened
    /// meanwhile, or the disk failed, zeros were read. Costs one look into the file's last page.
    var isWhole: Bool { sheaf_map_is_whole(map) != 0 }

    /// Throws where the file is no longer whole.
    func check() throws(IndexError) {
        if !isWhole { throw .changedInUse(path: path) }
    }

    /// Gives back the memory of a part of the mapping, which stays readable.
    func release(_ part: UnsafeRawBufferPointer) {
        guard let start = part.baseAddress else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let address = UInt(bitPattern: start) / UInt(page) * UInt(page)
        let length = Int(UInt(bitPattern: start) - address) + part.count
        // Advice only: where it is refused, the memory stays.
        _ = madvise(UnsafeMutableRawPointer(bitPattern: address), length, Int32(MADV_DONTNEED))
    }

    /// SHA-256 over everything the descriptor gives, in pieces of 1 MiB.
    private static func digest(_ descriptor: Int32, path: String) throws(IndexError) -> String {
        var hash = SHA256()
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { piece.deallocate() }
        while true {
            let count = try Errno.check("reading", path) {
                read(descriptor, piece.baseAddress, piece.count)
            }
            if count == 0 { return Hexadecimal.text(hash.finalize()) }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: piece[..<count]))
        }
    }
}
