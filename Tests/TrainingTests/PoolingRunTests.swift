import Foundation
import TestSupport
import Testing

@testable import Models
@testable import Training

/// How a plain BERT is pooled in training, and that its folder keeps what it was trained with.
@Suite struct PoolingRunTests {
    /// A plain BERT without a list of modules.
    private func plain() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for file in ["config.json", "model.safetensors", "tokenizer.json", "vocab.txt"] {
            try FileManager.default.copyItem(
                atPath: Goldens.path("models/st_maxlen/\(file)"), toPath: "\(folder.path)/\(file)")
        }
        return folder
    }

    private func settings(
        _ base: TrainingConfiguration, _ folder: TemporaryFolder, model: String
    ) throws -> TrainingConfiguration {
        var settings = base
        settings.data.training = [try TinyModels.data(folder, rows: 12, negatives: 1)]
        settings.model.folder = model
        settings.output = folder.path + "/run"
        settings.epochs = 1
        settings.batchSize = 6
        settings.schedule.warmupSteps = 1
        settings.input.maximumQuestionTokens = 16
        settings.input.maximumPassageTokens = 32
        return settings
    }

    @Test(arguments: [false, true])
    func `plain BERT is pooled by its first token, and that is told once`(
        asSimpleTransformers: Bool
    ) throws {
        let (model, folder) = (try plain(), try TemporaryFolder())
        let settings = try settings(
            asSimpleTransformers ? .simpleTransformers : TrainingConfiguration(), folder,
            model: model.path)
        var told: [String] = []
        var hooks = TrainingHooks()
        hooks.note = { told.append($0) }
        let report = try Trainer(settings).run(hooks)
        for notes in [told, report.notes] {
            #expect(notes.count { $0.contains("--pooling cls") } == 1)
        }
        let question = try TextEncoder.load(folder: report.model, tower: .question)
        #expect(question.resolved.pooling == .cls && question.maximumLength == 16)
        let context = try TextEncoder.load(folder: report.model, tower: .context)
        #expect(context.maximumLength == 32 && context.report.assumption == nil)
    }

    @Test func `a pooling that is named is trained, and nothing is told`() throws {
        let (model, folder) = (try plain(), try TemporaryFolder())
        var settings = try settings(TrainingConfiguration(), folder, model: model.path)
        settings.model.pooling = "pooler"
        settings.model.normalize = "true"
        settings.model.queryPrefix = "query: "
        let report = try Trainer(settings).run()
        #expect(!report.notes.contains { $0.contains("--pooling") })
        let trained = try TextEncoder.load(folder: report.model, tower: .question).resolved
        #expect(trained.pooling == .pooler && trained.normalises == true)
        #expect(trained.questionPrefix == "query: ")
        settings.model.pooling = "max+mean"
        let error = failure { () throws(TrainingError) in try Trainer(settings).run() }
        #expect("\(error.map { "\($0)" } ?? "")".contains("pooling by max+mean"))
        for (name, change) in [
            ("model.pooling", { $0.model.pooling = "attention" }),
            ("model.normalize", { $0.model.normalize = "perhaps" }),
            ("model.maximumLength", { $0.model.maximumLength = 4 }),
        ] as [(String, (inout TrainingConfiguration) -> Void)] {
            var wrong = settings
            change(&wrong)
            let error = failure { () throws(TrainingError) in try wrong.validate() }
            #expect("\(error.map { "\($0)" } ?? "")".contains(name))
        }
    }

    @Test func `a checkpoint that does not know a setting means what its release did`() throws {
        let (model, folder) = (try plain(), try TemporaryFolder())
        var settings = try settings(TrainingConfiguration(), folder, model: model.path)
        func identity() throws -> RunIdentity {
            try RunIdentity(settings, task: try Trainer(settings).task)
        }
        /// What a run before wrote: without some settings.
        func earlier(_ identity: RunIdentity) throws -> RunIdentity {
            let data = try JSONEncoder().encode(identity)
            var tree = try #require(
                try JSONSerialization.jsonObject(with: data) as? [String: Any])
            var kept = try #require(tree["settings"] as? [String: Any])
            for name in ["model.pooling", "model.assumedPooling", "loss.masksAnswers"] {
                kept[name] = nil
            }
            tree["settings"] = kept
            return try JSONDecoder().decode(
                RunIdentity.self, from: try JSONSerialization.data(withJSONObject: tree))
        }
        let assumed = try identity()
        #expect(try assumed.difference(from: assumed) == nil)
        let other = try #require(try assumed.difference(from: try earlier(assumed)))
        #expect(other.name == "model.pooling" && other.own == "cls" && other.found == "mean")
        settings.model.pooling = "mean"
        let named = try identity()
        #expect(try named.difference(from: try earlier(named)) == nil)
        settings.loss.masksAnswers.toggle()
        #expect(try identity().difference(from: try earlier(named))?.name == "loss.masksAnswers")
    }
}
