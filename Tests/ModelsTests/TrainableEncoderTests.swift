import Foundation
import Tensors
import TestSupport
import Testing
import Tokenizers

@testable import Models

@Suite("Trainable encoders")
struct TrainableEncoderTests {
    private let rates = DropoutRates(hidden: 0.1, attention: 0.2)

    private func load(_ name: String, _ tower: Tower) throws -> TrainableEncoder {
        let folder = try goldenModel(name)
        return try withExtendedLifetime(folder) {
            try TrainableEncoder.load(folder: folder.path, tower: tower)
        }
    }

    private let passages = [
        (title: "Mars", text: "the red planet is the fourth one from the sun"),
        (title: "", text: "water"),
        (title: "Venus and the Moon", text: "  "),
        (title: "Jupiter", text: String(repeating: "a large planet of gas ", count: 30)),
    ]

    private func sequences(_ encoder: TrainableEncoder) -> TokenSequences {
        TokenSequences(passages.map { encoder.tokenise(title: $0.title, text: $0.text) })
    }

    @Test(
        arguments: [
            ("dpr_question", Tower.question), ("dpr_ctx", .context), ("dpr_ctx_proj16", .context),
            ("retribert_shared", .question), ("retribert_shared", .context),
            ("retribert_separate", .context),
        ].filter { Goldens.has("models/\($0.0)") }, Recording.Mode.allCases)
    func `a vector is that of inference, bit for bit`(
        model: (String, Tower), mode: Recording.Mode
    ) throws {
        let folder = try goldenModel(model.0)
        let encoder = try TextEncoder.load(folder: folder.path, tower: model.1)
        let trainable = try TrainableEncoder.load(folder: folder.path, tower: model.1)
        let expected = encoder.encode(passages: passages)
        #expect(bits(trainable.forward(sequences(trainable), mode).rows) == bits(expected))
        let questions = ["where is mars", "it\u{2019}s where?"]
        let asked = TokenSequences(questions.map { trainable.tokenise(question: $0) })
        #expect(
            bits(trainable.forward(asked, mode).rows) == bits(encoder.encode(questions: questions)))
    }

    @Test(.enabled(if: TestFiles.miniLM != nil, "SHEAF_MINILM names no folder of all-MiniLM-L6-v2"))
    func `MiniLM's vectors are those of inference`() throws {
        let encoder = try TextEncoder.load(folder: TestFiles.miniLM ?? "", tower: .context)
        let trainable = try TrainableEncoder.load(folder: TestFiles.miniLM ?? "", tower: .context)
        let rows = trainable.forward(sequences(trainable)).rows
        #expect(largestDifference(rows, encoder.encode(passages: passages)) < 1e-6)
    }

    @Test(arguments: [true, false])
    func `computing layers again gives the same gradients, bit for bit`(drops: Bool) throws {
        let encoder = try load("dpr_ctx", .context)
        let sequences = sequences(encoder)
        let key = DropoutKey(seed: 1, step: 2, stream: 1, rates: rates)
        var results: [[UInt32]] = []
        for mode in [Recording.Mode.full, .checkpointed, .full] {
            encoder.parameters.zeroGradients()
            let encoded = encoder.forward(
                sequences, exampleNumbers: [5, 6, 7, 9], dropout: drops ? key : nil,
                recording: mode)
            encoder.backward(encoded, rowGradients: encoded.rows)
            results.append(bits(encoder.parameters.gradients) + bits(encoded.rows))
        }
        #expect(results[0] == results[1])
        #expect(results[0] == results[2])
    }

    @Test
    func `an example is dropped the same way in any batch`() throws {
        let encoder = try load("dpr_ctx", .context)
        let key = DropoutKey(seed: 1, step: 2, stream: 1, rates: rates)
        let all = encoder.forward(
            sequences(encoder), exampleNumbers: [5, 6, 7, 9], dropout: key, recording: .none)
        let last = passages[3]
        let alone = encoder.forward(
            TokenSequences([encoder.tokenise(title: last.title, text: last.text)]),
            exampleNumbers: [9], dropout: key, recording: .none)
        #expect(bits(alone.rows) == bits(all.rows.suffix(encoder.dimension)))
        let other = encoder.forward(
            TokenSequences([encoder.tokenise(title: last.title, text: last.text)]),
            exampleNumbers: [10], dropout: key, recording: .none)
        #expect(bits(alone.rows) != bits(other.rows))
    }

    @Test
    func `gradients with dropout are those of central differences`() throws {
        let encoder = try load("dpr_ctx_proj16", .context)
        let sequences = sequences(encoder)
        let key = DropoutKey(seed: 1, step: 2, stream: 1, rates: rates)
        func rows(_ mode: Recording.Mode) -> Encoded {
            encoder.forward(sequences, exampleNumbers: [0, 1, 2, 3], dropout: key, recording: mode)
        }
        let encoded = rows(.full)
        let weights = encoded.rows.indices.map { Float(($0 * 7919) % 13) / 13 - 0.5 }
        encoder.backward(encoded, rowGradients: weights)
        // Along the gradient itself the slope is its norm. Central differences of the steps h and
        // h / 2 are put together after Richardson, which leaves an error of h⁴: so h can be large
        // against the rounding of float32.
        for entry in encoder.parameters.entries where !entry.name.hasSuffix("key.bias") {
            let own = Array(encoder.parameters.gradients[entry.range])
            let norm = own.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            let kept = Array(encoder.parameters.values[entry.range])
            /// The loss at a distance from the parameters, along the gradient.
            func loss(_ distance: Double) -> Double {
                for (index, value) in kept.enumerated() {
                    encoder.parameters.values[entry.range.lowerBound + index] =
                        value + Float(distance * Double(own[index]) / norm)
                }
                return zip(rows(.none).rows, weights).reduce(0) {
                    $0 + Double($1.0) * Double($1.1)
                }
            }
            func slope(_ step: Double) -> Double { (loss(step) - loss(-step)) / (2 * step) }
            let step = 2e-2
            let found = (4 * slope(step / 2) - slope(step)) / 3
            _ = loss(0)
            #expect(abs(found - norm) < 1e-3 * norm, "\(entry.name): \(found), \(norm)")
        }
    }

    @Test(arguments: [Recording.Mode.full, .checkpointed])
    func `stretches come as they are done, and are the whole block`(
        mode: Recording.Mode
    ) throws {
        let encoder = try load("dpr_ctx_proj16", .context)
        let encoded = encoder.forward(sequences(encoder), mode)
        var done: [Range<Int>] = []
        var seen: [Float] = [Float](repeating: .nan, count: encoder.parameters.count)
        encoder.backward(encoded, rowGradients: encoded.rows) { range in
            done.append(range)
            for index in range { seen[index] = encoder.parameters.gradients[index] }
        }
        #expect(bits(seen) == bits(encoder.parameters.gradients))
        #expect(done.first?.upperBound == encoder.parameters.count)
        #expect(done.last?.lowerBound == 0)
        for (later, earlier) in zip(done, done.dropFirst()) {
            #expect(earlier.upperBound == later.lowerBound)
        }
        // The projection, each layer, the embeddings.
        #expect(done.count == encoder.plan.configuration.layers + 2)
    }

    @Test
    func `a frozen set keeps its gradients`() throws {
        let encoder = try load("dpr_ctx", .context)
        encoder.parameters.isFrozen = true
        let encoded = encoder.forward(sequences(encoder))
        encoder.backward(encoded, rowGradients: encoded.rows)
        #expect(encoder.parameters.gradients.allSatisfy { $0 == 0 })
    }

    @Test
    func `biases and layer normalisation do not decay`() throws {
        let encoder = try load("dpr_ctx_proj16", .context)
        for entry in encoder.parameters.entries {
            let isPlain = entry.name.hasSuffix("bias") || entry.name.contains("LayerNorm")
            #expect(entry.decays == !isPlain)
        }
        #expect(
            encoder.parameters.entries.map(\.range.lowerBound).dropFirst().elementsEqual(
                encoder.parameters.entries.dropLast().map(\.range.upperBound)))
        #expect(encoder.configuredDropout == DropoutRates(hidden: 0, attention: 0))
    }
}
