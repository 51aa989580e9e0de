import Foundation
import TestSupport
import Testing

@testable import Generation

/// The search by itself, over scores that a test makes up.
@Suite("Beam search")
struct BeamSearchTests {
    /// A language of few tokens, whose scores follow from the tokens before.
    struct Language {
        var vocabulary: Int
        var seed: UInt64

        /// The logarithms of the next token's probabilities.
        func logarithms(_ tokens: [Int32]) -> [Float] {
            var dice = Dice(seed: tokens.reduce(seed) { $0 &* 31 &+ UInt64($1) &+ 7 })
            let scores = dice.floats(vocabulary, in: -3...3)
            return logSoftmax(scores).map { Float($0) }
        }

        /// Every output, the best first: those that end, and those as long as may be.
        func all(_ settings: SearchSettings) -> [(tokens: [Int32], score: Double)] {
            var open: [(tokens: [Int32], sum: Float)] = [([settings.start], 0)]
            var done: [(tokens: [Int32], score: Double)] = []
            while let (tokens, sum) = open.popLast() {
                for (token, logarithm) in logarithms(tokens).enumerated() {
                    let longer = tokens + [Int32(token)]
                    let total = sum + logarithm
                    if settings.ends.contains(Int32(token))
                        || longer.count == settings.maximumLength
                    {
                        done.append((longer, settings.score(total, newTokens: longer.count - 1)))
                    } else {
                        open.append((longer, total))
                    }
                }
            }
            return done.sorted { $0.score > $1.score }
        }

        func search(_ settings: SearchSettings) -> [GeneratedSequence] {
            var search = BeamSearch(settings, source: 0)
            while !search.isDone {
                var scores = search.live.flatMap { logarithms($0.tokens) }
                let plain = scores
                let advances = scores.withUnsafeMutableBufferPointer {
                    search.advance($0, vocabulary: vocabulary) { row, token in
                        plain[row * vocabulary + Int(token)]
                    }
                }
                #expect(advances)
                #expect(search.live.count <= settings.beams)
                #expect(Set(search.live.map(\.tokens.count)).count <= 1)
            }
            return search.finish()
        }
    }

    private func settings(beams: Int, maximumLength: Int) -> SearchSettings {
        var settings = SearchSettings(
            start: 0, padding: 0, ends: [1], maximumLength: maximumLength)
        settings.beams = beams
        settings.returns = min(3, beams)
        settings.earlyStopping = .never
        return settings
    }

    @Test(arguments: 0..<20)
    func `beams as wide as all outputs find the best of them`(_ seed: UInt64) {
        let language = Language(vocabulary: 3 + Int(seed % 3), seed: seed)
        for penalty in [0.0, 0.5, 1, 2] {
            var settings = settings(beams: 700, maximumLength: 5)
            settings.lengthPenalty = penalty
            let found = language.search(settings)
            let all = language.all(settings)
            #expect(found.map(\.tokens) == all.prefix(3).map(\.tokens))
            for (a, b) in zip(found, all) { #expect(abs(a.score - b.score) < 1e-5) }
        }
    }

    @Test(arguments: 0..<20)
    func `one beam takes the likeliest token at each step`(_ seed: UInt64) {
        let language = Language(vocabulary: 9, seed: seed)
        var settings = settings(beams: 1, maximumLength: 8)
        settings.earlyStopping = .atOnce
        var walk = TokenWalk(settings, source: 0)
        var expected: [Int32] = [0]
        while !walk.isDone {
            var scores = language.logarithms(walk.live[0].tokens)
            let plain = scores
            let best = plain.indices.max { (plain[$0], -$0) < (plain[$1], -$1) } ?? 0
            expected.append(Int32(best))
            let advances = scores.withUnsafeMutableBufferPointer {
                walk.advance($0, vocabulary: 9) { _, token in plain[Int(token)] }
            }
            #expect(advances)
        }
        #expect(walk.finish().map(\.tokens) == [expected])
    }

    @Test
    func `a score is the sum of the logarithms by length to the penalty`() {
        let language = Language(vocabulary: 6, seed: 3)
        for penalty in [0.0, 1, 2.5] {
            var settings = settings(beams: 4, maximumLength: 9)
            settings.lengthPenalty = penalty
            for output in language.search(settings) {
                let sum = output.logarithms.reduce(0) { $0 + Double($1) }
                let length = Double(output.tokens.count - 1)
                #expect(output.logarithms.count == output.tokens.count - 1)
                #expect(abs(output.score - sum / pow(length, penalty)) < 1e-5)
            }
        }
    }

    @Test
    func `where no token is allowed a search says so`() {
        var scores = [Float](repeating: -.infinity, count: 4)
        var search = BeamSearch(settings(beams: 2, maximumLength: 6), source: 0)
        let advances = scores.withUnsafeMutableBufferPointer {
            search.advance($0, vocabulary: 4) { _, _ in 0 }
        }
        #expect(!advances && search.isDone && search.finish().isEmpty)
    }

    @Test
    func `the highest scores come first, of equal ones the earlier`() {
        var dice = Dice(seed: 9)
        for count in [1, 2, 5, 40, 90] {
            var scores = (0..<80).map { _ in Float(dice.below(12)) }
            for place in [3, 17] { scores[place] = -.infinity }
            scores[20] = .nan
            let plain = scores.indices.filter { scores[$0] > -.infinity }
                .sorted { (scores[$0], -$0) > (scores[$1], -$1) }
            let found = scores.withUnsafeMutableBufferPointer { TopTokens.best(count, of: $0) }
            #expect(found == Array(plain.prefix(count)))
        }
    }
}
