import Base
import Foundation

/// What tells a file from another one, or from an earlier one of its name, without reading it: its
/// path, its size and when it was written.
public struct FileStamp: Equatable, Sendable {
    /// All of it in one text.
    public let text: String

    /// Looks at a file.
    public init(_ path: String) {
        text = Self.text(path)
    }

    private static func text(_ path: String) -> String {
        let facts = (try? FileManager.default.attributesOfItem(atPath: path)) ?? [:]
        let bytes = (facts[.size] as? NSNumber)?.uint64Value ?? 0
        let time = (facts[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        return "\(absolutePath(path)), \(bytes) bytes of \(Int(time))"
    }

    /// Looks at a file, or at all files that lie in a folder.
    init(ofAll path: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        guard !names.isEmpty else {
            text = Self.text(path)
            return
        }
        var hash = FNV()
        for name in names.sorted() { hash.add(Self.text(path + "/" + name).utf8) }
        text = "\(absolutePath(path)), \(names.count) files, \(hash.value)"
    }
}

extension TextGenerator {
    /// What tells the model from another one.
    public var stamp: String {
        (generator.weightFiles.prefix(1).map { FileStamp($0).text } + [absolutePath(folder)])[0]
    }
}
