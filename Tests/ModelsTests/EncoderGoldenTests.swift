import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

/// Largest difference accepted between two float32 forwards that sum in different orders.
private let tolerance: Float = 1e-4

@Suite("Encoders against the reference")
struct EncoderGoldenTests {
    @Test(
        arguments: [
            ("dpr_question", Tower.question), ("dpr_ctx", .context), ("dpr_ctx_proj16", .context),
        ])
    func `DPR forwards agree in every hidden state and in the vector`(
        name: String, tower: Tower
    ) throws {
        let golden = try GoldenCase(name + "_forward")
        let folder = try goldenModel(name)
        let encoder = try TextEncoder.load(folder: folder.path, tower: tower)
        let batch = try golden.batch()
        let width = golden.shape("hidden_states.0")[2]
        var layer = 0
        encoder.processor.weights.bert.forward(batch, BertArena()) { hidden in
            let expected = (try? golden.floats("hidden_states.\(layer)")) ?? []
            let mask = (try? golden.integers("attention_mask")) ?? []
            var token = 0
            for (position, isToken) in mask.enumerated() where isToken == 1 {
                let row = UnsafeBufferPointer(start: hidden + token * width, count: width)
                let golden = expected[position * width..<(position + 1) * width]
                #expect(largestDifference(row, golden) < tolerance, "layer \(layer)")
                token += 1
            }
            layer += 1
        }
        #expect(layer == encoder.description.configuration.layers + 1)
        let vectors = encoder.vectors(batch)
        #expect(largestDifference(vectors, try golden.floats("pooler_output")) < tolerance)
    }

    @Test(arguments: [SegmentIDs.zero, .pair])
    func `awkward passages give the reference's vectors in both segment modes`(
        segmentIDs: SegmentIDs
    ) throws {
        let golden = try GoldenCase("dpr_edge_texts")
        let folder = try goldenModel("dpr_ctx")
        let encoder = try TextEncoder.load(
            folder: folder.path, tower: .context,
            options: EncoderOptions(segmentIDs: segmentIDs))
        let rows = try #require(golden.json["rows"] as? [[String]])
        let passages = rows.map { (title: $0[0], text: $0[1]) }
        let vectors = encoder.encode(passages: passages)
        for index in rows.indices {
            let vector = vectors[index * encoder.dimension..<(index + 1) * encoder.dimension]
            let expected = try golden.floats("\(segmentIDs.rawValue).\(index)")
            #expect(largestDifference(vector, expected) < tolerance, "passage \(index)")
        }
    }

    @Test(.enabled(if: TestFiles.miniLM != nil, "SHEAF_MINILM names no folder of all-MiniLM-L6-v2"))
    func `MiniLM's sentence vectors are the reference's`() throws {
        let golden = try GoldenCase("minilm_l6")
        let encoder = try TextEncoder.load(folder: TestFiles.miniLM ?? "", tower: .context)
        let sentences = try #require(golden.json["sentences"] as? [String])
        let expected = try golden.floats("mean_normalized")
        #expect(encoder.dimension == golden.shape("mean_normalized")[1])
        #expect(largestDifference(encoder.encode(questions: sentences), expected) < tolerance)
        let passages = sentences.map { (title: "", text: $0) }
        let other = encoder.encode(passages: passages)
        #expect(bits(other) == bits(encoder.encode(questions: sentences)))
    }

    @Test(.enabled(if: TestFiles.miniLM != nil, "SHEAF_MINILM names no folder of all-MiniLM-L6-v2"))
    func `MiniLM's hidden states are the reference's`() throws {
        let golden = try GoldenCase("minilm_l6")
        let encoder = try TextEncoder.load(folder: TestFiles.miniLM ?? "", tower: .context)
        let expected = try golden.floats("short.last_hidden_state")
        let mask = try golden.integers("short.attention_mask")
        let batch = try golden.batch("short.")
        let arena = BertArena()
        encoder.processor.weights.bert.forward(batch, arena)
        let width = encoder.dimension
        var token = 0
        for (position, isToken) in mask.enumerated() where isToken == 1 {
            let row = UnsafeBufferPointer(start: arena.hidden.start + token * width, count: width)
            let golden = expected[position * width..<(position + 1) * width]
            #expect(largestDifference(row, golden) < tolerance)
            token += 1
        }
        // Segment ids of pairs, and the first token as DPR takes it.
        let pairs = try golden.batch("pair.")
        encoder.processor.weights.bert.forwardFirstTokens(pairs, arena)
        let first = UnsafeBufferPointer(start: arena.hidden.start, count: pairs.sequences * width)
        #expect(
            largestDifference(first, try golden.floats("pair.dpr_pooler_output")) < tolerance)
    }
}
