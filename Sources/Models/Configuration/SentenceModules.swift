import Formats

/// What `modules.json` and the folders it names say of a sentence encoder.
struct SentenceModules: Equatable, Sendable {
    var pooling: SentencePooling
    /// Linear layers between pooling and normalisation.
    var dense: [DenseModule]
    var normalises: Bool

    /// Reads `modules.json` of `folder`, which is there, and what it names.
    init(folder: String, hiddenSize: Int) throws(ModelError) {
        let (json, modules) = try Self.modules(folder)
        let types = modules.map(\.type)
        normalises = types.last == "Normalize"
        let layers = modules.dropFirst(2).dropLast(normalises ? 1 : 0)
        guard types.prefix(2) == ["Transformer", "Pooling"],
            layers.allSatisfy({ $0.type == "Dense" })
        else {
            throw json.invalid(
                "the list", "is \(types), not Transformer, Pooling[, Dense …][, Normalize]")
        }
        pooling = try SentencePooling(
            path: folder + "/" + modules[1].path + "/config.json", hiddenSize: hiddenSize)
        dense = []
        var width = hiddenSize * pooling.modes.count
        for layer in layers {
            let module = try DenseModule(folder: folder + "/" + layer.path, inputs: width)
            width = module.outputs
            dense.append(module)
        }
    }

    /// Folder of the transformer: `config.json`, weights, tokenizer; `folder` itself where
    /// `modules.json` is missing or does not say otherwise.
    static func transformerFolder(_ folder: String) throws(ModelError) -> String {
        guard ModelDescription.exists(folder + "/modules.json") else { return folder }
        let path = try modules(folder).modules.first { $0.type == known[0] }?.path ?? ""
        return path.isEmpty ? folder : folder + "/" + path
    }

    private static let known = ["Transformer", "Pooling", "Dense", "Normalize"]

    private static func modules(
        _ folder: String
    ) throws(ModelError) -> (json: JSONFile, modules: [(type: String, path: String)]) {
        let json = try JSONFile(folder + "/modules.json", purpose: "the list of modules")
        guard case .array(let items) = json.root else {
            throw json.invalid("the file", "is not a list")
        }
        var modules: [(type: String, path: String)] = []
        for item in items {
            guard case .string(let type) = item["type"],
                case .string(let path) = item["path"] ?? .string("")
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
}
