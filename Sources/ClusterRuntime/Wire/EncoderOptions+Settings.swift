public import ClusterCore
public import Models

extension EncoderOptions {
    /// Bytes of a prefix at most.
    private static let longestPrefix = 4096

    /// The options as they travel.
    public var settings: EncoderSettings {
        EncoderSettings(
            segmentIDs: segmentIDs?.rawValue ?? "", questionPrefix: questionPrefix,
            passagePrefix: passagePrefix,
            precision: precision == .float32 ? "" : precision.rawValue,
            weights: weights == .float32 ? "" : weights.rawValue,
            allowsNonfinite: allowsNonfinite, pooling: pooling?.rawValue ?? "",
            normalize: Self.word(normalises), maximumLength: UInt32(clamping: maximumLength ?? 0),
            lowerCase: Self.word(lowercases), poolsPrompt: Self.word(poolsPrompt))
    }

    /// A choice of two as it travels.
    private enum Answer: String, CaseIterable { case yes, no }

    private static func word(_ value: Bool?) -> String {
        value.map { ($0 ? Answer.yes : .no).rawValue } ?? ""
    }

    private static func answer(_ word: String, _ what: String) throws(ClusterError) -> Bool? {
        let answer: Answer? = try choice(word, what)
        return answer.map { $0 == .yes }
    }

    /// Reads options that came over the wire.
    ///
    /// - Throws: `ClusterError.input` where a value is not known or a prefix too long.
    init(_ settings: EncoderSettings) throws(ClusterError) {
        for prefix in [settings.questionPrefix, settings.passagePrefix] {
            guard (prefix ?? "").utf8.count <= Self.longestPrefix else {
                throw .input("A prefix has more than \(Self.longestPrefix) bytes. Shorten it.")
            }
        }
        let pooling = PoolingChoice(rawValue: settings.pooling)
        guard pooling != nil || settings.pooling.isEmpty else {
            throw .input(
                """
                Unknown pooling “\(settings.pooling)”. Name one of: \
                \(PoolingChoice.names.joined(separator: ", ")).
                """)
        }
        self.init(
            segmentIDs: try choice(settings.segmentIDs, "choice of segment ids"),
            questionPrefix: settings.questionPrefix, passagePrefix: settings.passagePrefix,
            pooling: pooling,
            normalises: try Self.answer(settings.normalize, "choice of unit length"),
            maximumLength: settings.maximumLength == 0 ? nil : Int(settings.maximumLength),
            lowercases: try Self.answer(settings.lowerCase, "choice of lower-casing"),
            poolsPrompt: try Self.answer(settings.poolsPrompt, "choice of pooling prompts"),
            weights: try choice(settings.weights, "storage of weights") ?? .float32,
            precision: try choice(settings.precision, "precision") ?? .float32,
            allowsNonfinite: settings.allowsNonfinite)
    }
}

extension Cuts {
    /// What an encoder has counted, in the words of the wire.
    init(_ cuts: TextCuts) {
        self.init(
            texts: UInt64(cuts.texts), textsCut: UInt64(cuts.textsCut),
            tokens: UInt64(cuts.tokens), tokensCut: UInt64(cuts.tokensCut))
    }
}
