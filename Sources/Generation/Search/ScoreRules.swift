/// Changes the scores of the next token.
///
/// Called with the number of the source, the tokens so far (the start token first) and the scores
/// of all tokens, to be changed in place.
public typealias ScoreProcessor =
    @Sendable (
        _ source: Int, _ tokens: [Int32], _ scores: inout MutableSpan<Float>
    ) -> Void

/// Names the tokens that may come next, of the number of the source and the tokens so far.
public typealias PrefixConstraint = @Sendable (_ source: Int, _ tokens: [Int32]) -> [Int32]

/// What the settings, a constraint and processors do to the scores of the next token, in the order
/// of the reference.
struct ScoreRules: Sendable {
    var settings: SearchSettings
    var allowed: PrefixConstraint?
    var processors: [ScoreProcessor] = []
    private let tokenWords: Set<Int32>
    private let longWords: [[Int32]]

    init(
        _ settings: SearchSettings, allowed: PrefixConstraint? = nil,
        processors: [ScoreProcessor] = []
    ) {
        self.settings = settings
        self.allowed = allowed
        self.processors = processors
        // A list that is the end alone is passed over, as in the reference.
        let ends = Set(settings.ends)
        let words = settings.badWords.filter { $0.count != 1 || !ends.contains($0[0]) }
        tokenWords = Set(words.filter { $0.count == 1 }.compactMap(\.first))
        longWords = words.filter { $0.count > 1 }
    }

    /// Applies them all.
    func apply(
        source: Int, _ tokens: [Int32], _ scores: UnsafeMutableBufferPointer<Float>
    ) {
        penaliseRepetition(tokens, scores)
        banRepeatedRuns(tokens, scores)
        banWords(tokens, scores)
        if tokens.count < settings.minimumLength
            || tokens.count - 1 < settings.minimumNewTokens
        {
            for end in settings.ends { scores[Int(end)] = -.infinity }
        }
        if let allowed { keep(allowed(source, tokens), scores) }
        if let token = settings.forcedBeginning, tokens.count == 1 { force(token, scores) }
        if let token = settings.forcedEnd, tokens.count == settings.maximumLength - 1 {
            force(token, scores)
        }
        var span = scores.mutableSpan
        for processor in processors { processor(source, tokens, &span) }
    }

    private func penaliseRepetition(
        _ tokens: [Int32], _ scores: UnsafeMutableBufferPointer<Float>
    ) {
        let penalty = settings.repetitionPenalty
        guard penalty != 1 else { return }
        for token in Set(tokens) {
            let score = scores[Int(token)]
            scores[Int(token)] = score < 0 ? score * penalty : score / penalty
        }
    }

    private func banRepeatedRuns(
        _ tokens: [Int32], _ scores: UnsafeMutableBufferPointer<Float>
    ) {
        let size = settings.noRepeatNGram
        guard size > 0, tokens.count + 1 >= size else { return }
        let last = tokens.suffix(size - 1)
        for start in 0..<max(0, tokens.count - size + 1)
        where tokens[start..<start + size - 1].elementsEqual(last) {
            scores[Int(tokens[start + size - 1])] = -.infinity
        }
    }

    private func banWords(
        _ tokens: [Int32], _ scores: UnsafeMutableBufferPointer<Float>
    ) {
        for token in tokenWords { scores[Int(token)] = -.infinity }
        for word in longWords
        where word.count <= tokens.count
            && tokens.suffix(word.count - 1).elementsEqual(word.dropLast())
        {
            scores[Int(word[word.count - 1])] = -.infinity
        }
    }

    private func keep(_ tokens: [Int32], _ scores: UnsafeMutableBufferPointer<Float>) {
        let kept = tokens.compactMap { token in
            scores.indices.contains(Int(token)) ? (Int(token), scores[Int(token)]) : nil
        }
        scores.update(repeating: -.infinity)
        for (token, score) in kept { scores[token] = score }
    }

    private func force(_ token: Int32, _ scores: UnsafeMutableBufferPointer<Float>) {
        scores.update(repeating: -.infinity)
        scores[Int(token)] = 0
    }
}
