import Models
import Tensors
import TestSupport
import Testing

@testable import Generation

/// What every generator keeps, whatever its weights.
@Suite("Generators")
struct GeneratorTests {
    static let models = ["bart_tiny", "bart_tiny_scaled", "t5_tiny", "t5_tiny_gated"]

    static func load(_ name: String) throws -> Generator {
        try Generator.load(folder: Goldens.subset + "/models/" + name)
    }

    static func sources(_ count: Int, seed: UInt64, vocabulary: Int) -> [[Int32]] {
        var dice = Dice(seed: seed)
        return (0..<count).map { _ in
            (0..<dice.number(1...40)).map { _ in Int32(dice.below(vocabulary)) }
        }
    }

    static func bits(_ outputs: [[GeneratedSequence]]) -> [[[UInt64]]] {
        outputs.map { $0.map { [$0.score.bitPattern] + $0.tokens.map { UInt64($0) } } }
    }

    private static var beams: GenerationOptions {
        var options = GenerationOptions()
        options.beams = 3
        options.returns = 2
        options.maximumLength = 12
        return options
    }

    @Test(arguments: models)
    func `an output does not depend on what else is generated, nor on threads`(
        _ name: String
    ) throws {
        let generator = try Self.load(name)
        let sources = Self.sources(9, seed: 1, vocabulary: generator.vocabularySize)
        for options in [GenerationOptions(), Self.beams] {
            let together = Self.bits(try generator.generate(sources, options: options))
            for threads in [2, 3] {
                let other = try generator.generate(sources, options: options, threads: threads)
                #expect(Self.bits(other) == together)
            }
            for (index, source) in sources.enumerated() {
                let alone = try generator.generate([source], options: options)
                #expect(Self.bits(alone) == [together[index]])
            }
        }
    }

    @Test(arguments: models)
    func `outputs have the same bits on every instruction set`(_ name: String) throws {
        let folder = Goldens.subset + "/models/" + name
        var expected: [[[UInt64]]]?
        for kernels in SIMDPath.allCases.compactMap({ EncoderKernels($0) }) {
            for precision in [Precision.float32] {
                let generator = try Generator.load(
                    folder: folder, precision: precision, policy: WeightPolicy(), kernels: kernels)
                let sources = Self.sources(5, seed: 2, vocabulary: generator.vocabularySize)
                let outputs = Self.bits(try generator.generate(sources, options: Self.beams))
                #expect(outputs == expected ?? outputs)
                expected = outputs
            }
        }
    }

    @Test(arguments: models)
    func `token by token gives the bits of all at once`(_ name: String) throws {
        let generator = try Self.load(name)
        let width = generator.vocabularySize
        let sources = Self.sources(4, seed: 3, vocabulary: width)
        let seen = SeenScores()
        let outputs = try generator.generate(
            sources, processors: [seen.processor])
        for (source, output) in outputs.enumerated() {
            let tokens = output[0].tokens
            let all = try generator.scores(source: sources[source], output: tokens)
            for step in seen.all where step.source == source && step.step == 0 {
                #expect(TestSupport.bits(step.scores) == TestSupport.bits(all.prefix(width)))
            }
            for (place, logarithm) in output[0].logarithms.enumerated() {
                let row = all[place * width..<(place + 1) * width]
                let plain = logSoftmax(row)[Int(tokens[place + 1])]
                #expect(abs(Double(logarithm) - plain) < 1e-5)
            }
        }
    }

    @Test(arguments: models)
    func `weights in other numbers give nearly the same scores`(_ name: String) throws {
        let folder = Goldens.subset + "/models/" + name
        let plain = try Self.load(name)
        let source = Self.sources(1, seed: 4, vocabulary: plain.vocabularySize)[0]
        let output: [Int32] = [2, 9, 5, 7]
        let expected = try plain.scores(source: source, output: output)
        let mapped = try Generator.load(folder: folder, weights: .mapped)
        #expect(
            TestSupport.bits(try mapped.scores(source: source, output: output))
                == TestSupport.bits(expected))
        let size = expected.map { abs($0) }.max() ?? 0
        for other in [
            try Generator.load(folder: folder, weights: .float16),
            try Generator.load(folder: folder, precision: .i16),
        ] {
            let scores = try other.scores(source: source, output: output)
            let difference = largestDifference(scores, expected)
            #expect(difference < 0.02 * size && difference > 0, "\(difference) of \(size)")
        }
    }

    @Test
    func `drawn outputs follow from the seed alone`() throws {
        let generator = try Self.load("t5_tiny")
        let sources = Self.sources(3, seed: 5, vocabulary: generator.vocabularySize)
        var options = GenerationOptions()
        options.samples = true
        options.returns = 3
        options.seed = 7
        let first = Self.bits(try generator.generate(sources, options: options))
        #expect(first.allSatisfy { $0.count == 3 })
        #expect(Self.bits(try generator.generate(sources, options: options, threads: 2)) == first)
        options.seed = 8
        let whole = Self.bits(try generator.generate(sources, options: options))
        #expect(whole != first)
        options.firstSource = 1
        let part = Self.bits(try generator.generate(Array(sources[1...]), options: options))
        #expect(part == Array(whole[1...]))
        options.firstSource = 0
        options.topK = 1
        options.returns = 1
        let likeliest = Self.bits(try generator.generate(sources, options: options))
        #expect(likeliest == Self.bits(try generator.generate(sources)))
        options.topK = 0
        options.beams = 3
        options.returns = 2
        let beams = Self.bits(try generator.generate(sources, options: options))
        #expect(Self.bits(try generator.generate(sources, options: options)) == beams)
        #expect(beams.allSatisfy { $0.count == 2 })
    }

    @Test
    func `a prefix constraint holds in every search`() throws {
        let generator = try Self.load("bart_tiny")
        let sources = Self.sources(3, seed: 6, vocabulary: generator.vocabularySize)
        let path: [Int32] = [2, 31, 17, 44, 2]
        for options in [GenerationOptions(), Self.beams] {
            let outputs = try generator.generate(
                sources, options: options,
                allowed: { _, tokens in [path[min(tokens.count, path.count - 1)]] })
            #expect(outputs.allSatisfy { $0.count == 1 && $0[0].tokens == path })
        }
        let error = failure { () throws(GenerationError) in
            try generator.generate(sources, allowed: { _, _ in [] })
        }
        #expect(error == .noTokenAllowed(source: 0, step: 0))
    }

    @Test
    func `kept states are one copy a source and one row a token`() throws {
        let generator = try Self.load("bart_tiny")
        var stack = generator.plan.decoder
        stack.headSize = 64
        let state = SourceState(length: 33, stack)
        // Keys of 48 positions, values of 33.
        #expect(state.bytes == 4 * stack.layers.count * stack.inner * (48 + 33))
        #expect(
            TokenStore(stack, slots: 10).bytes == 4 * stack.layers.count * 2 * stack.inner * 10)
        let store = TokenStore(stack, slots: 4)
        let slots = (0..<9).map { _ in store.take() }
        #expect(Set(slots).count == 9)
        store.give(slots)
        #expect(Set((0..<9).map { _ in store.take() }) == Set(slots))
    }
}
