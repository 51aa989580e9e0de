import Foundation

/// Room on the disk that is kept while there is some, and given up when there is none.
///
/// Searching and dropping need no space, but the start of a coordinator does: an epoch, a token, an
/// announcement, SQLite's own files. On a full disk the reserve makes way for them, and is taken
/// again when there is space. What fills disks, segments and new collections, leaves as much free:
/// else it would take the room that was made for the next start.
struct SpaceReserve: Sendable {
    /// What a start and a drop need, several times over.
    private static let bytes: UInt64 = 1 << 20
    /// Where less than this is left the reserve would be in the way itself.
    private static let plenty: UInt64 = 8 << 20

    private let path: String
    private let folder: String

    init(_ data: DataFolder) {
        folder = data.path
        path = data.reserve
    }

    /// Bytes that this user may still write to the disk of `folder`; nil where nobody knows.
    static func available(in folder: String) -> UInt64? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// True where a disk has less left than a start needs.
    static func isMissing(in folder: String) -> Bool {
        available(in: folder).map { $0 < bytes } ?? false
    }

    /// Throws where `count` more bytes on the disk of `folder` would leave less than a start needs.
    static func expectRoom(for count: Int = 0, in folder: String) throws(ClusterError) {
        guard let left = available(in: folder), left < bytes + UInt64(count) else { return }
        throw .fullDisk(folder)
    }

    /// Takes the room where it is not taken and there is plenty.
    func keep() {
        guard !FileManager.default.fileExists(atPath: path),
            let left = SpaceReserve.available(in: folder), left >= SpaceReserve.plenty
        else { return }
        let descriptor = open(
            path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, PrivateFolder.fileMode)
        guard descriptor >= 0 else { return }
        fchmod(descriptor, PrivateFolder.fileMode)
        let failure = posix_fallocate(descriptor, 0, off_t(SpaceReserve.bytes))
        close(descriptor)
        if failure != 0 { unlink(path) }
    }

    /// Gives the room up where the disk is full; true where that made some.
    @discardableResult
    func makeRoom() -> Bool {
        SpaceReserve.isMissing(in: folder) && unlink(path) == 0
    }
}
