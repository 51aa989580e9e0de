/// How token vectors become one vector.
enum Pooling: String, Sendable {
    case firstToken = "cls"
    case mean
    case maximum = "max"
}

/// What `modules.json` and the folders it names say of a sentence encoder.
struct SentenceModules: Equatable, Sendable {
    var pooling: Pooling
    var normalises: Bool

    /// Reads `modules.json` of `folder`, which is there, and the pooling it names.
    init(folder: String, hiddenSize: Int) throws(ModelError) {
        let (json, modules) = try Self.modules(folder)
        let types = modules.map(\.type)
        guard types == Array(Self.known.prefix(2)) || types == Self.known else {
            throw json.invalid("the list", "is \(types), not Transformer, Pooling[, Normalize]")
        }
        normalises = types.count == 3
        let path = folder + "/" + modules[1].path + "/config.json"
        pooling = try Self.pooling(path, hiddenSize: hiddenSize)
    }

    /// Folder of the transformer: `config.json`, weights, tokenizer; `folder` itself where
    /// `modules.json` is missing or does not say otherwise.
    static func transformerFolder(_ folder: String) throws(ModelError) -> String {
        guard ModelDescription.exists(folder + "/modules.json") else { return folder }
        let path = try modules(folder).modules.first { $0.type == known[0] }?.path ?? ""
        return path.isEmpty ? folder : folder + "/" + path
    }

    private static let known = ["Transformer", "Pooling", "Normalize"]

    private static func modules(
        _ folder: String
    ) throws(ModelError) -> (json: JSONFile, modules: [(type: String, path: String)]) {
        let json = try JSONFile(folder + "/modules.json", purpose: "the list of modules")
        guard case .array(let items) = json.root else {
            throw json.invalid("the file", "is not a list")
        }
        var modules: [(type: String, path: String)] = []
        for item in items {
            guard case .object(let members) = item, case .string(let type) = members["type"],
                case .string(let path) = members["path"] ?? .string("")
            else { throw json.invalid("a module", "has no type or path") }
            guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
                throw json.invalid("path", "leads outside the folder")
            }
            modules.append((type.split(separator: ".").last.map(String.init) ?? type, path))
        }
        if let odd = modules.first(where: { !known.contains($0.type) }) {
            throw .unsupportedModule(path: json.path, type: odd.type)
        }
        return (json, modules)
    }

    private static func pooling(_ path: String, hiddenSize: Int) throws(ModelError) -> Pooling {
        let json = try JSONFile(path, purpose: "how token vectors are pooled")
        let width = try json.integer("word_embedding_dimension") ?? hiddenSize
        guard width == hiddenSize else {
            throw json.invalid("word_embedding_dimension", "is \(width), not \(hiddenSize)")
        }
        let modes: [(key: String, pooling: Pooling?)] = [
            ("pooling_mode_cls_token", .firstToken), ("pooling_mode_mean_tokens", .mean),
            ("pooling_mode_max_tokens", .maximum), ("pooling_mode_mean_sqrt_len_tokens", nil),
            ("pooling_mode_weightedmean_tokens", nil), ("pooling_mode_lasttoken", nil),
        ]
        var chosen: [(key: String, pooling: Pooling?)] = []
        for mode in modes where try json.bool(mode.key) == true { chosen.append(mode) }
        guard let only = chosen.first, chosen.count == 1 else {
            throw json.invalid("pooling_mode", "chooses \(chosen.count) modes, not one")
        }
        guard let pooling = only.pooling else {
            throw .unsupportedConfiguration(path: path, key: only.key, value: "true")
        }
        return pooling
    }
}
