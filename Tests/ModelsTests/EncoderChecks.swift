import Tensors
import TestSupport
import Testing

@testable import Models

// What holds for every encoder, whatever numbers it computes in.

/// Passages of many lengths, from a fixed text.
let variedPassages: [(title: String, text: String)] = {
    let words = """
        the red planet mars has two moons and iron oxide on its surface a river runs through \
        paris gold is soft and dense the heart pumps blood bees make honey from nectar
        """.split(separator: " ")
    return (0..<41).map { index in
        let count = [0, 1, 2, 5, 11, 17, 29, 43, 71, 150][index % 10] + index % 3
        let text = (0..<count).map { words[($0 * 7 + index) % words.count] }
        return (index % 4 == 0 ? "" : "title \(index)", text.joined(separator: " "))
    }
}()

/// A text has one vector: alone, in any batch and order, and on any number of threads.
func expectOneVector(_ encoder: TextEncoder) {
    let whole = bits(encoder.encode(passages: variedPassages))
    #expect(whole.count == variedPassages.count * encoder.dimension)
    for (index, passage) in variedPassages.enumerated() {
        let alone = bits(encoder.encode(passages: [passage]))
        let row = whole[index * encoder.dimension..<(index + 1) * encoder.dimension]
        #expect(alone == Array(row), "passage \(index)")
    }
    for threads in [2, 3, 7, 100] {
        #expect(bits(encoder.encode(passages: variedPassages, threads: threads)) == whole)
    }
    // Few tokens: threads share the steps of one batch.
    for count in [1, 2, 5] {
        let some = Array(variedPassages.prefix(count + 2).suffix(count))
        let plain = bits(encoder.encode(passages: some))
        for threads in [2, 3, 4] {
            #expect(bits(encoder.encode(passages: some, threads: threads)) == plain)
        }
    }
    let reversed = bits(encoder.encode(passages: variedPassages.reversed()))
    #expect(Array(reversed[..<encoder.dimension]) == Array(whole.suffix(encoder.dimension)))
}

/// A model gives the same bits on every instruction set, or on all but the plain one, which is slow
/// for a large model.
func expectSameBitsEverywhere(
    _ folder: String, _ options: EncoderOptions = EncoderOptions(), plainToo: Bool = true
) throws {
    let vectors = try kernelsHere.filter { plainToo || $0.path != .portable }.map { kernels in
        let encoder = try TextEncoder.load(
            folder: folder, tower: .context, options: options, kernels: kernels)
        return bits(encoder.encode(passages: variedPassages))
    }
    #expect(Set(vectors).count <= 1)
}

/// First tokens have the same bits alone as among all tokens.
func expectFirstTokensAlone(_ encoder: TextEncoder) {
    var batch = TokenBatch()
    for passage in variedPassages {
        encoder.append(passage: passage, to: &batch)
        batch.closeSequence()
    }
    let width = encoder.dimension
    let all = BertArena()
    encoder.processor.weights.bert.forward(batch, all)
    let first = BertArena()
    encoder.processor.weights.bert.forwardFirstTokens(batch, first)
    for sequence in 0..<batch.sequences {
        let one = UnsafeBufferPointer(
            start: all.hidden.start + batch.starts[sequence] * width, count: width)
        let other = UnsafeBufferPointer(
            start: first.hidden.start + sequence * width, count: width)
        #expect(bits(one) == bits(other))
    }
}
