import Foundation
import Sheaf
import Testing

extension TrainingProgramTests {
    /// `sheaf train` as a user runs it: rank processes, faults, going on.
    struct TrainingCommandTests {
        @Test func `any number of ranks trains the same model`() throws {
            let bench = try TrainingBench()
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

        @Test func `an interrupted run goes on with the same bits`() throws {
            let bench = try TrainingBench()
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

        @Test func `what cannot have an effect is said once, in JSON too`() throws {
            let bench = try TrainingBench()
            defer { bench.remove() }
            let row = #"{"question": "q%", "positive_ctxs": [{"text": "the same for all"}]}"#
            let path = bench.folder + "/same.jsonl"
            try (0..<16).map { row.replacingOccurrences(of: "%", with: "\($0)") + "\n" }.joined()
                .write(toFile: path, atomically: true, encoding: .utf8)
            let outcome = try bench.run(
                bench.command(
                    "idle", workers: 1,
                    [
                        "--data.training", path, "--input.hardNegatives", "0", "--epochs", "1",
                        "--schedule.warmupSteps", "50", "--evaluation.patience", "2", "--json",
                    ]))
            #expect(outcome.status == 0, "\(outcome)")
            for part in [
                "The loss is 0 at step 1", "warm-up has 50 steps and the run 2", "patience",
            ] {
                #expect(
                    outcome.output.components(separatedBy: part).count == 2, "\(part): \(outcome)")
                #expect(
                    outcome.error.components(separatedBy: part).count == 2, "\(part): \(outcome)")
            }
        }

        @Test func `settings come from file and flags, and unknown ones are named`() throws {
            let bench = try TrainingBench()
            defer { bench.remove() }
            let file = bench.folder + "/train.yaml"
            try "epochs: 3\noptimizer:\n  learningRate: 2e-5\n".write(
                toFile: file, atomically: true, encoding: .utf8)
            let shown = try bench.run(
                bench.command("any", workers: 1, ["--config", file, "--print", "--epochs=4"]))
            #expect(shown.status == 0, "\(shown.error)")
            #expect(shown.output.contains("epochs: 4\n"))
            #expect(shown.output.contains("learningRate: 0.001"))
            let unknown = try bench.run(
                bench.command("any", workers: 1, ["--optimiser.rate", "1"]))
            #expect(unknown.status == 2)
            #expect(unknown.error.contains("optimiser"), "\(unknown.error)")
            let dangling = try bench.run(bench.command("any", workers: 1, ["--epochs"]))
            #expect(dangling.status == 2)
            #expect(dangling.error.contains("--epochs"), "\(dangling.error)")
        }

        @Test func `rows that cannot be trained on are counted`() throws {
            let bench = try TrainingBench()
            defer { bench.remove() }
            let path = bench.folder + "/some.jsonl"
            var text = "{\"question\": \"a\", \"positive_ctxs\": []}\n{\"question\": \"\"}\n"
            for row in 0..<30 {
                text +=
                    "{\"question\": \"q \(row)\", \"positive_ctxs\": [{\"text\": \"p \(row)\"}]}\n"
            }
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let outcome = try bench.run(
                bench.command("any", workers: 1, ["--data.training", path, "--epochs", "100"]))
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(
                outcome.error.contains(
                    "Left out of \(path): 1 row without a positive, 1 row without a question."),
                "\(outcome.error)")
        }

        @Test func `what a rank cannot read ends the run with its words`() throws {
            let bench = try TrainingBench()
            defer { bench.remove() }
            let outcome = try bench.run(
                bench.command(
                    "any", workers: 2, ["--data.training", bench.folder + "/missing.json"]))
            #expect(outcome.status == 2, "\(outcome.error)")
            #expect(outcome.error.contains("missing.json"), "\(outcome.error)")
            let model = try bench.run(
                bench.command("any", workers: 1, ["--model.folder", bench.folder + "/nothing"]))
            #expect(model.status == 2, "\(model.error)")
            #expect(model.error.contains("nothing"), "\(model.error)")
        }
    }
}
