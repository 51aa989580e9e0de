import Foundation
import Testing

@testable import Sheaf

extension TrainingProgramTests {
    /// Rank processes over the real ring, against one process on the whole batch.
    struct TrainingRankTests {
        /// The summed gradient of a run's only step, tensor by tensor.
        ///
        /// AdamW's first moments after one step are a tenth of the gradient, if none is clipped.
        private func gradient(_ bench: TrainingBench, _ output: String) throws -> [String: [Float]]
        {
            let towers = try TrainableTowers.load(
                question: bench.model + "/question_encoder",
                context: bench.model + "/context_encoder")
            let folder = "\(bench.folder)/\(output)/checkpoints/step-000000001"
            var tensors: [String: [Float]] = [:]
            for (index, set) in towers.parameterSets.enumerated() {
                let bytes = try #require(
                    FileManager.default.contents(atPath: "\(folder)/moments-\(index)-first.f32"))
                let moments = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
                try #require(moments.count == set.count)
                for entry in set.entries {
                    tensors["\(index) \(entry.name)"] = Array(moments[entry.range])
                }
            }
            return tensors
        }

        /// The largest distance of a tensor relative to its norm.
        ///
        /// Key biases and the passages' last bias are zero in theory and hold noise: they are
        /// measured by the norm of their siblings.
        private func distance(
            _ tensors: [String: [Float]], _ expected: [String: [Float]]
        ) -> (tensor: String, distance: Double) {
            func norm(_ values: [Float]) -> Double {
                values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            }
            var worst = (tensor: "", distance: 0.0)
            for (name, values) in tensors {
                let sibling = name.replacing("key.bias", with: "query.bias")
                    .replacing("LayerNorm.bias", with: "LayerNorm.weight")
                let scale = norm(expected[sibling] ?? [])
                let own = norm(zip(values, expected[name] ?? []).map { $0 - $1 })
                // A tensor that no token of the batch meets has no gradient at all.
                let distance = scale > 0 ? own / scale : own
                if distance > worst.distance { worst = (name, distance) }
            }
            return worst
        }

        // 8 examples over 1, 2 and 4 ranks are even shares, over 3 uneven; 7 are uneven over all.
        @Test(arguments: [8, 7], [0, 1])
        func `the processes' summed gradient is that of one`(batch: Int, negatives: Int) throws {
            let bench = try TrainingBench()
            defer { bench.remove() }
            var expected: [String: [Float]] = [:]
            for workers in 1...4 {
                let output = "w\(workers)"
                // The run compares the ranks' parameters, bit for bit, at its end.
                let outcome = try bench.run(
                    bench.command(
                        output, workers: workers,
                        [
                            "--batchSize", "\(batch)", "--input.hardNegatives", "\(negatives)",
                            "--maximumSteps", "1", "--optimizer.clipNorm", "0", "--json",
                        ]))
                #expect(outcome.status == 0, "\(outcome.error)")
                #expect(outcome.output.contains("\"ranks\":\(workers)"), "\(outcome.output)")
                let found = try gradient(bench, output)
                #expect(found.values.contains { $0.contains { $0 != 0 } })
                if workers == 1 { expected = found }
                let (tensor, distance) = distance(found, expected)
                #expect(distance <= 1e-5, "\(workers) ranks: \(tensor)")
            }
        }

        @Test func `what ranks wait for each other is told step by step and as a whole`() throws {
            let bench = try TrainingBench()
            defer { bench.remove() }
            struct Line: Decodable {
                var waitedSeconds: Double?
                var waitedShare: Double?
            }
            for workers in [1, 2] {
                let output = "w\(workers)"
                let outcome = try bench.run(
                    bench.command(output, workers: workers, ["--epochs", "1", "--json"]))
                #expect(outcome.status == 0, "\(outcome.error)")
                let whole = try JSONDecoder().decode(Line.self, from: Data(outcome.output.utf8))
                #expect((whole.waitedSeconds ?? -1 > 0) == (workers > 1))
                let log = try String(
                    contentsOfFile: "\(bench.folder)/\(output)/train_log.jsonl", encoding: .utf8)
                let lines = try log.split(separator: "\n").map {
                    try JSONDecoder().decode(Line.self, from: Data($0.utf8))
                }
                #expect(lines.count == 7)
                for line in lines {
                    #expect((line.waitedSeconds != nil) == (workers > 1))
                    #expect((0...1).contains(line.waitedShare ?? 0), "\(line)")
                }
            }
        }
    }
}
