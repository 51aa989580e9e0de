import Foundation
import TestSupport
import Testing

@testable import Generation

/// What rules do to scores, and draws.
@Suite("Rules of generation")
struct RuleTests {
    private func applied(
        _ tokens: [Int32], _ scores: [Float] = [1, -2, 3, -4, 5, 6],
        allowed: PrefixConstraint? = nil, processors: [ScoreProcessor] = [],
        _ edit: (inout SearchSettings) -> Void
    ) -> [Float] {
        var settings = SearchSettings(start: 0, padding: 0, ends: [1], maximumLength: 10)
        edit(&settings)
        var changed = scores
        changed.withUnsafeMutableBufferPointer {
            ScoreRules(settings, allowed: allowed, processors: processors)
                .apply(source: 0, tokens, $0)
        }
        return changed
    }

    private func banned(_ scores: [Float]) -> [Int] {
        scores.indices.filter { scores[$0] == -.infinity }
    }

    @Test
    func `a repetition penalty divides what is above zero and multiplies the rest`() {
        let scores = applied([0, 3, 3, 4]) { $0.repetitionPenalty = 2 }
        #expect(scores == [0.5, -2, 3, -8, 2.5, 6])
    }

    @Test
    func `no run of tokens comes twice`() {
        #expect(banned(applied([0, 2, 3, 4, 2, 3]) { $0.noRepeatNGram = 3 }) == [4])
        #expect(banned(applied([0, 2, 3, 2]) { $0.noRepeatNGram = 2 }) == [3])
        #expect(banned(applied([0, 2]) { $0.noRepeatNGram = 1 }) == [0, 2])
        #expect(banned(applied([0, 2, 3]) { $0.noRepeatNGram = 5 }) == [])
    }

    @Test
    func `bad words do not come, nor go on`() {
        let words: [[Int32]] = [[2], [3, 4], [3, 5, 4], [1]]
        #expect(banned(applied([0, 5]) { $0.badWords = words }) == [2])
        #expect(banned(applied([0, 3]) { $0.badWords = words }) == [2, 4])
        #expect(banned(applied([0, 3, 5]) { $0.badWords = words }) == [2, 4])
        // As in the reference, a run is looked for once so many tokens are there.
        #expect(banned(applied([3]) { $0.badWords = words }) == [2])
    }

    @Test
    func `ends wait for the least length`() {
        #expect(banned(applied([0, 2]) { $0.minimumLength = 3 }) == [1])
        #expect(banned(applied([0, 2, 2]) { $0.minimumLength = 3 }) == [])
        #expect(banned(applied([0, 2]) { $0.minimumNewTokens = 2 }) == [1])
        #expect(banned(applied([0, 2, 2]) { $0.minimumNewTokens = 2 }) == [])
    }

    @Test
    func `forced tokens are alone`() {
        #expect(banned(applied([0]) { $0.forcedBeginning = 4 }) == [0, 1, 2, 3, 5])
        #expect(banned(applied([0, 2]) { $0.forcedBeginning = 4 }) == [])
        let last = [Int32](repeating: 2, count: 9)
        #expect(banned(applied(last) { $0.forcedEnd = 1 }) == [0, 2, 3, 4, 5])
        #expect(banned(applied(last.dropLast()) { $0.forcedEnd = 1 }) == [])
    }

    @Test
    func `processors come last`() {
        let scores = applied(
            [0], allowed: { _, _ in [2, 3, 99] },
            processors: [{ _, tokens, scores in scores[0] = Float(tokens.count) }]
        ) { _ in }
        #expect(scores == [1, -.infinity, 3, -4, -.infinity, -.infinity])
    }

    @Test
    func `draws are among the likeliest`() {
        func kept(_ edit: (inout SearchSettings) -> Void, least: Int = 1) -> [Int] {
            var settings = SearchSettings(start: 0, padding: 0, ends: [1], maximumLength: 10)
            settings.topK = 0
            edit(&settings)
            // Probabilities .4, .3, .2, .1.
            var scores = [0.1, 0.3, 0.4, 0.2].map { Float(log($0)) }
            scores.withUnsafeMutableBufferPointer {
                DrawRules(settings, kept: least).apply($0)
            }
            return scores.indices.filter { scores[$0] > -.infinity }
        }
        #expect(kept { _ in } == [0, 1, 2, 3])
        #expect(kept { $0.topK = 2 } == [1, 2])
        #expect(kept { $0.topP = 0.65 } == [1, 2])
        #expect(kept { $0.topP = 0.75 } == [1, 2, 3])
        #expect(kept { $0.topP = 0.01 } == [2])
        #expect(kept({ $0.topP = 0.01 }, least: 2) == [1, 2])
        #expect(
            kept {
                $0.topK = 3; $0.topP = 0.5
            } == [1, 2])
    }

    @Test
    func `draws are as frequent as probable`() {
        var draws = Draws(seed: 1, source: 0, sequence: 0)
        let probabilities = [0.1, 0.2, 0.3, 0.4]
        var scores = probabilities.map { Float(log($0)) }
        var counts = [0, 0, 0, 0]
        scores.withUnsafeMutableBufferPointer { scores in
            for _ in 0..<20_000 {
                for place in draws.draw(1, from: scores) { counts[place] += 1 }
            }
        }
        // Four standard deviations.
        for (count, probability) in zip(counts, probabilities) {
            let deviation = (20_000 * probability * (1 - probability)).squareRoot()
            #expect(abs(Double(count) - 20_000 * probability) < 4 * deviation)
        }
        scores.withUnsafeMutableBufferPointer { scores in
            #expect(Set(draws.draw(9, from: scores)) == [0, 1, 2, 3])
            scores[2] = -.infinity
            #expect(draws.draw(9, from: scores) == [3, 1, 0])
        }
    }
}
