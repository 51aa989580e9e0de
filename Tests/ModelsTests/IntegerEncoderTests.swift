import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite("The integer encoder")
struct IntegerEncoderTests {
    private let options = EncoderOptions(precision: .i16)

    @Test
    func `gives a text one vector alone, in any batch and on any number of threads`() throws {
        let folder = try sentenceModel(pooling: "pooling_mode_mean_tokens")
        expectOneVector(
            try TextEncoder.load(folder: folder.path, tower: .context, options: options))
        let other = try goldenModel("dpr_ctx_proj16")
        expectOneVector(
            try TextEncoder.load(folder: other.path, tower: .context, options: options))
    }

    @Test(arguments: ["dpr_ctx", "dpr_ctx_proj16"])
    func `gives the same bits on every instruction set`(name: String) throws {
        let folder = try goldenModel(name)
        try expectSameBitsEverywhere(folder.path, options)
    }

    @Test
    func `gives first tokens alone the bits they have among all tokens`() throws {
        let folder = try goldenModel("dpr_ctx")
        let encoder = try TextEncoder.load(
            folder: folder.path, tower: .context, options: options)
        expectFirstTokensAlone(encoder)
    }

    @Test(arguments: ["dpr_ctx", "dpr_question", "dpr_ctx_proj16"])
    func `is close to the float encoder`(name: String) throws {
        let folder = try goldenModel(name)
        let tower = name == "dpr_question" ? Tower.question : .context
        #expect(try lowestCosine(folder.path, tower) > 0.99999)
    }

    @Test(.enabled(if: TestFiles.miniLM != nil, "SHEAF_MINILM names no folder of all-MiniLM-L6-v2"))
    func `is close to the float encoder with MiniLM, and as independent of batches`() throws {
        let folder = TestFiles.miniLM ?? ""
        #expect(try lowestCosine(folder, .context) > 0.99999)
        expectOneVector(try TextEncoder.load(folder: folder, tower: .context, options: options))
        try expectSameBitsEverywhere(folder, options, plainToo: false)
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
        let a = floats.encode(passages: variedPassages)
        let b = integers.encode(passages: variedPassages)
        let size = floats.dimension
        return (0..<variedPassages.count).map { row in
            var (dot, left, right) = (0.0, 0.0, 0.0)
            for index in row * size..<(row + 1) * size {
                dot += Double(a[index]) * Double(b[index])
                left += Double(a[index]) * Double(a[index])
                right += Double(b[index]) * Double(b[index])
            }
            return dot / (left * right).squareRoot()
        }.min() ?? 0
    }
}
