import Foundation
import TestSupport
import Testing

@testable import Models
@testable import Training

/// Whole runs of tiny models.
@Suite(.enabled(if: TinyModels.areThere, "the tiny DPR models are not among the goldens"))
struct RetrieverRunTests {
    /// Runs, stopped after some steps, and gives the bits of all parameters.
    private static func run(
        _ settings: TrainingConfiguration, until step: Int = .max
    ) throws -> [[UInt32]] {
        let trainer = try Trainer(settings)
        var hooks = TrainingHooks()
        hooks.shouldStop = { trainer.state.step >= step }
        let error = failure { () throws(TrainingError) in try trainer.run(hooks) }
        if let error {
            guard case .interrupted = error else { throw error }
        }
        return trainer.task.parameterSets.map { $0.values.map(\.bitPattern) }
    }

    @Test func `a run learns, and its model opens for inference as it was trained`() throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model)
        settings.epochs = 12
        settings.data.validation = settings.data.training[0]
        settings.evaluation.everySteps = 6
        var losses: [Double] = []
        var hooks = TrainingHooks()
        hooks.progress = { losses.append($0.loss) }
        let trainer = try Trainer(settings)
        let report = try trainer.run(hooks)
        #expect(losses.count == 24)
        #expect((losses.last ?? 9) < 0.7 * (losses.first ?? 0), "\(losses)")
        let evaluation = try #require(report.evaluation)
        // Chance is log 12.
        #expect((evaluation.values["nll"] ?? 9) < 2.3)
        let encoder = try TextEncoder.load(
            folder: report.model + "/question_encoder", tower: .question)
        let task = try #require(trainer.task as? RetrieverTask)
        guard report.modelStep == report.steps else { return }
        let tokens = task.towers.question.tokenise(question: "which town")
        let trained = task.towers.question.forward(
            TokenSequences([tokens]), exampleNumbers: [0], dropout: nil, recording: .none)
        #expect(
            relativeDistance(encoder.encode(questions: ["which town"]), trained.rows) < 1e-5)
    }

    @Test(arguments: [1, 2])
    func `texts that are cut are counted over all ranks and told once`(world: Int) throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model)
        settings.epochs = 1
        settings.input.maximumPassageTokens = 8
        let run = settings
        let notes = try asRanks(world) { group in
            var settings = run
            settings.output += "-\(world)"
            return try Trainer(settings, group: group).run().notes
        }.map { try $0.get() }
        for list in notes {
            #expect(list == notes[0])
            let cut = list.filter { $0.contains("were cut") }
            #expect(cut.count == 1)
            #expect(cut.first?.hasPrefix("24 of 36 texts were cut to their length") == true)
        }
        var wide = settings
        wide.input.maximumPassageTokens = 256
        wide.output += "-wide"
        #expect(!(try Trainer(wide).run().notes.contains { $0.contains("were cut") }))
    }

    @Test(arguments: [1, 3])
    func `a stopped run with dropout goes on with the same bits`(step: Int) throws {
        let model = try TinyModels.dpr()
        let whole = try TemporaryFolder()
        let folder = try TemporaryFolder()
        func settings(_ folder: TemporaryFolder) throws -> TrainingConfiguration {
            var settings = try TinyModels.settings(folder, model: model)
            settings.dropout.hidden = 0.1
            settings.dropout.attention = 0.1
            settings.input.positiveChoice = .random
            return settings
        }
        let expected = try Self.run(try settings(whole))
        _ = try Self.run(try settings(folder), until: step)
        #expect(try Self.run(try settings(folder)) == expected)
    }

    @Test func `what is measured does not depend on the number of ranks`() throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model, rows: 70, negatives: 2)
        settings.data.validation = settings.data.training[0]
        settings.evaluation.batchSize = 16
        let run = settings
        @Sendable func measured(_ group: any CollectiveGroup) throws -> TrainingEvaluation {
            let task = try RetrieverTask(
                try run.model.towers(seed: 1), stores: try run.data.trainingStores(),
                validation: try run.data.validationStore(), settings: run, group: group)
            return try task.evaluate(step: 0)
        }
        let expected = try measured(SoloGroup())
        #expect(expected.questions == 70 && (expected.values["average_rank"] ?? 0) >= 1)
        for world in [2, 3, 4] {
            for result in asRanks(world, { try measured($0) }) {
                #expect(try result.get() == expected)
            }
        }
    }

    @Test(.enabled(if: Goldens.has("models/retribert_shared"), "no RetriBERT among the goldens"))
    func `RetriBERT trains with its own loss`() throws {
        let model = try TinyModels.single("retribert_shared")
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model, negatives: 0)
        settings.loss.contrast = .bidirectional
        settings.epochs = 6
        var losses: [Double] = []
        var hooks = TrainingHooks()
        hooks.progress = { losses.append($0.loss) }
        let report = try Trainer(settings).run(hooks)
        #expect((losses.last ?? 9) < (losses.first ?? 0), "\(losses)")
        _ = try TextEncoder.load(folder: report.model, tower: .context)
    }

    @Test(.enabled(if: Goldens.has("models/dpr_reader"), "no reader among the goldens"))
    func `a reader learns, on any number of ranks alike`() throws {
        let model = try TinyModels.single("dpr_reader")
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model, negatives: 3)
        settings.kind = .reader
        settings.reader.passages = 4
        settings.input.maximumPassageTokens = 60
        settings.evaluation.measure = "loss"
        settings.data.validation = settings.data.training[0]
        settings.epochs = 8
        let run = settings
        let outcomes = asRanks(2) { group in
            var losses: [Double] = []
            var hooks = TrainingHooks()
            hooks.progress = { losses.append($0.loss) }
            let trainer = try Trainer(run, group: group)
            let report = try trainer.run(hooks)
            return (losses, trainer.task.parameterSets[0].valueHash, report)
        }
        let results = try outcomes.map { try $0.get() }
        #expect(results[0].0 == results[1].0 && results[0].1 == results[1].1)
        #expect((results[0].0.last ?? 9) < 0.8 * (results[0].0.first ?? 0), "\(results[0].0)")
        #expect(results[0].2.evaluation?.values["exact_match"] != nil)
        // Each question is read with four passages, once an epoch.
        for result in results {
            let cut = result.2.notes.filter { $0.contains("were cut") }
            #expect(cut.isEmpty)
        }
        _ = try DPRReader.load(folder: results[0].2.model)
    }

    @Test(.enabled(if: Goldens.has("models/dpr_reader"), "no reader among the goldens"))
    func `passages that a reader cannot read whole are counted over all ranks`() throws {
        let model = try TinyModels.single("dpr_reader")
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model, negatives: 3)
        settings.kind = .reader
        settings.reader.passages = 4
        settings.input.maximumPassageTokens = 16
        settings.epochs = 2
        let run = settings
        let notes = try asRanks(2) { try Trainer(run, group: $0).run().notes }.map {
            try $0.get()
        }
        #expect(notes[0] == notes[1])
        let cut = notes[0].filter { $0.contains("were cut") }
        #expect(cut.count == 1 && cut[0].contains(" of 96 texts were cut"), "\(notes)")
        settings.data.validation = settings.data.training[0]
        let evaluation = try ModelMeasurement.run(settings)
        #expect(evaluation.cuts.texts == 48 && evaluation.cuts.textsCut > 0)
        withExtendedLifetime(model) {}
    }

    @Test(arguments: [1, 3])
    func `negatives are found anew with the model, by any number of ranks alike`(
        world: Int
    ) throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model)
        var corpus = "id\ttext\ttitle\n"
        for number in 0..<40 {
            corpus += "\(number)\tplace \(number) has \(number) rivers\tplace \(number)\n"
        }
        settings.data.refreshCorpus = try folder.write("corpus.tsv", corpus)
        settings.data.refreshEveryEpochs = 1
        settings.mining.lastRank = 10
        settings.mining.perQuestion = 2
        settings.epochs = 3
        let run = settings
        let outcomes = asRanks(world) { group in
            let trainer = try Trainer(run, group: group)
            _ = try trainer.run()
            return (trainer.state.refreshed ?? [], trainer.task.parameterSets[0].valueHash)
        }
        let results = try outcomes.map { try $0.get() }
        let files = results[0].0
        #expect(results.allSatisfy { $0.0 == files && $0.1 == results[0].1 })
        #expect(files == [run.output + "/refresh/epoch-2/train-0.json"])
        let mined = try rows(of: try TrainingSource.detect(try #require(files.first)))
        #expect(mined.count == 12)
        #expect(
            mined.allSatisfy { example in
                example.hardNegatives.count == 2
                    && example.hardNegatives.allSatisfy { $0.title.hasPrefix("place") }
            })
    }
}
