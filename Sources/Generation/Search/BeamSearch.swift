/// Beam search for one source.
///
/// States: searching; done, when as many outputs are finished as there are beams and
/// `earlyStopping` says so, when hypotheses are as long as they may be, or when none goes on.
///
/// 1. `live` holds at most `beams` hypotheses, the best first, all of one length.
/// 2. A step ranks 2 · beams continuations (more where there are several end tokens). One that ends
///    is finished where it is among the first `beams`; the others fill `live`.
/// 3. At most `beams` outputs are kept; a better one drives the worst out.
///
/// Ties: the earlier hypothesis, then the smaller token. Source: `BeamSearchScorer` of transformers
/// 4.41, whose lengths count the tokens behind the start token, the end token included.
struct BeamSearch: TokenSearch {
    private let settings: SearchSettings
    var live: [Hypothesis]
    private(set) var isDone = false
    private var finished: [GeneratedSequence] = []
    /// The lowest score of `finished`; above all others while there is none.
    private var worst = Double.infinity
    private var draws: Draws?

    let takesLogarithms = true

    init(_ settings: SearchSettings, source: Int) {
        self.settings = settings
        live = [Hypothesis(tokens: [settings.start])]
        if settings.samples {
            draws = Draws(seed: settings.seed, source: settings.number(of: source), sequence: 0)
        }
    }

    mutating func advance(
        _ scores: UnsafeMutableBufferPointer<Float>, vocabulary: Int,
        logarithm: (Int, Int32) -> Float
    ) -> Bool {
        let kept = max(2, 1 + settings.ends.count) * settings.beams
        for (row, hypothesis) in live.enumerated() {
            let own = scores.extracting(row * vocabulary..<(row + 1) * vocabulary)
            if settings.samples {
                DrawRules(settings, kept: max(2, 1 + settings.ends.count)).apply(own)
            }
            for token in own.indices { own[token] += hypothesis.sum }
        }
        let candidates = draws?.draw(kept, from: scores) ?? TopTokens.best(kept, of: scores)
        guard let best = candidates.first.map({ scores[$0] }) else {
            live = []
            isDone = true
            return !finished.isEmpty
        }
        let newTokens = live[0].tokens.count
        var next: [Hypothesis] = []
        for (rank, place) in candidates.enumerated() where next.count < settings.beams {
            let (row, token) = (place / vocabulary, Int32(place % vocabulary))
            let isEnd = settings.ends.contains(token)
            if isEnd, rank >= settings.beams { continue }
            let longer = live[row].extended(
                token, sum: scores[place], logarithm: logarithm(row, token))
            if isEnd {
                finish(longer, newTokens: newTokens)
            } else {
                next.append(longer)
            }
        }
        live = next
        if isSettled(best: best, newTokens: newTokens) || live.isEmpty {
            isDone = true
        } else if live[0].tokens.count >= settings.maximumLength {
            for hypothesis in live { finish(hypothesis, newTokens: newTokens) }
            isDone = true
        }
        return true
    }

    /// Whether the outputs there are stay, with `best` the highest sum of what was just ranked.
    private func isSettled(best: Float, newTokens: Int) -> Bool {
        guard finished.count >= settings.beams else { return false }
        switch settings.earlyStopping {
        case .atOnce: return true
        case .whenUnlikely: return worst >= settings.score(best, newTokens: newTokens)
        case .never:
            // Longer outputs score higher where length is rewarded.
            let length = settings.lengthPenalty > 0 ? settings.maximumLength - 1 : newTokens
            return worst >= settings.score(best, newTokens: length)
        }
    }

    private mutating func finish(_ hypothesis: Hypothesis, newTokens: Int) {
        let score = settings.score(hypothesis.sum, newTokens: newTokens)
        guard finished.count < settings.beams || score > worst else { return }
        finished.append(
            GeneratedSequence(
                tokens: hypothesis.tokens, score: score, logarithms: hypothesis.logarithms))
        if finished.count > settings.beams,
            let last = finished.indices.min(by: { finished[$0].score < finished[$1].score })
        {
            finished.remove(at: last)
        }
        worst = finished.map(\.score).min() ?? .infinity
    }

    mutating func finish() -> [GeneratedSequence] {
        // Of equal ones the later comes first, as in the reference.
        let order = finished.indices.sorted {
            (finished[$0].score, $0) > (finished[$1].score, $1)
        }
        return order.prefix(settings.returns).map { finished[$0] }
    }
}
