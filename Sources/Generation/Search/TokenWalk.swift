/// Outputs of one source, each made token by token: the likeliest at each step, or drawn.
///
/// Drawn outputs are independent; each has random numbers of its own, that follow from the seed,
/// the source's number and the output's.
struct TokenWalk: TokenSearch {
    private let settings: SearchSettings
    var live: [Hypothesis]
    /// The number of each live output.
    private var numbers: [Int]
    private var draws: [Draws]
    private var finished: [GeneratedSequence?]

    let takesLogarithms = false
    var isDone: Bool { live.isEmpty }

    init(_ settings: SearchSettings, source: Int) {
        self.settings = settings
        let count = settings.samples ? settings.returns : 1
        live = Array(repeating: Hypothesis(tokens: [settings.start]), count: count)
        numbers = Array(0..<count)
        draws =
            settings.samples
            ? numbers.map {
                Draws(seed: settings.seed, source: settings.number(of: source), sequence: $0)
            } : []
        finished = Array(repeating: nil, count: count)
    }

    mutating func advance(
        _ scores: UnsafeMutableBufferPointer<Float>, vocabulary: Int,
        logarithm: (Int, Int32) -> Float
    ) -> Bool {
        var next: [Hypothesis] = []
        var nextNumbers: [Int] = []
        for (row, number) in numbers.enumerated() {
            let own = scores.extracting(row * vocabulary..<(row + 1) * vocabulary)
            guard let place = choose(number, own) else { return false }
            let token = Int32(place)
            let likelihood = logarithm(row, token)
            let longer = live[row].extended(
                token, sum: live[row].sum + likelihood, logarithm: likelihood)
            if settings.ends.contains(token) || longer.tokens.count >= settings.maximumLength {
                finished[number] = GeneratedSequence(
                    tokens: longer.tokens,
                    score: settings.score(longer.sum, newTokens: longer.tokens.count - 1),
                    logarithms: longer.logarithms)
            } else {
                next.append(longer)
                nextNumbers.append(number)
            }
        }
        (live, numbers) = (next, nextNumbers)
        return true
    }

    private mutating func choose(
        _ number: Int, _ scores: UnsafeMutableBufferPointer<Float>
    ) -> Int? {
        guard settings.samples else { return TopTokens.best(1, of: scores).first }
        DrawRules(settings, kept: 1).apply(scores)
        return draws[number].draw(1, from: scores).first
    }

    /// The outputs in the order of their numbers.
    mutating func finish() -> [GeneratedSequence] { finished.compactMap { $0 } }
}
