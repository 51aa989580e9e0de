import Base

/// Which tokens a draw is among: temperature, then the likeliest by number, then by probability.
struct DrawRules {
    private let settings: SearchSettings
    /// So many are left whatever the rules say.
    private let kept: Int

    init(_ settings: SearchSettings, kept: Int) {
        self.settings = settings
        self.kept = kept
    }

    /// Sets the scores of all other tokens to −∞.
    func apply(_ scores: UnsafeMutableBufferPointer<Float>) {
        if settings.temperature != 1 {
            for token in scores.indices { scores[token] /= settings.temperature }
        }
        if settings.topK > 0, settings.topK < scores.count {
            let best = TopTokens.best(max(settings.topK, kept), of: scores)
            // Those that are as likely as the last one stay too.
            let least = best.last.map { scores[$0] } ?? -.infinity
            for token in scores.indices where !(scores[token] >= least) {
                scores[token] = -.infinity
            }
        }
        if settings.topP < 1 { keepLikely(scores) }
    }

    private func keepLikely(_ scores: UnsafeMutableBufferPointer<Float>) {
        let order = scores.indices.filter { scores[$0] > -.infinity }.sorted {
            (scores[$0], $1) < (scores[$1], $0)
        }
        guard let highest = order.last.map({ scores[$0] }) else { return }
        let weights = order.map { exponential(Double(scores[$0] - highest)) }
        let total = weights.reduce(0, +)
        var sum = 0.0
        for (token, weight) in zip(order, weights).dropLast(kept) {
            sum += weight
            guard sum / total <= 1 - settings.topP else { return }
            scores[token] = -.infinity
        }
    }
}

/// Random choices of tokens, the same for the same seed, source and output on every machine.
struct Draws: Sendable {
    private var random: SplitMix

    init(seed: UInt64, source: UInt64, sequence: Int) {
        random = SplitMix(seed: seed, source, UInt64(sequence))
    }

    /// Draws up to `count` places without putting any back, each by the softmax of what is left,
    /// and gives them by falling score.
    mutating func draw(
        _ count: Int, from scores: UnsafeMutableBufferPointer<Float>
    ) -> [Int] {
        var places = scores.indices.filter { scores[$0] > -.infinity }
        guard let highest = places.map({ scores[$0] }).max() else { return [] }
        var weights = places.map { exponential(Double(scores[$0] - highest)) }
        var drawn: [Int] = []
        while drawn.count < count, !places.isEmpty {
            let goal = Double(random.next() >> 11) * 0x1p-53 * weights.reduce(0, +)
            var sum = 0.0
            let hit = weights.firstIndex { weight in
                sum += weight
                return sum > goal
            }
            let index = hit ?? weights.count - 1
            drawn.append(places.remove(at: index))
            weights.remove(at: index)
        }
        return drawn.sorted { (scores[$0], $1) > (scores[$1], $0) }
    }
}
