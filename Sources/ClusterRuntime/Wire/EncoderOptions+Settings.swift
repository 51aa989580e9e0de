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
            allowsNonfinite: allowsNonfinite)
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
        self.init(
            segmentIDs: try choice(settings.segmentIDs, "choice of segment ids"),
            questionPrefix: settings.questionPrefix, passagePrefix: settings.passagePrefix,
            weights: try choice(settings.weights, "storage of weights") ?? .float32,
            precision: try choice(settings.precision, "precision") ?? .float32,
            allowsNonfinite: settings.allowsNonfinite)
    }
}
