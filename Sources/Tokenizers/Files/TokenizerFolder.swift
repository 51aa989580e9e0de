import Foundation

/// The files of a model's folder that concern its tokenizer.
struct TokenizerFolder {
    /// Far above the largest vocabulary in use.
    static let sizeLimit = 256 << 20

    let folder: String
    /// Its tokenizer.json, where there is one: it counts before all others.
    let document: JSONNode?

    /// Looks into a folder.
    init(_ folder: String) throws(TokenizerError) {
        self.folder = folder
        guard let bytes = try Self.bytes("tokenizer.json", in: folder) else {
            document = nil
            return
        }
        document = try JSONNode.read(bytes, path: Self.path("tokenizer.json", in: folder))
    }

    func path(_ name: String) -> String { Self.path(name, in: folder) }

    private static func path(_ name: String, in folder: String) -> String {
        folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    /// Whether the folder has a file.
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// The bytes of a file of any form; nil where there is none.
    func raw(_ name: String) throws(TokenizerError) -> [UInt8]? {
        try Self.raw(name, in: folder)
    }

    /// The bytes of a file, checked to be UTF-8; nil where there is none.
    private static func bytes(
        _ name: String, in folder: String
    ) throws(TokenizerError) -> [UInt8]? {
        guard let bytes = try raw(name, in: folder) else { return nil }
        if let offset = invalidUTF8(in: bytes) {
            let line = 1 + bytes[..<offset].count { $0 == 0x0A }
            throw .invalidUTF8(path: path(name, in: folder), line: line, offset: offset)
        }
        return bytes
    }

    private static func raw(
        _ name: String, in folder: String
    ) throws(TokenizerError) -> [UInt8]? {
        let path = path(name, in: folder)
        if !FileManager.default.fileExists(atPath: path) { return nil }
        let bytes: [UInt8]
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            let data = try handle.read(upToCount: sizeLimit + 1) ?? Data()
            bytes = Array(data)
        } catch {
            throw .unreadableFile(path: path, reason: error.localizedDescription)
        }
        if bytes.count > sizeLimit {
            throw .fileTooLarge(path: path, bytes: bytes.count, limit: sizeLimit)
        }
        return bytes
    }

    /// A JSON file; nil where there is none.
    func json(_ name: String) throws(TokenizerError) -> JSONNode? {
        guard let bytes = try Self.bytes(name, in: folder) else { return nil }
        return try JSONNode.read(bytes, path: path(name))
    }

    /// The lines of a text file, without line ends (LF or CR LF); nil where there is none.
    func lines(_ name: String) throws(TokenizerError) -> [String]? {
        guard let bytes = try Self.bytes(name, in: folder) else { return nil }
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
        }
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    /// Where the first byte stands that no UTF-8 sequence explains.
    static func invalidUTF8(in bytes: [UInt8]) -> Int? {
        do {
            _ = try UTF8Span(validating: bytes.span)
            return nil
        } catch {
            return error.byteOffsets.lowerBound
        }
    }
}
