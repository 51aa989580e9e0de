import TestSupport
import Testing

@testable import Models

@Suite("Batches of a window")
struct TokenWindowTests {
    /// Sequences of given lengths, spread over parts as threads would leave them; the first token
    /// of each is its row.
    private func parts(
        _ lengths: [Int], count: Int
    ) -> [(tokens: TokenBatch, rows: [Int])] {
        var parts = [(tokens: TokenBatch, rows: [Int])](
            repeating: (TokenBatch(), []), count: count)
        for (row, length) in lengths.enumerated() {
            let part = (row * 7 + row / 3) % count
            for position in 0..<length {
                parts[part].tokens.ids.append(position == 0 ? Int32(row) : -1)
                parts[part].tokens.segments.append(Int32(row % 2))
            }
            parts[part].tokens.closeSequence()
            parts[part].rows.append(row)
        }
        return parts
    }

    private let lengths = (0..<97).map { 3 + ($0 * 37) % 250 } + [900, 2, 2, 384, 1]

    @Test(arguments: [1, 2, 5])
    func `every text is in one batch, with its own tokens and row`(workers: Int) {
        let window = TokenWindow(parts(lengths, count: workers), budget: 384, workers: workers)
        var seen = [Int](repeating: 0, count: lengths.count)
        var batch = TokenBatch()
        var rows: [Int] = []
        for index in 0..<window.count {
            window.copy(index, to: &batch, rows: &rows)
            #expect(batch.sequences == rows.count)
            #expect(rows.map { lengths[$0] } == rows.map { lengths[$0] }.sorted(by: >))
            for (sequence, row) in rows.enumerated() {
                seen[row] += 1
                #expect(batch.length(sequence) == lengths[row])
                #expect(batch.ids[batch.starts[sequence]] == Int32(row))
                #expect(batch.segments[batch.starts[sequence]] == Int32(row % 2))
            }
        }
        #expect(seen == [Int](repeating: 1, count: lengths.count))
    }

    @Test(arguments: [384, 500, 2_000, 1_000_000])
    func `batches of one thread are even: without its last text none is above another`(
        budget: Int
    ) {
        let window = TokenWindow(parts(lengths, count: 3), budget: budget, workers: 1)
        let tokens = lengths.reduce(0, +)
        #expect(window.count == max(1, (tokens + budget / 2) / budget))
        var batch = TokenBatch()
        var rows: [Int] = []
        var sizes: [Int] = []
        var withoutLast: [Int] = []
        for index in 0..<window.count {
            window.copy(index, to: &batch, rows: &rows)
            sizes.append(batch.tokens)
            withoutLast.append(batch.tokens - lengths[rows[rows.count - 1]])
        }
        #expect(sizes.reduce(0, +) == tokens)
        #expect((withoutLast.max() ?? 0) <= (sizes.min() ?? 0))
    }

    @Test
    func `a window of few texts is divided evenly too`() {
        let window = TokenWindow(
            parts([Int](repeating: 170, count: 9), count: 1), budget: 384, workers: 1)
        var batch = TokenBatch()
        var rows: [Int] = []
        let sizes = (0..<window.count).map {
            window.copy($0, to: &batch, rows: &rows)
            return batch.sequences
        }
        #expect(sizes.sorted() == [2, 2, 2, 3])
    }

    @Test
    func `several threads end with small batches, one thread does not`() {
        let even = [Int](repeating: 48, count: 80)
        func sizes(_ workers: Int) -> [Int] {
            let window = TokenWindow(
                parts(even, count: workers), budget: 384, workers: workers)
            var batch = TokenBatch()
            var rows: [Int] = []
            return (0..<window.count).map {
                window.copy($0, to: &batch, rows: &rows)
                return batch.tokens
            }
        }
        #expect(sizes(1) == [Int](repeating: 384, count: 10))
        let shared = sizes(2)
        #expect(shared.first == 384)
        #expect((shared.last ?? 0) <= TokenWindow.smallestBatch)
        #expect(shared == shared.sorted(by: >))
    }

    @Test
    func `a window without texts has no batches`() {
        #expect(TokenWindow([], budget: 384, workers: 2).count == 0)
        #expect(TokenWindow(parts([], count: 3), budget: 384, workers: 3).count == 0)
    }

    @Test
    func `the work of a passage is what its products need`() throws {
        let folder = try sentenceModel(pooling: "pooling_mode_mean_tokens")
        let encoder = try TextEncoder.load(folder: folder.path, tower: .context)
        let configuration = encoder.description.configuration
        let passage = (title: "", text: "the red planet mars")
        var batch = TokenBatch()
        encoder.append(passage: passage, to: &batch)
        let (tokens, width) = (batch.tokens, configuration.hiddenSize)
        let linear = 4 * width * width + 2 * width * configuration.intermediateSize
        let attention = 2 * tokens * width
        let work = encoder.work(passages: [passage])
        #expect(work.tokens == tokens)
        let expected = 2 * configuration.layers * tokens * (linear + attention)
        #expect(work.operations == Double(expected))
        #expect(encoder.work(passages: []) == EncodingWork(tokens: 0, operations: 0))
    }
}
