import Foundation

/// A reader of files that strangers bring, and what its inputs are made from.
struct FuzzedReader: Sendable {
    var name: String
    /// What the input's file is called.
    var file: String
    var words: [[UInt8]]
    /// Puts what the file is read together with into the folder; given the fixtures and the folder.
    var prepare: @Sendable (String, String) throws -> Void = { _, _ in }
    /// What inputs start from; given the fixtures.
    var seeds: @Sendable (String) throws -> [[UInt8]]
    /// Reads the file in a folder and tells whether it was accepted.
    ///
    /// What it throws besides its own errors ends the run, as a crash does.
    var read: @Sendable (String) throws -> Bool

    static let all = formats + checkpoints + tokenizers + corpora + generation + indexes

    /// The files of a folder that end in one of `suffixes` and are no longer than `limit`.
    static func files(_ folder: String, _ suffixes: [String], limit: Int) -> [[UInt8]] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().filter { name in suffixes.contains { name.hasSuffix($0) } }
            .compactMap { FileManager.default.contents(atPath: folder + "/" + $0) }
            .filter { $0.count <= limit }.map { Array($0) }
    }

    static func words(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }

    static func texts(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }

    /// What JSON is made of, and what its readers trip over.
    static let jsonWords = words(
        "{", "}", "[", "]", ":", ",", "\"", "null", "true", "false", "-1", "0", "-0", "01", "+1",
        "1e400", "1E-9", "0.5", "99999999999999999999", "18446744073709551615",
        "9223372036854775807", "\\ud800", "\\udc00", "\\u0000", "\\u00e9", "\\n", "\\/", "\\q",
        "\u{301}", " ", "\n", "[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":")

    /// The bytes of an input.
    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
