internal import Glibc

/// An exclusive lock on a file, held by one process until it ends, however it ends.
package final class FileLock: Sendable {
    private let file: OpenFile

    /// What came of trying to take a lock.
    package enum Outcome {
        /// This process has it.
        case taken(FileLock)
        /// Another one has, which wrote this text: its process id.
        case held(by: String)
    }

    private init(_ file: OpenFile) { self.file = file }

    /// Takes the lock on `path`, a file that its owner alone can read and that is made where it is
    /// missing; writes this process's id to it.
    package static func take(_ path: String) throws(FileError) -> Outcome {
        let file = try OpenFile(path, O_RDWR | O_CREAT, mode: 0o600)
        // Where it belongs to somebody else, its mode is theirs too.
        try? file.setMode(0o600)
        guard isTaken(file) else { return .held(by: content(file)) }
        // The lock says that it is held; the text is for people.
        try? file.truncate(to: 0)
        try? file.write(Array("\(getpid())".utf8), at: 0)
        return .taken(FileLock(file))
    }

    /// Takes the lock; waits a moment for those who only look, see ``holder(of:)``.
    private static func isTaken(_ file: OpenFile) -> Bool {
        for _ in 0..<20 {
            if flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(5_000)
        }
        return false
    }

    /// Gives the lock back.
    package func release() { flock(file.descriptor, LOCK_UN) }

    /// True while the path names the very file that is locked: it was not removed or replaced.
    package var isInPlace: Bool {
        var there = stat()
        guard let ours = try? file.information(), stat(file.path, &there) == 0 else { return false }
        return ours.st_ino == there.st_ino && ours.st_dev == there.st_dev
    }

    /// The id of the process that holds the lock on `path`, as it wrote it; nil when none does.
    ///
    /// Throws where the file is there and this process may not look at it.
    package static func holder(of path: String) throws(FileError) -> String? {
        let file: OpenFile
        do throws(FileError) {
            file = try OpenFile(path, O_RDONLY)
        } catch {
            if [ENOENT, ENOTDIR].contains(error.code) { return nil }
            throw error
        }
        // A shared lock asks without disturbing others who ask; who takes the lock waits for it.
        guard flock(file.descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return content(file)
    }

    private static func content(_ file: OpenFile) -> String {
        var text = [UInt8](repeating: 0, count: 32)
        let count = text.withUnsafeMutableBytes { (try? file.read(into: $0, at: 0)) ?? 0 }
        return String(decoding: text.prefix(count), as: UTF8.self)
    }
}
