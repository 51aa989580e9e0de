extension SearchSettings {
    /// Takes what the options name.
    mutating func apply(
        _ options: GenerationOptions, vocabulary: Int
    ) throws(GenerationError) {
        if let length = options.maximumLength { maximumLength = length }
        if let count = options.maximumNewTokens { setNewTokens(count) }
        minimumLength = options.minimumLength ?? minimumLength
        minimumNewTokens = options.minimumNewTokens ?? minimumNewTokens
        beams = options.beams ?? beams
        returns = options.returns ?? returns
        lengthPenalty = options.lengthPenalty ?? lengthPenalty
        earlyStopping = options.earlyStopping ?? earlyStopping
        samples = options.samples ?? samples
        temperature = options.temperature.map { Float($0) } ?? temperature
        topK = options.topK ?? topK
        topP = options.topP ?? topP
        seed = options.seed
        firstSource = options.firstSource
        repetitionPenalty = options.repetitionPenalty.map { Float($0) } ?? repetitionPenalty
        noRepeatNGram = options.noRepeatNGram ?? noRepeatNGram
        badWords = options.badWords ?? badWords
        ends = options.ends ?? ends
        func forced(
            _ token: GenerationOptions.ForcedToken?, _ before: Int32?
        ) -> Int32? {
            switch token {
            case nil: before
            case .some(.none): nil
            case .token(let id): id
            }
        }
        forcedBeginning = forced(options.forcedBeginning, forcedBeginning)
        forcedEnd = forced(options.forcedEnd, forcedEnd)
        let named =
            badWords.joined() + ends + [start, forcedBeginning, forcedEnd].compactMap { $0 }
        for token in named where !(0..<vocabulary).contains(Int(token)) {
            throw .outsideVocabulary(token: Int(token), vocabulary: vocabulary)
        }
    }

    /// Counts the start token to a number of new ones.
    mutating func setNewTokens(_ count: Int) {
        maximumLength = count < .max ? count + 1 : count
    }

    /// The longest output that can be asked for.
    static let longestOutput = 1 << 20

    /// Refuses what cannot be meant.
    func check(longest: Int?) throws(GenerationError) {
        func demand(
            _ holds: Bool, _ name: String, _ reason: String, _ remedy: String
        ) throws(GenerationError) {
            guard holds else {
                throw .invalidOption(name: name, reason: reason, remedy: remedy)
            }
        }
        try demand(
            maximumLength >= 2, "max_length", "is \(maximumLength), which leaves no new token",
            "Give it 2 or more, or max_new_tokens 1 or more")
        let longest = min(longest ?? Self.longestOutput, Self.longestOutput)
        try demand(
            maximumLength <= longest, "max_length",
            "is \(maximumLength), and the model has room for \(longest) tokens",
            "Give it \(longest) or less")
        try demand(
            minimumLength >= 0 && minimumLength <= maximumLength, "min_length",
            "is \(minimumLength), outside 0 to max_length \(maximumLength)",
            "Lower min_length or raise max_length")
        try demand(
            minimumNewTokens >= 0 && minimumNewTokens < maximumLength, "min_new_tokens",
            "is \(minimumNewTokens), outside 0 to \(maximumLength - 1)",
            "Lower min_new_tokens or raise max_length")
        try demand(
            (1...4_096).contains(beams), "num_beams", "is \(beams), outside 1 to 4096",
            "Give it 1 or more")
        try demand(
            (1...4_096).contains(returns), "num_return_sequences",
            "is \(returns), outside 1 to 4096", "Give it 1 or more")
        try demand(
            samples || returns <= beams, "num_return_sequences",
            "is \(returns), more than num_beams \(beams)",
            "Raise num_beams, lower num_return_sequences, or sample")
        try demand(
            !samples || beams == 1 || returns <= beams, "num_return_sequences",
            "is \(returns), more than num_beams \(beams)",
            "Raise num_beams or lower num_return_sequences")
        try demand(
            lengthPenalty.isFinite, "length_penalty", "is \(lengthPenalty)",
            "Give it a finite number")
        try demand(
            temperature.isFinite && temperature > 0, "temperature", "is \(temperature)",
            "Give it a number above 0, or do not sample")
        try demand(topK >= 0, "top_k", "is \(topK)", "Give it 0 or more")
        try demand(
            topP > 0 && topP <= 1, "top_p", "is \(topP), outside 0 to 1",
            "Give it a number above 0 and up to 1")
        try demand(
            repetitionPenalty.isFinite && repetitionPenalty > 0, "repetition_penalty",
            "is \(repetitionPenalty)", "Give it a number above 0")
        try demand(
            noRepeatNGram >= 0, "no_repeat_ngram_size", "is \(noRepeatNGram)",
            "Give it 0 or more")
        try demand(
            badWords.allSatisfy { !$0.isEmpty }, "bad_words_ids", "holds an empty list",
            "Remove it")
        try demand(
            !ends.isEmpty, "eos_token_id", "is an empty list", "Name the token that ends outputs")
    }
}
