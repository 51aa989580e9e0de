import Foundation
import Tensors
import Testing

@testable import Models

/// Passages of many lengths, from a fixed text.
private let passages: [(title: String, text: String)] = {
    let words = """
        gold is soft and dense the heart pumps blood bees make honey from nectar the red planet \
        mars has two moons and iron oxide on its surface a river runs through paris
        """.split(separator: " ")
    return (0..<37).map { index in
        let count = [0, 1, 3, 8, 13, 19, 31, 47, 90, 140][index % 10] + index % 4
        let text = (0..<count).map { words[($0 * 5 + index) % words.count] }
        return (index % 3 == 0 ? "" : "title \(index)", text.joined(separator: " "))
    }
}()

@Suite("The integer encoder")
struct IntegerEncoderTests {
    private let options = EncoderOptions(precision: .i16)

    @Test
    func `gives a text one vector alone, in any batch and on any number of threads`() throws {
        let folder = try sentenceModel(pooling: "pooling_mode_mean_tokens")
        try checkBatches(
            try TextEncoder.load(folder: folder.path, tower: .context, options: options))
        let other = try goldenModel("dpr_ctx_proj16")
        try checkBatches(
            try TextEncoder.load(folder: other.path, tower: .context, options: options))
    }

    @Test(arguments: ["dpr_ctx", "dpr_ctx_proj16"])
    func `gives the same bits on every instruction set`(name: String) throws {
        let folder = try goldenModel(name)
        let vectors = try kernelsHere.map { kernels in
            let encoder = try TextEncoder.load(
                folder: folder.path, tower: .context, options: options, kernels: kernels)
            return bits(encoder.encode(passages: passages))
        }
        #expect(Set(vectors).count == 1)
    }

    @Test
    func `gives first tokens alone the bits they have among all tokens`() throws {
        let folder = try goldenModel("dpr_ctx")
        let encoder = try TextEncoder.load(
            folder: folder.path, tower: .context, options: options)
        var batch = TokenBatch()
        for passage in passages {
            encoder.append(passage: passage, to: &batch)
            batch.closeSequence()
        }
        let width = encoder.dimension
        let all = BertArena()
        encoder.weights.bert.forward(batch, all)
        let first = BertArena()
        encoder.weights.bert.forwardFirstTokens(batch, first)
        for sequence in 0..<batch.sequences {
            let one = UnsafeBufferPointer(
                start: all.hidden.start + batch.starts[sequence] * width, count: width)
            let other = UnsafeBufferPointer(
                start: first.hidden.start + sequence * width, count: width)
            #expect(bits(one) == bits(other))
        }
    }

    @Test(arguments: ["dpr_ctx", "dpr_question", "dpr_ctx_proj16"])
    func `is close to the float encoder`(name: String) throws {
        let folder = try goldenModel(name)
        let tower = name == "dpr_question" ? Tower.question : .context
        #expect(try lowestCosine(folder.path, tower) > 0.99999)
    }

    @Test(.enabled(if: miniLM != nil, "SHEAF_MINILM names no folder of all-MiniLM-L6-v2"))
    func `is close to the float encoder with MiniLM, and as independent of batches`() throws {
        let folder = miniLM ?? ""
        #expect(try lowestCosine(folder, .context) > 0.99999)
        try checkBatches(try TextEncoder.load(folder: folder, tower: .context, options: options))
        let vectors = try kernelsHere.filter { $0.path != .portable }.map { kernels in
            let encoder = try TextEncoder.load(
                folder: folder, tower: .context, options: options, kernels: kernels)
            return bits(encoder.encode(passages: passages))
        }
        #expect(Set(vectors).count <= 1)
    }

    @Test
    func `has a fingerprint of its own and leaves that of floats as it was`() throws {
        let folder = try goldenModel("dpr_ctx")
        func print(_ options: EncoderOptions) throws -> String {
            try TextEncoder.fingerprint(folder: folder.path, tower: .context, options: options)
        }
        let float = try print(EncoderOptions())
        let integer = try print(options)
        #expect(float != integer)
        #expect(try print(EncoderOptions(precision: .float32)) == float)
        let encoder = try TextEncoder.load(
            folder: folder.path, tower: .context, options: options)
        #expect(encoder.fingerprint == integer)
        #expect(encoder.precision == .i16)
    }

    private func lowestCosine(_ folder: String, _ tower: Tower) throws -> Double {
        let floats = try TextEncoder.load(folder: folder, tower: tower)
        let integers = try TextEncoder.load(folder: folder, tower: tower, options: options)
        let a = floats.encode(passages: passages)
        let b = integers.encode(passages: passages)
        let size = floats.dimension
        return (0..<passages.count).map { row in
            var (dot, left, right) = (0.0, 0.0, 0.0)
            for index in row * size..<(row + 1) * size {
                dot += Double(a[index]) * Double(b[index])
                left += Double(a[index]) * Double(a[index])
                right += Double(b[index]) * Double(b[index])
            }
            return dot / (left * right).squareRoot()
        }.min() ?? 0
    }

    private func checkBatches(_ encoder: TextEncoder) throws {
        let whole = bits(encoder.encode(passages: passages))
        for (index, passage) in passages.enumerated() {
            let alone = bits(encoder.encode(passages: [passage]))
            let row = whole[index * encoder.dimension..<(index + 1) * encoder.dimension]
            #expect(alone == Array(row), "passage \(index)")
        }
        for threads in [2, 3, 7] {
            #expect(bits(encoder.encode(passages: passages, threads: threads)) == whole)
        }
    }
}
