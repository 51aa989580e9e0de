import Base
import Foundation
import Sheaf
import TestSupport
import Testing

/// A reader distilled into a retriever, by the program and by the library.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: Program.isBuilt))
struct DistillTests {
    /// A folder with a reader, a retriever, and examples with three candidates each.
    private struct Bench {
        let folder: TemporaryFolder
        let examples: String
        let reader: String
        let configuration: String

        /// - Parameter tail: What the positive passage of each question ends with.
        init(examples count: Int, tail: String = "") throws {
            folder = try TemporaryFolder()
            let model = try Fixtures.tinyModel(in: folder.path)
            reader = folder.path + "/reader"
            for (source, names) in [
                ("dpr_reader", ["config.json", "model.safetensors"]),
                ("wordpiece", ["tokenizer.json", "tokenizer_config.json", "vocab.txt"]),
            ] {
                for name in names {
                    try folder.copy(Goldens.path("models/\(source)/\(name)"), "reader/\(name)")
                }
            }
            let rows = (0..<count).map { row in
                """
                {"question": "what is number \(row)", "answers": ["\(row)"], "positive_ctxs": \
                [{"title": "t", "text": "this is number \(row)\(tail)"}], "negative_ctxs": [], \
                "hard_negative_ctxs": [{"title": "t", "text": "that was number \(row + 1)"}, \
                {"title": "t", "text": "nothing"}, {"title": "t", "text": "a letter \(row)"}]}
                """
            }
            examples = try folder.write("train.json", "[\(rows.joined(separator: ",\n"))]")
            configuration = try folder.write(
                "train.yaml",
                """
                model: {folder: "\(model)"}
                batchSize: 8
                epochs: 2
                schedule: {warmupSteps: 0}
                """)
        }

        /// The training under `output`.
        func training(_ output: String) throws -> TrainingOrder {
            TrainingOrder(
                try .read(
                    file: configuration, overrides: [("output", "\(folder.path)/\(output)")]))
        }

        func run(_ more: [String]) throws -> Program.Outcome {
            try Program.run(
                [
                    "distill", "--reader", reader, "--input", examples, "--config", configuration,
                    "--output", folder.path + "/run", "--candidates", "3", "--workers", "2",
                ] + more, data: folder.path + "/data")
        }
    }

    @Test func `a retriever learns what a reader thinks, which is asked once`() throws {
        let bench = try Bench(examples: 20)
        let first = try bench.run(["--json"])
        #expect(first.status == 0, "\(first.error)")
        #expect(first.output.contains("\"steps\":6"), "\(first.output)")
        let scored = try bench.folder.read("run/distillation.json")
        #expect(scored.components(separatedBy: "\"score\"").count - 1 == 20 * 4)
        // The same command finds scores and model there.
        let time = try modified("run/distillation.json", bench)
        let again = try bench.run(["--json"])
        #expect(again.status == 0, "\(again.error)")
        #expect(try modified("run/distillation.json", bench) == time)
        // Weights that were written in their place, as many bytes as before.
        let weights = bench.reader + "/model.safetensors"
        let file = try #require(FileHandle(forUpdatingAtPath: weights))
        try file.seek(toOffset: try file.seekToEnd() - 4)
        try file.write(contentsOf: [0, 0, 0, 0])
        try file.close()
        let other = try bench.run(["--json"])
        #expect(other.status == 0, "\(other.error)")
        #expect(try modified("run/distillation.json", bench) != time)
    }

    private struct Summary: Decodable { var notes: [String] }

    @Test func `what was cut off what the reader saw is told, also when its scores are kept`()
        throws
    {
        let bench = try Bench(examples: 12, tail: String(repeating: " stone", count: 300))
        for _ in 0..<2 {
            let run = try bench.run(["--json"])
            #expect(run.status == 0, "\(run.error)")
            // Of the four passages of each question the first is too long.
            let sentence = "the reader: 12 of 48 texts were cut to the model's length: "
            let notes = try Program.decode(Summary.self, from: run.output).notes
            #expect(notes.count { $0.hasPrefix(sentence) } == 1, "\(notes)")
            #expect(run.error.components(separatedBy: sentence).count == 2, "\(run.error)")
        }
    }

    @Test func `a cancelled task ends the scoring without leaving half of it`() async throws {
        let bench = try Bench(examples: 40)
        let read = Locked(0)
        let isCancelled = Locked(false)
        let order = DistillOrder(
            reader: bench.reader, training: try bench.training("cancelled"),
            data: ConvertOrder(input: bench.examples, output: "", form: .dpr))
        let task = Task {
            try await order.run(scoring: { done in
                read.withLock { $0 = done }
                while !isCancelled.withLock({ $0 }) { usleep(1_000) }
            })
        }
        while read.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        isCancelled.withLock { $0 = true }
        await #expect(throws: SheafError.self) { try await task.value }
        #expect(read.withLock { $0 } == 1)
        #expect(!FileManager.default.fileExists(atPath: order.scored))
    }

    @Test func `a cancelled task ends a measurement and a search for negatives`() async throws {
        let bench = try Bench(examples: 40)
        var measured: TrainingConfiguration = .reader
        measured.model.folder = bench.reader
        measured.data.validation = bench.examples
        let corpus = try bench.folder.write("corpus.tsv", "id\ttext\ttitle\n1\tone\ta\n")
        let mining = MineOrder(
            data: ConvertOrder(
                input: bench.examples, output: bench.folder.path + "/mined.json", form: .dpr),
            place: .corpus(corpus))
        await expectInterrupted { [measured] in _ = try await MeasureOrder(measured).run() }
        await expectInterrupted { _ = try await mining.run() }
        #expect(!FileManager.default.fileExists(atPath: bench.folder.path + "/mined.json"))
    }

    /// Begins some work in a task that is cancelled already.
    private func expectInterrupted(_ work: @escaping @Sendable () async throws -> Void) async {
        let (starts, start) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            for await _ in starts { break }
            try await work()
        }
        task.cancel()
        start.finish()
        await #expect {
            try await task.value
        } throws: { error in
            guard case .interrupted = error as? SheafError else { return false }
            return true
        }
    }

    private func modified(_ name: String, _ bench: Bench) throws -> Date? {
        try FileManager.default.attributesOfItem(atPath: bench.folder.path + "/" + name)[
            .modificationDate] as? Date
    }
}
