import Foundation
import Testing

@testable import Sheaf

/// Suites that run `sheaf train` and what goes with it, one test after the other.
///
/// Each test blocks a thread of the few that tests share, and its processes compute.
@Suite(
    .serialized, .timeLimit(.minutes(10)),
    .enabled(if: Program.isBuilt, "the program is not built"))
struct TrainingProgramTests {}

/// A folder with a tiny model and data, and the command that trains on them.
struct TrainingBench {
    let folder: String
    let model: String

    init() throws {
        folder = NSTemporaryDirectory() + "sheaf-train-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        model = try Fixtures.tinyModel(in: folder)
        let words = ["river", "stone", "wing", "engine", "paper", "salt", "tower", "letter"]
        let rows = (0..<50).map { row -> String in
            let text = (0..<9).map { words[(row * 5 + $0 * $0 + row / 8) % words.count] }
                .joined(separator: " ")
            return """
                {"question": "what is \(words[row % 8]) \(row)", "answers": ["\(row)"], \
                "positive_ctxs": [{"title": "t \(row)", "text": "\(text) number \(row)"}], \
                "negative_ctxs": [], "hard_negative_ctxs": \
                [{"title": "n \(row)", "text": "\(text) other \(row + 1)"}]}
                """
        }
        try "[\(rows.joined(separator: ",\n"))]".write(
            toFile: folder + "/train.json", atomically: true, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// The command; `output` names the run.
    func command(_ output: String, workers: Int, _ more: [String] = []) -> [String] {
        [
            "train", "--workers", "\(workers)", "--output", "\(folder)/\(output)",
            "--data.training", folder + "/train.json", "--model.folder", model,
            "--batchSize", "8", "--schedule.warmupSteps", "0",
            "--optimizer.learningRate", "1e-3", "--checkpoints.everySteps", "7",
            "--dropout.hidden", "0", "--dropout.attention", "0",
        ] + more
    }

    func start(_ arguments: [String]) throws -> Program.Running {
        try Program.start(arguments, data: folder + "/data")
    }

    func run(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run(arguments, data: folder + "/data")
    }

    /// The files of a trained model, by name.
    func trained(_ output: String) throws -> [String: Data] {
        let root = "\(folder)/\(output)/model"
        let names = try #require(FileManager.default.subpaths(atPath: root))
        return names.filter { $0.hasSuffix(".safetensors") }.reduce(into: [:]) {
            $0[$1] = FileManager.default.contents(atPath: "\(root)/\($1)")
        }
    }

    /// Lines of the log: one a step.
    func steps(_ output: String) -> Int {
        let path = "\(folder)/\(output)/train_log.jsonl"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").count { $0.contains("\"loss\"") }
    }

    /// Waits until a run has done some steps.
    func wait(for steps: Int, of output: String, _ running: Program.Running) {
        while self.steps(output) < steps, running.process.isRunning { usleep(5_000) }
    }

    /// The process of a rank of a run.
    static func processID(of name: String, under parent: Int32) -> Int32? {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { Int32($0) }.first { id in
            let command = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
            let words = command.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return words.contains(name) && words.last == "\(parent)"
        }
    }
}

extension TrainingBench {
    /// Bytes of the newest checkpoint of a run.
    func checkpointBytes(_ output: String) throws -> Int {
        let root = "\(folder)/\(output)/checkpoints"
        let newest = try FileManager.default.contentsOfDirectory(atPath: root).max() ?? ""
        return try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(newest)")
            .reduce(0) { sum, name in
                let path = "\(root)/\(newest)/\(name)"
                let facts = try FileManager.default.attributesOfItem(atPath: path)
                return sum + ((facts[.size] as? NSNumber)?.intValue ?? 0)
            }
    }
}
