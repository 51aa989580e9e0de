import Models
import Tensors
import TestSupport
import Testing

@testable import Generation

/// Numbers of the reference, transformers 4.41.2 in float32: logits and scores to 1e-4, which is
/// what two orders of the same sums differ by, losses to 1e-5 of their size, generated ids exactly.
@Suite("Golden decoders")
struct GoldenTests {
    @Test(arguments: goldenDecoders)
    func `the encoder's states are the reference's`(_ name: String) throws {
        let golden = try DecoderCase(name)
        let expected = try golden.golden.floats("encoder_last_hidden_state")
        let shape = golden.golden.shape("encoder_last_hidden_state")
        guard case .float32(let network) = try golden.generator().precision else { return }
        for (row, source) in golden.sources.enumerated() {
            let space = Workspace()
            var batch = SourceBatch()
            batch.append(source)
            network.encode(batch, space)
            let states = space.hidden.array.prefix(source.count * shape[2])
            let start = row * shape[1] * shape[2]
            #expect(
                largestDifference(states, expected[start..<start + states.count]) < 1e-4)
        }
    }

    @Test(arguments: goldenDecoders)
    func `scores and loss along a given output are the reference's`(_ name: String) throws {
        let golden = try DecoderCase(name)
        let generator = try golden.generator()
        let settings = try generator.settings.resolve(
            GenerationOptions(), vocabulary: generator.vocabularySize, longest: nil)
        let expected = try golden.golden.floats("logits")
        let width = generator.vocabularySize
        var losses: [Double] = []
        for (row, labels) in try golden.labels().enumerated() {
            // The targets moved by one; where there is none, padding.
            let inputs =
                [settings.start] + labels.dropLast().map { $0 < 0 ? settings.padding : Int32($0) }
            let scores = try generator.scores(source: golden.sources[row], output: inputs)
            let start = row * labels.count * width
            #expect(
                largestDifference(scores, expected[start..<start + labels.count * width]) < 1e-4)
            for (place, label) in labels.enumerated() where label >= 0 {
                losses.append(-logSoftmax(scores[place * width..<(place + 1) * width])[label])
            }
        }
        let loss = losses.reduce(0, +) / Double(losses.count)
        let reference = golden.golden.number("loss")
        // A model that is sure has a loss whose own rounding is larger than that part of it.
        #expect(abs(loss - reference) < 1e-5 * reference + 1e-6, "\(loss) \(reference)")
    }

    @Test(arguments: goldenDecoders)
    func `searches give the reference's outputs and scores`(_ name: String) throws {
        let golden = try DecoderCase(name)
        let generator = try golden.generator()
        #expect(golden.searches.count >= 9)
        for (search, expected) in golden.searches {
            let options = try #require(expected.options, "\(search): \(expected.arguments)")
            let outputs = try generator.generate(golden.sources, options: options)
            let found = outputs.flatMap { $0 }
            #expect(found.count == expected.sequences.count, "\(search)")
            let padding = try #require(
                try? generator.settings.resolve(
                    options, vocabulary: generator.vocabularySize, longest: nil
                ).padding)
            for (index, sequence) in expected.sequences.enumerated() where index < found.count {
                var tokens = found[index].tokens.map(Int.init)
                // Whichever token ended an output, the reference writes the first of the ends.
                if let ends = options.ends, ends.count > 1, let last = tokens.last,
                    ends.contains(Int32(last))
                {
                    tokens[tokens.count - 1] = Int(ends[0])
                }
                let padded =
                    tokens
                    + [Int](
                        repeating: Int(padding), count: max(0, sequence.count - tokens.count))
                #expect(padded == sequence, "\(name) \(search) \(index)")
                if let score = expected.scores?[index] {
                    #expect(
                        abs(found[index].score - score) < 1e-4, "\(name) \(search) \(index)")
                }
            }
        }
    }

    @Test(arguments: goldenDecoders)
    func `greedy decoding sees the reference's scores at each step`(_ name: String) throws {
        let golden = try DecoderCase(name)
        guard golden.golden.has("gen_step_scores.greedy") else { return }
        let generator = try golden.generator()
        let expected = try golden.golden.floats("gen_step_scores.greedy")
        let shape = golden.golden.shape("gen_step_scores.greedy")
        let search = try #require(golden.searches.first { $0.name == "greedy" }).search
        let options = try #require(search.options)
        let seen = SeenScores()
        _ = try generator.generate(
            golden.sources, options: options,
            processors: [seen.processor])
        for (source, step, scores) in seen.all {
            let start = (source * shape[1] + step) * shape[2]
            let own = expected[start..<start + shape[2]]
            for (a, b) in zip(scores, own) {
                #expect(a == b || abs(a - b) < 1e-4, "\(name) source \(source) step \(step)")
            }
        }
        #expect(seen.all.count >= golden.sources.count)
    }
}
