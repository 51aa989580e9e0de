import Base
import Foundation

/// A folder for the sockets of one run, with a path short enough for a socket's address.
struct SocketFolder {
    let path: String

    /// Makes the folder, and the one for logs where it is missing.
    init(logs: String) throws(ClusterError) {
        do {
            // Below the run's output, which is the user's own.
            try FileManager.default.createDirectory(
                atPath: logs, withIntermediateDirectories: true)
        } catch {
            throw .input(
                "\(logs) cannot be made. Name a folder that you may write to with --output.")
        }
        let temporary = NSTemporaryDirectory()
        let unknown = String(repeating: "X", count: 6)
        var name = Array("\(temporary)/sheaf-\(unknown)".utf8CString)
        guard mkdtemp(&name) != nil else {
            throw .storage(
                path: temporary, reason: FileError.words(),
                remedy: "Make room for sockets there.")
        }
        path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Removes it with what is in it.
    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
