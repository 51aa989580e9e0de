import Foundation

/// `train_log.jsonl`: one line a step, and one a measurement.
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

    /// Opens the log of a run; lines after `step` belong to steps that are done again.
    init(_ path: String, keepingUpTo step: Int) throws(TrainingError) {
        self.path = path
        try DurableFolder.make(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        if step > 0, FileManager.default.fileExists(atPath: path) {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw .cannotRead(path: path, reason: "it is no text that this process may read")
            }
            let decoder = JSONDecoder()
            lines = text.split(separator: "\n").compactMap {
                try? decoder.decode(Line.self, from: Data($0.utf8))
            }.filter { $0.step <= step }
        }
        var text = ""
        for line in lines { text += try Self.text(line) }
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .cannotWrite(path: path, reason: error.localizedDescription)
        }
    }

    /// Adds a line.
    func append(_ line: Line) throws(TrainingError) {
        lines.append(line)
        let bytes = Array(try Self.text(line).utf8)
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        let count =
            descriptor < 0
            ? -1 : bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        let reason = String(cString: strerror(errno))
        if descriptor >= 0 { close(descriptor) }
        guard count == bytes.count else { throw .cannotWrite(path: path, reason: reason) }
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
