import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

/// Largest relative error accepted of a gradient tensor between two float32 backward passes that
/// sum in different orders.
private let tolerance = 1e-4

@Suite("Training against the reference")
struct TrainableGoldenTests {
    /// DPR's two towers.
    private func towers() throws -> [TrainableEncoder] {
        try [("dpr_question", Tower.question), ("dpr_ctx", .context)].map { name, tower in
            let folder = try goldenModel(name)
            return try withExtendedLifetime(folder) {
                try TrainableEncoder.load(folder: folder.path, tower: tower)
            }
        }
    }

    /// Back from the gradient of the scores of two sets of vectors.
    private func backward(
        _ towers: [TrainableEncoder], _ encoded: [Encoded], _ gradient: [[Double]]
    ) {
        let dimension = towers[0].dimension
        towers[0].backward(
            encoded[0],
            rowGradients: PlainLoss.product(gradient, encoded[1].rows, dimension: dimension))
        towers[1].backward(
            encoded[1],
            rowGradients: PlainLoss.product(
                PlainLoss.transposed(gradient), encoded[0].rows, dimension: dimension))
    }

    private func expectGradients(_ towers: [TrainableEncoder], _ golden: GoldenCase) throws {
        for (tower, prefix) in zip(towers, ["grad.question_model:", "grad.ctx_model:"]) {
            let worst = try worstGradient(tower.parameters, golden, prefix: prefix)
            #expect(worst.error < tolerance, "\(worst)")
        }
    }

    @Test(
        .enabled(if: Goldens.has("cases/dpr_nll.json"), "the golden case is not here"),
        arguments: [Recording.Mode.full, .checkpointed])
    func `DPR's loss and all its gradients agree`(mode: Recording.Mode) throws {
        let golden = try GoldenCase("dpr_nll")
        let towers = try towers()
        let encoded = try zip(towers, ["q.", "c."]).map {
            $0.forward(TokenSequences(try golden.batch($1)), mode)
        }
        #expect(relativeError(encoded[0].rows, try golden.floats("q_vectors")) < 1e-5)
        let scores = PlainLoss.scores(
            encoded[0].rows, encoded[1].rows, dimension: towers[0].dimension)
        let (loss, gradient) = PlainLoss.crossEntropy(
            scores, right: try golden.integers("positive_idx"))
        let expected = Double(try golden.floats("loss")[0])
        #expect(abs(loss - expected) < 1e-5 * expected)
        backward(towers, encoded, gradient)
        try expectGradients(towers, golden)
    }

    @Test(.enabled(if: Goldens.has("cases/rdr_distill.json"), "the golden case is not here"))
    func `the gradients of distilling a reader agree`() throws {
        let golden = try GoldenCase("rdr_distill")
        let towers = try towers()
        let encoded = try zip(towers, ["q.", "c."]).map {
            $0.forward(TokenSequences(try golden.batch($1)))
        }
        let scores = PlainLoss.scores(
            encoded[0].rows, encoded[1].rows, dimension: towers[0].dimension)
        let teacher = PlainLoss.rows(
            try golden.floats("relevance_logits"), golden.shape("relevance_logits")[1])
        let width = teacher[0].count
        let losses = try golden.floats("kl.T1_teacher_student")
        var gradient = scores.map { $0.map { _ in 0.0 } }
        var total = 0.0
        var expected = 0.0
        for (question, logits) in teacher.enumerated() {
            let own = question * width..<(question + 1) * width
            let student = PlainLoss.logSoftmax(Array(scores[question][own]))
            let target = PlainLoss.logSoftmax(logits)
            let loss = zip(target, student).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
            total += loss
            expected += Double(losses[question])
            for (index, column) in own.enumerated() {
                gradient[question][column] =
                    (exp(student[index]) - exp(target[index])) / Double(teacher.count)
            }
        }
        #expect(abs(total - expected) < 1e-5 * expected)
        backward(towers, encoded, gradient)
        try expectGradients(towers, golden)
    }

    @Test(
        arguments: ["retribert_shared", "retribert_separate"].filter {
            Goldens.has("cases/\($0).json") && Goldens.has("models/\($0)")
        })
    func `RetriBERT's loss and all its gradients agree`(name: String) throws {
        let golden = try GoldenCase(name)
        let folder = try goldenModel(name)
        let towers = try TrainableTowers.load(question: folder.path, context: folder.path)
        #expect(towers.parameterSets.count == (name == "retribert_shared" ? 1 : 2))
        let pair = [towers.question, towers.context]
        let encoded = try zip(pair, ["_query", "_doc"]).map {
            $0.forward(TokenSequences(try golden.batch(suffix: $1)))
        }
        let scores = PlainLoss.scores(
            encoded[0].rows, encoded[1].rows, dimension: towers.question.dimension)
        let right = Array(scores.indices)
        let one = PlainLoss.crossEntropy(scores, right: right)
        let other = PlainLoss.crossEntropy(PlainLoss.transposed(scores), right: right)
        let expected = Double(try golden.floats("loss.-1")[0])
        #expect(abs((one.loss + other.loss) / 2 - expected) < 1e-5 * expected)
        let back = PlainLoss.transposed(other.gradient)
        let gradient = zip(one.gradient, back).map { zip($0, $1).map { ($0 + $1) / 2 } }
        backward(pair, encoded, gradient)
        for set in towers.parameterSets {
            let worst = try worstGradient(set, golden, prefix: "grad.")
            #expect(worst.error < tolerance, "\(worst)")
        }
    }

    @Test(
        .enabled(if: Goldens.has("cases/dpr_reader_train_loss.json"), "the golden case is not here")
    )
    func `the reader's loss and all its gradients agree`() throws {
        let golden = try GoldenCase("dpr_reader_train_loss")
        let folder = try goldenModel("dpr_reader")
        let reader = try TrainableReader.load(folder: folder.path)
        // The reference's softmax goes over the padding too.
        let width = golden.shape("input_ids")[2]
        let batch = try golden.batch()
        var sequences = TokenSequences()
        for tokens in TokenSequences(batch).all {
            sequences.append(tokens, paddedTo: width, paddingID: 0)
        }
        let output = reader.forward(
            sequences, exampleNumbers: sequences.numbers, dropout: nil, recording: .full)
        let loss = try ReaderTwin(golden, output, sequences)
        let expected = Double(try golden.floats("loss")[0])
        #expect(abs(loss.loss - expected) < 1e-5 * expected, "\(loss.loss) \(expected)")
        reader.backward(
            output, startGradients: loss.starts, endGradients: loss.ends,
            relevanceGradients: loss.relevance)
        let worst = try worstGradient(reader.parameters, golden, prefix: "grad.")
        #expect(worst.error < tolerance, "\(worst)")
    }

    @Test(
        arguments: AdamStep.Form.allCases.filter {
            Goldens.has("cases/dpr_adamw20_\($0.rawValue).json")
        })
    func `twenty steps of AdamW give the reference's losses and weights`(
        form: AdamStep.Form
    ) throws {
        let golden = try GoldenCase("dpr_adamw20_" + form.rawValue)
        let steps = try #require(golden.json["steps"] as? [[String: Any]])
        let towers = try towers()
        var optimizer = TwinOptimizer(form, towers.map(\.parameters))
        for (index, step) in steps.enumerated() {
            let encoded = try zip(towers, ["q", "c"]).map {
                $0.forward(try golden.step(index, $1))
            }
            let scores = PlainLoss.scores(
                encoded[0].rows, encoded[1].rows, dimension: towers[0].dimension)
            let (loss, gradient) = PlainLoss.crossEntropy(
                scores, right: scores.indices.map { 2 * $0 })
            let expected = try #require(step["loss"] as? Double)
            #expect(abs(loss - expected) < 1e-4 * max(1, expected), "step \(index)")
            backward(towers, encoded, gradient)
            let norm = optimizer.step(learningRate: try #require(step["lr"] as? Double))
            let golden = try #require(step["grad_norm"] as? Double)
            #expect(abs(norm - golden) < 1e-3 * golden, "norm of step \(index)")
        }
        for (tower, prefix) in zip(towers, ["final.question_model.", "final.ctx_model."]) {
            // Adam makes whole steps of the noise in gradients that are zero in theory.
            let last = "layer.\(tower.plan.configuration.layers - 1).output.LayerNorm.bias"
            for entry in tower.parameters.entries
            where !entry.name.hasSuffix("key.bias") && !entry.name.hasSuffix(last)
                // The case in the repository has no final weights.
                && golden.has(prefix + entry.name)
            {
                let error = relativeError(
                    tower.parameters.values[entry.range],
                    try golden.floats(prefix + entry.name))
                #expect(error < 2e-3, "\(entry.name) \(error)")
            }
        }
    }
}

extension GoldenCase {
    /// One step's sequences, cut at the padding, whose id is 0.
    fileprivate func step(_ index: Int, _ side: String) throws -> TokenSequences {
        let shape = shape(side + "_ids")
        let start = index * shape[1] * shape[2]
        let ids = try integers(side + "_ids")[start..<start + shape[1] * shape[2]]
        // The reference gives questions no segments.
        let types =
            has(side + "_types")
            ? try integers(side + "_types") : [Int](repeating: 0, count: start + ids.count)
        var sequences = TokenSequences()
        for row in stride(from: start, to: start + ids.count, by: shape[2]) {
            let own = (row..<row + shape[2]).filter { ids[$0] != 0 }
            sequences.append(
                TokenIDs(
                    ids: own.map { Int32(ids[$0]) }, typeIDs: own.map { Int32(types[$0]) }))
        }
        return sequences
    }
}

/// Clipping at 2 and AdamW over two towers, as the golden run has them.
private struct TwinOptimizer {
    let form: AdamStep.Form
    let sets: [ParameterSet]
    let moments: [[FloatBuffer]]
    var count = 0

    init(_ form: AdamStep.Form, _ sets: [ParameterSet]) {
        self.form = form
        self.sets = sets
        moments = sets.map { set in (0..<2).map { _ in FloatBuffer(zeros: set.count) } }
    }

    /// Takes a step, clears the gradients, and gives their norm.
    mutating func step(learningRate: Double) -> Double {
        count += 1
        let norm = sets.reduce(0) {
            $0 + FlatSums.squares(UnsafeBufferPointer($1.gradients))
        }.squareRoot()
        for (set, moments) in zip(sets, moments) {
            for entry in set.entries {
                let step = AdamStep(
                    form: form, learningRate: learningRate,
                    weightDecay: entry.decays ? 0.01 : 0, step: count,
                    gradientScale: Float(min(1, 2 / (norm + 1e-6))))
                let parts = moments.map {
                    UnsafeMutableBufferPointer(
                        start: $0.start + entry.range.lowerBound, count: entry.range.count)
                }
                step.apply(
                    values: UnsafeMutableBufferPointer(rebasing: set.values[entry.range]),
                    gradients: UnsafeBufferPointer(rebasing: set.gradients[entry.range]),
                    firstMoments: parts[0], secondMoments: parts[1])
            }
            set.zeroGradients()
        }
        return norm
    }
}

/// DPR's reader loss in float64: the cross-entropy of the first passage's relevance, and for each
/// answer span the worst of the passages' losses, marginalised over the spans.
private struct ReaderTwin {
    var loss = 0.0
    var starts: [Float]
    var ends: [Float]
    var relevance: [Float]

    init(_ golden: GoldenCase, _ output: ReaderOutput, _ sequences: TokenSequences) throws {
        let shape = golden.shape("start_positions")
        let (questions, passages, spans) = (shape[0], shape[1], shape[2])
        starts = output.starts.map { _ in 0 }
        ends = starts
        relevance = output.relevance.map { _ in 0 }
        let positions = [
            try golden.integers("start_positions"), try golden.integers("end_positions"),
        ]
        let masks = try golden.integers("answer_mask")
        for question in 0..<questions {
            let own = question * passages..<(question + 1) * passages
            let logs = PlainLoss.logSoftmax(own.map { Double(output.relevance[$0]) })
            loss -= logs[0]
            for (index, passage) in own.enumerated() {
                relevance[passage] = Float(exp(logs[index]) - (index == 0 ? 1 : 0))
            }
            // In the golden case only the first passage has spans, so it is each span's worst.
            let tokens = sequences.starts[own.lowerBound]..<sequences.starts[own.lowerBound + 1]
            let logits = [output.starts, output.ends].map {
                PlainLoss.logSoftmax($0[tokens].map(Double.init))
            }
            let used = (0..<spans).map { own.lowerBound * spans + $0 }.filter { masks[$0] == 1 }
            let likelihoods = used.map { span in
                exp(logits[0][positions[0][span]] + logits[1][positions[1][span]])
            }
            let total = likelihoods.reduce(0, +)
            loss -= log(total)
            for side in 0..<2 {
                for (token, position) in tokens.enumerated() {
                    let hit = zip(used, likelihoods).reduce(0.0) {
                        $0 + (positions[side][$1.0] == token ? $1.1 / total : 0)
                    }
                    let slope = Float(exp(logits[side][token]) - hit)
                    if side == 0 { starts[position] = slope } else { ends[position] = slope }
                }
            }
        }
    }
}
