import Base
import Crypto
import Foundation

/// The beginning of a log: how long it is, and its SHA-256.
///
/// A checkpoint names the log as it was.
struct LogMark: Equatable, Codable {
    var bytes: Int
    var sha256: String

    /// Whether the file at `path` begins so.
    func fits(_ path: String) -> Bool { beginning(of: path) != nil }

    /// The beginning of the file, nil where it is another.
    func beginning(of path: String) -> Data? {
        guard let file = FileHandle(forReadingAtPath: path), bytes >= 0 else { return nil }
        defer { try? file.close() }
        let data = bytes == 0 ? Data() : (try? file.read(upToCount: bytes)) ?? Data()
        guard data.count == bytes, Hexadecimal.sha256(data) == sha256 else {
            return nil
        }
        return data
    }
}

/// `train_log.jsonl`: one line a step, or one for some of them, and one a measurement.
final class TrainingLog {
    /// One line.
    struct Line: Codable, Equatable {
        var step: Int
        var epoch: Int
        var loss: Double?
        var accuracy: Double?
        var averageRank: Double?
        var learningRate: Double?
        var gradientNorm: Double?
        var questions: Int?
        /// Updates with the same batches beside those of the steps.
        var repeats: Int?
        var seconds: Double?
        /// Of this step, how long this rank waited for others and for the wire.
        var waitedSeconds: Double?
        /// The same as a share of the step.
        var waitedShare: Double?
        var evaluation: TrainingEvaluation?
    }

    let path: String
    /// Every line, for the curves.
    private(set) var lines: [Line] = []
    private var hash = SHA256()
    private var bytes = 0

    /// What is in the log now.
    var mark: LogMark { LogMark(bytes: bytes, sha256: Hexadecimal.text(hash.finalize())) }

    /// Opens the log of a run; lines after `step` belong to steps that are done again.
    ///
    /// - Parameter mark: The log as the checkpoint of `step` knows it; where it still begins so, no
    ///   byte of that is written anew.
    init(_ path: String, keepingUpTo step: Int, mark: LogMark? = nil) throws(TrainingError) {
        self.path = path
        try DurableFolder.make(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        let text = try kept(upTo: step, mark)
        count(text)
        try giving(TrainingError.init(writing:)) { () throws(FileError) in
            try WholeFile.write(Array(text), to: path)
        }
    }

    private func count(_ data: Data) {
        hash.update(data: data)
        bytes += data.count
    }

    /// What of an earlier process' log belongs to steps that are not done again.
    private func kept(upTo step: Int, _ mark: LogMark?) throws(TrainingError) -> Data {
        let decoder = JSONDecoder()
        func lines(_ data: Data) -> [Line] {
            data.split(separator: UInt8(ascii: "\n")).compactMap {
                try? decoder.decode(Line.self, from: $0)
            }
        }
        guard step > 0, FileManager.default.fileExists(atPath: path) else { return Data() }
        if let beginning = mark?.beginning(of: path) {
            self.lines = lines(beginning)
            return beginning
        }
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
            throw .cannotRead(path: path, reason: "this process may not read it")
        }
        self.lines = lines(data).filter { $0.step <= step }
        var text = ""
        for line in self.lines { text += try Self.text(line) }
        return Data(text.utf8)
    }

    /// Brings the log to the disk.
    func sync() throws(TrainingError) {
        try giving(TrainingError.init(writing:)) { () throws(FileError) in
            try FileNames.sync(file: path)
        }
    }

    /// Adds a line.
    func append(_ line: Line) throws(TrainingError) {
        lines.append(line)
        let bytes = Array(try Self.text(line).utf8)
        try giving(TrainingError.init(writing:)) { () throws(FileError) in
            try OpenFile(path, O_WRONLY | O_APPEND | O_CREAT).write(bytes)
        }
        self.count(Data(bytes))
    }

    private static func text(_ line: Line) throws(TrainingError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(line) else {
            throw .notFinite(
                what: "A measured value", step: line.step - 1, rank: 0, examples: [],
                checkpoint: nil)
        }
        return String(decoding: json, as: UTF8.self) + "\n"
    }
}
