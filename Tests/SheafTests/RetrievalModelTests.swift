import Foundation
import Testing

@testable import Sheaf

extension TrainingProgramTests {
    /// What the calls of the library's retriever give.
    struct RetrievalModelTests {
        private static func corpus(_ bench: TrainingBench) throws -> String {
            let path = bench.folder + "/corpus.tsv"
            var text = "id\ttext\ttitle\n"
            for row in 0..<40 { text += "p\(row)\triver of stone \(row)\tt \(row)\n" }
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }

        @Test func `predictions come with the vectors that they were found by`() async throws {
            let bench = try TrainingBench()
            defer { bench.remove() }
            let model = try RetrievalModel(bench.model)
            let corpus = try Self.corpus(bench)
            let questions = ["what is salt", "what is a tower"]
            let found = try await model.predict(questions, in: corpus, count: 3)
            let answers = try await model.answers(to: questions, in: corpus, count: 3)
            #expect(answers.map(\.passages) == found && answers.map(\.question) == questions)
            for answer in answers {
                for (passage, vector) in zip(answer.passages, answer.vectors) {
                    let score = zip(answer.vector, vector).reduce(0) { $0 + Double($1.0 * $1.1) }
                    #expect(abs(score - (passage.score ?? 0)) < 1e-3)
                }
            }
        }

        @Test func `an evaluation says how each question fared, among more passages too`()
            async throws
        {
            let bench = try TrainingBench()
            defer { bench.remove() }
            let model = try RetrievalModel(bench.model)
            let data = bench.folder + "/train.json"
            let all = try await model.evaluate(on: data)
            let each = try await model.evaluateEach(on: data)
            #expect(each.all == all && each.questions.count == 50)
            #expect(each.questions.allSatisfy { $0.rank >= 1 && $0.likelihood > 0 })
            let more = try await model.evaluateEach(on: data, with: Self.corpus(bench))
            let pairs = zip(more.questions, each.questions)
            #expect(pairs.allSatisfy { $0.rank >= $1.rank && $0.id == $1.id })
            let option = try bench.run([
                "evaluate-model", "--model", bench.model, "--on", data,
                "--additional-passages", bench.folder + "/corpus.tsv", "--json",
            ])
            #expect(option.status == 0, "\(option.error)")
            let rank = try #require(more.all.values["average_rank"])
            #expect(option.output.contains(String(format: "%.3f", rank).prefix(5)))
        }

        @Test func `hard negatives are given with their passages`() async throws {
            let bench = try TrainingBench()
            defer { bench.remove() }
            let model = try RetrievalModel(bench.model)
            let corpus = try Self.corpus(bench)
            var settings = MiningSettings()
            settings.perQuestion = 2
            let (examples, report) = try await model.hardNegatives(
                for: bench.folder + "/train.json", in: corpus, settings)
            #expect(report.examples == 50 && examples.count == 50)
            let found = try await model.predict(
                examples.map(\.question), in: corpus, count: settings.lastRank)
            for (example, list) in zip(examples, found) {
                let wanted = list.filter { passage in
                    !example.answers.contains {
                        passage.text.split(separator: " ").contains($0[...])
                    }
                }
                #expect(example.hardNegatives.map(\.text) == wanted.prefix(2).map(\.text))
            }
        }
    }
}
