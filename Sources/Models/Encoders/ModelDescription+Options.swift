/// What a user, or a collection, decides of an encoder in its folder's place.
extension ModelDescription {
    /// Puts options in the place of what the folder says.
    mutating func apply(_ options: EncoderOptions) throws(ModelError) {
        if let prefix = options.questionPrefix { prefixes.question = prefix }
        if let prefix = options.passagePrefix { prefixes.passage = prefix }
        if let choice = options.pooling { try take(choice) }
        if let normalises = options.normalises { self.normalises = normalises }
        if let lowercases = options.lowercases { self.lowercases = lowercases }
        if let poolsPrompt = options.poolsPrompt { pooling.includesPrompt = poolsPrompt }
        if let length = options.maximumLength {
            guard (8...configuration.positions).contains(length) else {
                throw .unsuitableOption(
                    folder: folder, option: "--max-length \(length)",
                    reason: "it has \(configuration.positions) positions",
                    remedy: "Name a length of 8 to \(configuration.positions) tokens")
            }
            maximumLength = length
        }
    }

    /// Pools as named, where the family leaves a choice.
    private mutating func take(_ choice: PoolingChoice) throws(ModelError) {
        guard choice != ownPooling else { return }
        func refusal(_ reason: String) -> ModelError {
            .unsuitableOption(
                folder: folder, option: "--pooling \(choice.rawValue)", reason: reason,
                remedy: "Leave the option out, or name another model")
        }
        guard kind == .sentence else {
            throw refusal("\(kind == .dpr ? "DPR" : "RetriBERT") is pooled by its first token")
        }
        if !dense.isEmpty, max(1, choice.modes.count) != pooling.modes.count {
            throw refusal("its module Dense takes vectors of \(pooledWidth)")
        }
        use(choice)
    }

    /// Pools a sentence encoder as named.
    mutating func use(_ choice: PoolingChoice) {
        pooling.modes = choice == .pooler ? [.firstToken] : choice.modes
        poolerName = choice == .pooler ? BertNames(prefix: prefix).pooler : nil
    }

    /// How it is pooled, as an option names it.
    var ownPooling: PoolingChoice {
        poolerName == nil ? PoolingChoice(pooling.modes) : .pooler
    }

    /// The options that give the same vectors whatever else the folder says.
    var resolved: EncoderOptions {
        EncoderOptions(
            segmentIDs: kind == .dpr ? segmentIDs : nil, questionPrefix: prefixes.question,
            passagePrefix: prefixes.passage, pooling: ownPooling, normalises: normalises,
            maximumLength: maximumLength, lowercases: lowercases,
            poolsPrompt: pooling.includesPrompt, weights: weights, precision: precision,
            allowsNonfinite: allowsNonfinite)
    }

    /// What a user is told where nothing says how to pool.
    static func assumption(_ folder: String, _ pooling: PoolingChoice) -> String {
        "\(folder) does not say how token vectors become one: --pooling \(pooling.rawValue), not"
            + " normalised, is assumed. Name another, such as --pooling "
            + (pooling == .cls ? "mean" : "cls") + ", where the model was trained with it."
    }
}
