import TestSupport
import Testing

@testable import Models
@testable import Tensors
@testable import Training

/// One step of a bi-encoder over any number of ranks.
@Suite(.enabled(if: TinyModels.areThere, "the tiny DPR models are not among the goldens"))
struct StepTests {
    @Test(arguments: [2, 3, 4], [0, 1, 2])
    func `ranks together have the gradient of one process`(world: Int, negatives: Int) throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        for contrast in LossSettings.Contrast.allCases {
            var settings = try TinyModels.settings(folder, model: model, negatives: negatives)
            settings.loss.contrast = contrast
            // Seven examples: shares are uneven for every world here.
            let batches = settings.batches([7])
            let run = settings
            let expected = try StepGradients(run, over: SoloGroup(), batches: batches)
            let results = try asRanks(world) {
                try StepGradients(run, over: $0, batches: batches)
            }.map { try $0.get() }
            for result in results {
                #expect(result.tensors == results[0].tensors)
                #expect(result.distance(to: expected) <= 1e-5)
                #expect(
                    relativeDifference(result.statistics.loss, expected.statistics.loss) < 1e-6)
                #expect(result.statistics.rankSum == expected.statistics.rankSum)
            }
        }
    }

    @Test func `ranks know which passages of all of them are copies`() throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model)
        // Two questions have one passage, which each rank holds one copy of.
        settings.data.training = [
            try folder.write(
                "copies.tsv",
                "query_text\tgold_passage\thard_negative\na\tone passage\ttwo\n"
                    + "b\tthree\tone more\nc\tone passage\tfour\nd\tfive\tthree\n")
        ]
        settings.loss.binaryWeight = 1
        let run = settings
        let batches = run.batches([4])
        let expected = try StepGradients(run, over: SoloGroup(), batches: batches)
        for result in asRanks(2, { try StepGradients(run, over: $0, batches: batches) }) {
            let result = try result.get()
            #expect(result.distance(to: expected) <= 1e-5)
            #expect(relativeDifference(result.statistics.loss, expected.statistics.loss) < 1e-6)
        }
    }

    @Test func `more ranks than examples are legal`() throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        let settings = try TinyModels.settings(folder, model: model)
        let batches = settings.batches([2])
        let expected = try StepGradients(settings, over: SoloGroup(), batches: batches)
        for result in asRanks(4, { try StepGradients(settings, over: $0, batches: batches) }) {
            #expect(try result.get().distance(to: expected) <= 1e-5)
        }
    }

    @Test func `DPR's scaling is the exact gradient over the number of ranks`() throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model)
        settings.loss.masksDuplicates = false
        let exact = try StepGradients(
            settings, over: SoloGroup(), batches: settings.batches([6]))
        settings.loss.scaling = .dpr
        let run = settings
        for result in asRanks(2, { try StepGradients(run, over: $0, batches: run.batches([6])) }) {
            var doubled = try result.get()
            doubled.tensors = doubled.tensors.mapValues { $0.map { 2 * $0 } }
            #expect(doubled.distance(to: exact) <= 1e-5)
        }
    }

    @Test(arguments: [1, 2, 5])
    func `the gradient cache changes no gradient, dropout included`(chunk: Int) throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model)
        settings.dropout.hidden = 0.1
        settings.dropout.attention = 0.1
        let batches = settings.batches([6])
        let plain = try StepGradients(settings, over: SoloGroup(), batches: batches)
        settings.memory.chunkSize = chunk
        #expect(
            try StepGradients(settings, over: SoloGroup(), batches: batches).distance(to: plain)
                <= 1e-5)
        settings.memory.recomputesLayers = true
        let cached = settings
        for result in asRanks(2, { try StepGradients(cached, over: $0, batches: batches) }) {
            #expect(try result.get().distance(to: plain) <= 1e-5)
        }
        var undropped = settings
        undropped.dropout.hidden = 0
        let without = try StepGradients(undropped, over: SoloGroup(), batches: batches)
        #expect(without.distance(to: plain) > 1e-2)
    }

    @Test func `accumulated batches give the mean of their gradients`() throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        let settings = try TinyModels.settings(folder, model: model)
        let batches = settings.batches([4, 3])
        let both = try StepGradients(settings, over: SoloGroup(), batches: batches)
        let parts = try batches.map {
            try StepGradients(settings, over: SoloGroup(), batches: [$0])
        }
        var mean = parts[0]
        for (name, values) in parts[1].tensors {
            mean.tensors[name] = zip(mean.tensors[name] ?? [], values).map { ($0 + $1) / 2 }
        }
        #expect(both.distance(to: mean) <= 1e-5)
        let expected = (parts[0].statistics.loss + parts[1].statistics.loss) / 2
        #expect(relativeDifference(both.statistics.loss, expected) < 1e-9)
    }

    @Test func `accumulated batches over ranks are those of one process`() throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        let settings = try TinyModels.settings(folder, model: model)
        // One rank has nothing of the second batch, whose words only the first one's ranks know.
        let batches = settings.batches([5, 2])
        let expected = try StepGradients(settings, over: SoloGroup(), batches: batches)
        for result in asRanks(3, { try StepGradients(settings, over: $0, batches: batches) }) {
            #expect(try result.get().distance(to: expected) <= 1e-5)
        }
    }

    @Test(.enabled(if: Goldens.has("models/retribert_shared"), "no RetriBERT among the goldens"))
    func `ranks of a model with one encoder have the gradient of one process`() throws {
        let model = try TinyModels.single("retribert_shared")
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model, negatives: 1)
        settings.loss.contrast = .bidirectional
        let run = settings
        let batches = settings.batches([5])
        let expected = try StepGradients(run, over: SoloGroup(), batches: batches)
        for result in asRanks(2, { try StepGradients(run, over: $0, batches: batches) }) {
            #expect(try result.get().distance(to: expected) <= 1e-5)
        }
    }

    @Test func `a frozen tower stays, and the other has the same gradient`() throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: model)
        let batches = settings.batches([6])
        let whole = try StepGradients(settings, over: SoloGroup(), batches: batches)
        settings.model.freezesContext = true
        let question = try StepGradients(settings, over: SoloGroup(), batches: batches)
        #expect(question.tensors.keys.allSatisfy { $0.contains("question_encoder") })
        #expect(question.tensors.allSatisfy { whole.tensors[$0.key] == $0.value })
        settings.model.freezesQuestion = true
        let frozen = settings
        #expect(throws: TrainingError.self) {
            try StepGradients(frozen, over: SoloGroup(), batches: batches)
        }
    }

    @Test func `a batch of one question and one passage is refused`() throws {
        let model = try TinyModels.dpr()
        let folder = try TemporaryFolder()
        let settings = try TinyModels.settings(folder, model: model, negatives: 0)
        #expect(throws: TrainingError.lonelyBatch(step: 3, example: "1")) {
            try StepGradients(settings, over: SoloGroup(), batches: settings.batches([1]))
        }
    }

    @Test(arguments: ["dpr_adamw20_hf", "dpr_adamw20_torch"])
    func `twenty steps have the reference's losses`(name: String) throws {
        guard Goldens.hasCase(name) else { return }
        let golden = try GoldenCase(name)
        let model = try TinyModels.dpr()
        let towers = try TrainableTowers.load(
            question: model.path + "/question_encoder", context: model.path + "/context_encoder")
        var settings = OptimizerSettings()
        settings.kind = name.hasSuffix("hf") ? .adamWHuggingFace : .adamWTorch
        settings.learningRate = 2e-3
        settings.weightDecay = 0.01
        settings.clipNorm = 2
        var shape = ScheduleSettings()
        shape.kind = name.hasSuffix("hf") ? .dpr : .linear
        shape.warmupSteps = 5
        let schedule = Schedule(shape, peak: 2e-3, total: 20)
        let optimizer = Optimizer(towers.parameterSets, settings)
        let steps = golden.json["steps"] as? [[String: Any]] ?? []
        for (step, expected) in steps.enumerated() {
            var questions = TowerPass(
                towers.question, try sequences(golden, "q_ids", step),
                numbers: Array(0..<8), dropout: nil, memory: MemorySettings(), isTrained: true)
            var passages = TowerPass(
                towers.context, try sequences(golden, "c_ids", step), numbers: Array(0..<16),
                dropout: nil, memory: MemorySettings(), isTrained: true)
            let outcome = RetrievalLoss.evaluate(
                LossBatch(
                    questions: Matrix(questions.rows, columns: towers.question.dimension),
                    own: 0..<8,
                    passages: Matrix(passages.rows, columns: towers.question.dimension),
                    candidates: (0..<8).map { [2 * $0, 2 * $0 + 1] }, globalQuestions: 8),
                LossSettings())
            for set in towers.parameterSets { set.zeroGradients() }
            questions.backward(outcome.questions.floats, report: nil)
            passages.backward(outcome.passages.floats, report: nil)
            let norm = optimizer.gradientNorm()
            optimizer.update(
                step: step + 1, learningRate: schedule.learningRate(step: step), norm: norm)
            let loss = (expected["loss"] as? Double) ?? .nan
            let goldenNorm = (expected["grad_norm"] as? Double) ?? .nan
            #expect(
                relativeDifference(outcome.loss, loss) <= 1e-4, "step \(step): \(outcome.loss)")
            #expect(relativeDifference(norm, goldenNorm) <= 1e-3, "step \(step): \(norm)")
        }
        // Adam makes whole steps of the noise in gradients that are zero in theory: those of key
        // biases, and of a shift of all passages, which moves the scores of a question alike.
        let lastLayer = towers.context.plan.configuration.layers - 1
        let lastNorm = "encoder.layer.\(lastLayer).output.LayerNorm"
        var largest = 0.0
        for (set, prefix) in zip(towers.parameterSets, ["question_model.", "ctx_model."]) {
            for entry in set.entries
            where !entry.name.hasSuffix("key.bias") && !entry.name.hasSuffix(lastNorm + ".bias") {
                let name = "final." + prefix + entry.name
                // The subset in the repository has the losses alone.
                guard !golden.shape(name).isEmpty else { continue }
                let expected = try golden.floats(name)
                largest = max(
                    largest, relativeDistance(Array(set.values[entry.range]), expected))
            }
        }
        #expect(largest <= 1e-3, "\(largest)")
    }

    /// The sequences of a step, with the segments that go with them, cut at the padding.
    private func sequences(
        _ golden: GoldenCase, _ name: String, _ step: Int
    ) throws -> [TokenIDs] {
        let shape = golden.shape(name)
        let ids = try golden.integers(name)
        let types = name == "c_ids" ? try golden.integers("c_types") : ids.map { _ in 0 }
        return (0..<shape[1]).map { row in
            let start = (step * shape[1] + row) * shape[2]
            let length = ids[start..<start + shape[2]].prefix { $0 != 0 }.count
            return TokenIDs(
                ids: ids[start..<start + length].map { Int32($0) },
                typeIDs: types[start..<start + length].map { Int32($0) })
        }
    }
}
