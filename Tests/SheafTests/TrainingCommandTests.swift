import Foundation
import Sheaf
import Testing

/// `sheaf train` as a user runs it: rank processes, faults, going on.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: Program.isBuilt))
struct TrainingCommandTests {
    /// A folder with a tiny model and data, and the command that trains on them.
    private struct Bench {
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
    }

    /// The process of a rank of a run.
    private func processID(of name: String, under parent: Int32) -> Int32? {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { Int32($0) }.first { id in
            let command = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
            let words = command.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return words.contains(name) && words.last == "\(parent)"
        }
    }

    @Test func `any number of ranks trains the same model`() throws {
        let bench = try Bench()
        defer { bench.remove() }
        var vectors: [[Float]] = []
        for workers in 1...4 {
            // Batches of 8 over 3 ranks are uneven, and so is the last one of 50 examples.
            let output = "w\(workers)"
            let outcome = try bench.run(
                bench.command(output, workers: workers, ["--epochs", "2", "--json"]))
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.output.contains("\"ranks\":\(workers)"), "\(outcome.output)")
            let encoded = try bench.run([
                "encode", "--model", "\(bench.folder)/\(output)/model", "--tower", "context",
                "--input", try Fixtures.corpus(in: bench.folder, count: 20), "--output",
                "\(bench.folder)/\(output).npy",
            ])
            #expect(encoded.status == 0, "\(encoded.error)")
            let bytes = try #require(
                FileManager.default.contents(atPath: "\(bench.folder)/\(output).npy"))
            vectors.append(
                bytes.dropFirst(128).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) })
        }
        for other in vectors.dropFirst() {
            let largest = zip(vectors[0], other).map { abs($0 - $1) }.max() ?? 1
            #expect(other.count == vectors[0].count && largest < 1e-3, "\(largest)")
        }
    }

    @Test(arguments: [SIGKILL, SIGSTOP])
    func `a rank that dies or stands still changes nothing of the result`(signal: Int32) throws {
        let bench = try Bench()
        defer { bench.remove() }
        let peace = try bench.run(bench.command("peace", workers: 2, ["--epochs", "20"]))
        #expect(peace.status == 0, "\(peace.error)")
        let running = try bench.start(bench.command("fault", workers: 2, ["--epochs", "20"]))
        bench.wait(for: 40, of: "fault", running)
        let rank = processID(of: "trainer-2", under: running.process.processIdentifier)
        kill(try #require(rank), signal)
        let outcome = try running.wait()
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.error.contains("trainer-2"), "\(outcome.error)")
        #expect(outcome.error.contains("2 ranks go on"), "\(outcome.error)")
        #expect(try bench.trained("fault") == bench.trained("peace"))
        #expect(bench.steps("fault") == bench.steps("peace"))
    }

    @Test func `an interrupted run goes on with the same bits`() throws {
        let bench = try Bench()
        defer { bench.remove() }
        let more = ["--epochs", "12", "--dropout.hidden", "0.1"]
        let peace = try bench.run(bench.command("peace", workers: 2, more))
        #expect(peace.status == 0, "\(peace.error)")
        let command = bench.command("stopped", workers: 2, more)
        let running = try bench.start(command)
        bench.wait(for: 25, of: "stopped", running)
        running.process.interrupt()
        let stopped = try running.wait()
        #expect(stopped.status == 130, "\(stopped.error)")
        #expect(stopped.error.contains("same command"), "\(stopped.error)")
        let outcome = try bench.run(command)
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(try bench.trained("stopped") == bench.trained("peace"))
    }

    @Test func `settings come from file and flags, and unknown ones are named`() throws {
        let bench = try Bench()
        defer { bench.remove() }
        let file = bench.folder + "/train.yaml"
        try "epochs: 3\noptimizer:\n  learningRate: 2e-5\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        let shown = try bench.run(
            bench.command("any", workers: 1, ["--config", file, "--print", "--epochs=4"]))
        #expect(shown.status == 0, "\(shown.error)")
        #expect(shown.output.contains("epochs: 4\n"))
        #expect(shown.output.contains("learningRate: 0.001"))
        let unknown = try bench.run(bench.command("any", workers: 1, ["--optimiser.rate", "1"]))
        #expect(unknown.status == 2)
        #expect(unknown.error.contains("optimiser"), "\(unknown.error)")
        let dangling = try bench.run(bench.command("any", workers: 1, ["--epochs"]))
        #expect(dangling.status == 2)
        #expect(dangling.error.contains("--epochs"), "\(dangling.error)")
    }

    @Test func `what a rank cannot read ends the run with its words`() throws {
        let bench = try Bench()
        defer { bench.remove() }
        let outcome = try bench.run(
            bench.command("any", workers: 2, ["--data.training", bench.folder + "/missing.json"]))
        #expect(outcome.status == 2, "\(outcome.error)")
        #expect(outcome.error.contains("missing.json"), "\(outcome.error)")
        let model = try bench.run(
            bench.command("any", workers: 1, ["--model.folder", bench.folder + "/nothing"]))
        #expect(model.status == 2, "\(model.error)")
        #expect(model.error.contains("nothing"), "\(model.error)")
    }
}
