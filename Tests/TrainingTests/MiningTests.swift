import Corpus
import Foundation
import TestSupport
import Testing

@testable import Training

/// Choosing hard negatives.
struct MiningTests {
    private static func found(_ count: Int) -> [TrainingPassage] {
        (1...count).map {
            TrainingPassage(
                id: "\($0)", title: "", text: "passage \($0)", score: Double(100 - $0),
                corpus: "corpus.tsv")
        }
    }

    private static let example = TrainingExample(
        id: "q", question: "?", answers: ["passage 4"],
        positives: [
            TrainingPassage(
                id: "3", title: "other", text: "the same by its id", corpus: "corpus.tsv")
        ])

    private func chosen(_ change: (inout MiningSettings) -> Void) -> [String] {
        var settings = MiningSettings()
        settings.perQuestion = 100
        change(&settings)
        var report = HardNegativeMiner.Report()
        return HardNegativeMiner.choose(
            Self.found(10), Self.example, positives: Self.example.positives.map(\.identity),
            number: 0, settings, &report
        ).map(\.id)
    }

    @Test func `positives, answers and ranks outside the window are left out`() {
        #expect(chosen { _ in } == ["1", "2", "5", "6", "7", "8", "9", "10"])
        #expect(chosen { $0.skipsAnswers = false }.contains("4"))
        #expect(
            chosen {
                $0.firstRank = 2
                $0.lastRank = 6
            } == ["2", "5", "6"])
        #expect(chosen { $0.firstRank = 50 } == [])
    }

    @Test func `margins count from the positive's score`() {
        // The positive has 97.
        #expect(chosen { $0.absoluteMargin = 4 } == ["7", "8", "9", "10"])
        #expect(chosen { $0.relativeMargin = 0.06 } == ["9", "10"])
    }

    @Test func `a seeded choice is the same each time and differs between seeds`() {
        func choice(_ seed: UInt64) -> [String] {
            chosen {
                $0.takesBest = false
                $0.perQuestion = 3
                $0.seed = seed
            }
        }
        #expect(choice(1) == choice(1))
        #expect(Set((0..<10).map { choice(UInt64($0)) }).count > 3)
    }

    @Test func `BM25 ranks passages with rare words first and streams its corpus`() throws {
        let folder = try TemporaryFolder()
        var corpus = "id\ttext\ttitle\n"
        for number in 1...300 {
            corpus += "\(number)\tthe common words and \(number % 7)\ttitle\n"
        }
        corpus += "x1\tthe zebra runs\tAnimals\nx2\tzebras \"sleep\" NEAR* water\tZebra\n"
        let path = try folder.write("corpus.tsv", corpus)
        let index = try BM25Index(try CorpusSource(paths: [path]), scratchFolder: folder.path)
        #expect(index.count == 302)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["corpus.tsv"])
        let stopped = failure { () throws(TrainingError) in
            try BM25Index.open(path, stop: { true })
        }
        #expect(stopped == .interrupted(step: 0, checkpoint: nil))
        let found = try index.candidates(
            for: ["the zebra", "\"'; DROP TABLE passage", "the common"], count: 5)
        #expect(found[0].prefix(2).map(\.id) == ["x2", "x1"] && found[0].count == 5)
        #expect(found[1].isEmpty)
        #expect(found[2].count == 5 && found[2][0].id == "1")
        let scores = found[0].compactMap(\.score)
        #expect(scores.count == 5 && scores[0] > scores[1] && scores[1] > 0)
        let source = try folder.write(
            "train.jsonl",
            "{\"question\": \"zebra sleep\", \"answers\": [\"sleep\"], \"positive_ctxs\": "
                + "[{\"text\": \"none\"}]}\n")
        var mined: [TrainingExample] = []
        let report = try HardNegativeMiner.mine(
            try TrainingSource.detect(source), from: index, MiningSettings()
        ) { example throws(TrainingError) in mined.append(example) }
        #expect(mined[0].hardNegatives.map(\.id) == ["x1"])
        #expect(report.withAnswer == 1 && report.negatives == 1)
    }

    @Test(.enabled(if: TestFiles.data != nil, "SHEAF_TEST_DATA names no folder"))
    func `BM25 finds the gold paragraph of SQuAD's questions`() throws {
        let data = try #require(TestFiles.data)
        let index = try BM25Index(
            try CorpusSource(paths: [data + "/squad/valid.corpus.tsv"]))
        let questions = try QuestionFile.read(data + "/squad/valid.questions.jsonl").prefix(500)
        let found = try index.candidates(for: questions.map(\.text), count: 20)
        let first = zip(questions, found).count { $0.goldIDs.contains($1.first?.id ?? "") }
        let twenty = zip(questions, found).count { question, found in
            found.contains { question.goldIDs.contains($0.id) }
        }
        #expect(first > 330 && twenty > 450, "\(first) \(twenty)")
    }
}
