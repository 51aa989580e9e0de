import Base
import Corpus
import Formats
import Foundation

/// A wheel of Python's package registry: a zip archive.
struct Wheel {
    private let archive: ZipArchive
    private let path: String

    init(_ path: String) throws(SheafError) {
        self.path = path
        let file = try giving({ SheafError.corpus(.cannotOpen(path: path, reason: $0.reason)) }) {
            () throws(FileError) in try MappedFile(path)
        }
        archive = try giving({ Self.damaged(path, $0) }) { () throws(FormatError) in
            try ZipArchive(file)
        }
    }

    /// Writes the files below `folder` of the wheel to `target`, which is made.
    ///
    /// Each one is compared with its checksum.
    func extract(_ folder: String, to target: String) throws(SheafError) {
        let wanted = archive.members.filter {
            $0.name.hasPrefix(folder + "/") && !$0.name.hasSuffix("/")
        }
        guard !wanted.isEmpty else {
            throw Self.damaged(path, FormatError(0, "it holds no \(folder)"))
        }
        for member in wanted {
            let content = try giving({ Self.damaged(path, $0) }) { () throws(FormatError) in
                try archive.content(of: member)
            }
            let file = target + "/" + member.name.dropFirst(folder.count + 1)
            do {
                try FileManager.default.createDirectory(
                    atPath: FileNames.folder(of: file), withIntermediateDirectories: true)
            } catch {
                throw .cannotWrite(path: file, reason: error.localizedDescription)
            }
            try giving(SheafError.init(writing:)) { () throws(FileError) in
                try WholeFile.write(content, to: file)
            }
        }
    }

    private static func damaged(_ path: String, _ error: FormatError) -> SheafError {
        .corpus(
            .corruptGzip(
                path: path, byteOffset: UInt64(max(0, error.offset)), reason: error.reason))
    }
}
