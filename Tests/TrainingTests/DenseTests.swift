import Base
import Corpus
import Foundation
import TestSupport
import Testing

@testable import Models
@testable import Training

/// Finding passages by vectors, and teachers' scores.
@Suite(.enabled(if: TinyModels.areThere, "the tiny DPR models are not among the goldens"))
struct DenseTests {
    @Test(arguments: [1, 3, 50], [1, 7, 100])
    func `the best of a row are those of a full sort, whatever the slabs`(
        wanted: Int, slab: Int
    ) {
        var dice = SplitMix(seed: 4)
        // Few different values, so that ties are many: the smaller column is first.
        let vectors = (0..<300).map { _ in Float(dice.below(5)) }
        let questions: [Float] = [1, 0, 2, 1, 1, 1, 0, 0, 0]
        var best = BestColumns(rows: 3, wanted: wanted)
        for start in stride(from: 0, to: 100, by: slab) {
            Array(vectors[3 * start..<3 * min(start + slab, 100)]).withUnsafeBufferPointer {
                best.add(questions, $0, width: 3)
            }
        }
        for row in 0..<3 {
            let question = questions[3 * row..<3 * row + 3]
            let all = (0..<100).map { column in
                zip(question, vectors[3 * column..<3 * column + 3]).reduce(Float(0)) {
                    $0 + $1.0 * $1.1
                }
            }
            let expected = all.indices.sorted { (all[$1], $0) < (all[$0], $1) }.prefix(wanted)
            #expect(
                best.lists[row] == expected.map { BestColumns.Entry(column: $0, score: all[$0]) })
        }
    }

    @Test func `passages are ranked by the model's inner products`() throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        var corpus = "id\ttext\ttitle\n"
        for number in 0..<30 { corpus += "p\(number)\t\(number) rivers\tplace \(number)\n" }
        let path = try folder.write("corpus.tsv", corpus)
        let question = try TextEncoder.load(
            folder: model.path + "/question_encoder", tower: .question)
        let context = try TextEncoder.load(
            folder: model.path + "/context_encoder", tower: .context)
        let candidates = try DenseCandidates(
            question: question, context: context, corpus: try CorpusSource(paths: [path]))
        let found = try candidates.candidates(for: ["which town", "7 rivers"], count: 4)
        #expect(candidates.cuts.texts == 32 && candidates.cuts.textsCut == 0)
        let endless = String(repeating: "town ", count: question.maximumLength)
        _ = try candidates.candidates(for: [endless], count: 1)
        #expect(candidates.cuts.texts == 33 && candidates.cuts.textsCut == 1)
        let passages = context.encode(
            passages: (0..<30).map { (title: "place \($0)", text: "\($0) rivers") })
        let asked = question.encode(questions: ["which town", "7 rivers"])
        let width = question.dimension
        for (index, list) in found.enumerated() {
            let scores = (0..<30).map { passage in
                (0..<width).reduce(0.0) {
                    $0 + Double(asked[index * width + $1]) * Double(passages[passage * width + $1])
                }
            }
            let best = scores.indices.sorted { scores[$0] > scores[$1] }.prefix(4)
            #expect(list.map(\.id) == best.map { "p\($0)" })
            #expect(
                zip(list, best).allSatisfy { abs(($0.score ?? 0) - scores[$1]) < 1e-4 })
            let answer = try candidates.answers(for: ["which town", "7 rivers"], count: 4)[index]
            #expect(answer.passages == list)
            #expect(answer.vector == Array(asked[index * width..<(index + 1) * width]))
            #expect(
                answer.vectors == best.map { Array(passages[$0 * width..<($0 + 1) * width]) })
        }
        var calls = 0
        #expect(throws: TrainingError.interrupted(step: 0, checkpoint: nil)) {
            try DenseCandidates(
                question: question, context: context, corpus: try CorpusSource(paths: [path])
            ) { _ in
                calls += 1
                return false
            }
        }
        #expect(calls == 1)
    }

    @Test func `a teacher's scores are kept in the data and trained on`() throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model, negatives: 3)
        let source = try TrainingSource.detect(settings.data.training[0])
        // This teacher likes passages of even length.
        let teacher = { (_: String, passages: [TrainingPassage]) throws(TrainingError) in
            passages.map { $0.text.count % 2 == 0 ? 2.0 : -1.0 }
        }
        let path = folder.path + "/scored.json"
        let report = try TeacherScoring.score(source, with: teacher, candidates: 2, to: path)
        #expect(report.examples == 12 && report.passages == 36)
        let scored = try rows(of: try TrainingSource.detect(path))
        #expect(
            scored.allSatisfy { example in
                (example.positives + example.hardNegatives).allSatisfy {
                    $0.score == ($0.text.count % 2 == 0 ? 2 : -1)
                }
            })
        settings.data.training = [path]
        settings.loss = .distillation(alpha: 1, temperature: 2)
        settings.input.hardNegatives = 2
        settings.input.negativeChoice = .first
        settings.epochs = 10
        var losses: [Double] = []
        var hooks = TrainingHooks()
        hooks.progress = { losses.append($0.loss) }
        _ = try Trainer(settings).run(hooks)
        #expect((losses.last ?? 9) < 0.5 * (losses.first ?? 0), "\(losses)")
        settings.data.training = [try TinyModels.data(folder, rows: 12, negatives: 3)]
        settings.output = folder.path + "/other"
        let unscored = settings
        #expect {
            _ = try Trainer(unscored).run()
        } throws: { error in
            guard case .invalidSetting("loss", _)? = error as? TrainingError else { return false }
            return true
        }
    }

    @Test func `a model is measured without being trained`() throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model, rows: 20)
        settings.data.validation = settings.data.training[0]
        settings.data.training = []
        settings.evaluation.maximumExamples = 15
        let evaluation = try ModelMeasurement.run(settings)
        #expect(evaluation.questions == 15)
        #expect(evaluation.cuts.texts > 15 && evaluation.cuts.textsCut == 0)
        var narrow = settings
        narrow.input.maximumQuestionTokens = 8
        let cut = try ModelMeasurement.run(narrow).cuts
        #expect(cut.textsCut == 15 && cut.texts == evaluation.cuts.texts)
        #expect(cut.tokens == evaluation.cuts.tokens)
        let rank = try #require(evaluation.values["average_rank"])
        #expect(rank >= 1 && evaluation.values["top_100"] == 1)
        let found = try ModelMeasurement.runEach(settings)
        #expect(found.all == evaluation && found.each.count == 15)
        let ranks = found.each.map(\.rank)
        #expect(abs(Double(ranks.reduce(0, +)) / 15 - rank) < 1e-12)
        #expect(found.each.map(\.likelihood).reduce(0, +) / 15 == evaluation.values["nll"])
        // A corpus adds to the pool what the data have not, each passage once, and no positive.
        let rows = try rows(of: try TrainingSource.detect(settings.data.validation))
        let known = rows[0].positives[0]
        var corpus = "id\ttext\ttitle\nx\t\(known.text)\t\(known.title)\n"
        for number in 0..<60 { corpus += "c\(number)\t\(number % 40) more rivers\t\n" }
        settings.evaluation.additionalPassages = try folder.write("more.tsv", corpus)
        let store = try #require(try settings.data.validationStore())
        let pool = try EvaluationPool(store, settings)
        settings.evaluation.additionalPassages = ""
        #expect(pool.count == (try EvaluationPool(store, settings)).count + 40)
        settings.evaluation.additionalPassages = folder.path + "/more.tsv"
        let larger = try ModelMeasurement.runEach(settings)
        #expect(zip(larger.each, ranks).allSatisfy { $0.rank >= $1 })
        #expect(larger.each.map(\.rank) != ranks)
        settings.data.validation = ""
        let unnamed = settings
        #expect(throws: TrainingError.self) { try ModelMeasurement.run(unnamed) }
    }
}
