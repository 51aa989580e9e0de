/// The files of one corpus in their order, with the format they share.
public struct CorpusSource: Hashable, Sendable {
    /// The files that are read; a BEIR folder is replaced by the file inside.
    public let paths: [String]
    /// The format of all files.
    public let format: CorpusFormat

    /// Names the files of a corpus and looks at each.
    ///
    /// Without a format, the first record of each file tells it, and all must agree. Compression
    /// is told by the first bytes of each file and is no part of the format.
    ///
    /// - Throws: a `CorpusError` where a file cannot be read or the format cannot be told.
    public init(paths: [String], format: CorpusFormat? = nil) throws(CorpusError) {
        guard !paths.isEmpty else { throw .noPaths }
        var files: [String] = []
        var common = format
        var first: String?
        for path in paths {
            let file = try Self.file(of: path, inside: ["corpus.jsonl", "corpus.jsonl.gz"])
            files.append(file)
            if format != nil { continue }
            guard let detected = try Self.detectFormat(file) else { continue }
            if let common, common != detected {
                throw .mixedFormats(
                    first: first ?? "", format: common, second: file, otherFormat: detected)
            }
            common = detected
            first = first ?? file
        }
        self.paths = files
        guard let common else { throw .emptyCorpus(paths: files, skippedLines: 0) }
        self.format = common
    }

    /// The file to read for a path: the path itself, or the first of some names inside a folder.
    static func file(of path: String, inside names: [String]) throws(CorpusError) -> String {
        do {
            _ = try FileBytes(path: path)
            return path
        } catch .isFolder {
            let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
            for name in names {
                let file = folder + "/" + name
                if (try? FileBytes(path: file)) != nil { return file }
            }
            throw .isFolder(path: path)
        }
    }
}
