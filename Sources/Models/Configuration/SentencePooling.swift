import Formats

/// One way in which token vectors become one vector.
///
/// The names are those that sentence-transformers stores, in the order of its flags.
enum Pooling: String, CaseIterable, Sendable {
    /// The vector of the first token that counts.
    case firstToken = "cls"
    /// The maximum over tokens, feature by feature.
    case maximum = "max"
    /// The mean over tokens.
    case mean
    /// The sum over tokens, divided by the square root of their number.
    case meanSquareRoot = "mean_sqrt_len_tokens"
    /// The mean over tokens, each weighted by its place, counted from 1.
    case weightedMean = "weightedmean"
    /// The last token's vector.
    case lastToken = "lasttoken"

    /// The key that says so in a folder written before sentence-transformers 5.4.
    fileprivate var flag: String {
        switch self {
        case .firstToken: "pooling_mode_cls_token"
        case .maximum: "pooling_mode_max_tokens"
        case .mean: "pooling_mode_mean_tokens"
        case .meanSquareRoot: "pooling_mode_mean_sqrt_len_tokens"
        case .weightedMean: "pooling_mode_weightedmean_tokens"
        case .lastToken: "pooling_mode_lasttoken"
        }
    }
}

/// How a sentence encoder pools: its modes, joined in their order, and what of a text counts.
///
/// Reads both forms of `1_Pooling/config.json`: a flag for each mode, and since
/// sentence-transformers 5.4 `pooling_mode` with one name or several.
struct SentencePooling: Equatable, Sendable {
    /// The modes; their vectors stand one behind the other.
    var modes: [Pooling]
    /// Whether the tokens of a prompt, and the special token before them, are pooled too.
    var includesPrompt = true
    /// Whether `cls` is the first token behind a prompt that is left out, as in
    /// sentence-transformers 6.2, and not the text's first as in 5.4.
    private(set) var clsFollowsPrompt = true
    /// What the file says twice and differently, and which one counts, as sentences.
    private(set) var contradictions: [String] = []

    init(_ mode: Pooling) {
        modes = [mode]
    }

    /// Reads the file at `path`.
    init(path: String, hiddenSize: Int) throws(ModelError) {
        let json = try JSONFile(path, purpose: "how token vectors are pooled")
        for key in ["word_embedding_dimension", "embedding_dimension"] {
            if let width = try json.integer(key), width != hiddenSize {
                throw json.invalid(key, "is \(width), not \(hiddenSize)")
            }
        }
        let flags = try Self.flags(json)
        let named = try Self.named(json)
        if !flags.isEmpty, let named, flags != Pooling.allCases.filter(named.contains) {
            contradictions = [
                "pooling_mode says \(Self.text(named)), the flags beside it \(Self.text(flags)):"
                    + " pooling_mode counts."
            ]
        }
        modes = named ?? flags
        if named == nil, flags.isEmpty {
            modes = [.mean]
            contradictions.append("\(path) chooses no pooling mode: mean, the default, counts.")
        }
        guard !modes.isEmpty else { throw json.invalid("pooling_mode", "chooses no mode") }
        includesPrompt = try json.bool("include_prompt") ?? true
    }

    /// Pools by the rules of sentence-transformers up to 5.4.
    mutating func useEarlierRules() {
        modes = Pooling.allCases.filter(modes.contains)
        clsFollowsPrompt = false
    }

    /// The modes as one text, such as `cls+mean`.
    var name: String { Self.text(modes) }

    private static func text(_ modes: [Pooling]) -> String {
        modes.map(\.rawValue).joined(separator: "+")
    }

    private static func flags(_ json: JSONFile) throws(ModelError) -> [Pooling] {
        let known = Pooling.allCases.map(\.flag)
        if case .object(let members) = json.root,
            let unknown = members.first(where: {
                $0.name.hasPrefix("pooling_mode_") && $0.value == .bool(true)
                    && !known.contains($0.name)
            })
        {
            throw .unsupportedConfiguration(path: json.path, key: unknown.name, value: "true")
        }
        var modes: [Pooling] = []
        for mode in Pooling.allCases where try json.bool(mode.flag) == true { modes.append(mode) }
        return modes
    }

    private static func named(_ json: JSONFile) throws(ModelError) -> [Pooling]? {
        let names: [String]
        switch json["pooling_mode"] {
        case nil: return nil
        case .string(let name): names = [name]
        case .array(let items):
            names = items.compactMap { if case .string(let name) = $0 { name } else { nil } }
            guard names.count == items.count else {
                throw json.invalid("pooling_mode", "names a mode by something else than a text")
            }
        default: throw json.invalid("pooling_mode", "is no name and no list of names")
        }
        var modes: [Pooling] = []
        for name in names {
            guard let mode = Pooling(rawValue: name == "mean_sqrt_len" ? name + "_tokens" : name)
            else {
                throw .unsupportedConfiguration(path: json.path, key: "pooling_mode", value: name)
            }
            guard !modes.contains(mode) else {
                throw json.invalid("pooling_mode", "names \(name) twice")
            }
            modes.append(mode)
        }
        return modes
    }
}
