import Foundation

/// A folder of a test's own, which goes when its owner does.
///
/// Its path is short enough for sockets.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        path =
            NSTemporaryDirectory() + "sheaf-" + String(UInt64.random(in: 0 ... .max), radix: 16)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
    }

    deinit { remove() }

    /// Removes the folder: where it must outlast the last use of its owner, by `defer`.
    package func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// The names of what is in it, in order.
    package var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    /// Writes a file and gives its path; the folders on the way are made.
    @discardableResult
    package func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let file = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        return path + "/" + name
    }

    /// Writes a file of text and gives its path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        try write(name, text.utf8)
    }

    package func read(_ name: String) throws -> String {
        try String(contentsOfFile: path + "/" + name, encoding: .utf8)
    }

    /// Writes what the file `source` holds.
    package func copy(_ source: String, _ name: String) throws {
        try write(name, try Data(contentsOf: URL(fileURLWithPath: source)))
    }

    /// Writes the text of a file after `edit`.
    package func edit(_ name: String, _ edit: (String) -> String) throws {
        try write(name, edit(try read(name)))
    }

    package func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path + "/" + name)
    }
}
