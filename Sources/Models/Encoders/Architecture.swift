import Formats

/// The model families a checkpoint can belong to, told by the names of its tensors.
///
/// Names are facts; the class written in `config.json` is a hint that is often wrong.
enum Architecture: Equatable, Sendable {
    /// A BERT encoder whose names start with `prefix`.
    case bert(prefix: String)
    /// One or both DPR encoders, each with the prefix of its BERT and the name of its projection.
    case dpr([Tower: DPRNames])
    /// RetriBERT: one or two BERTs and two projections.
    case retribert
    /// A DPR reader.
    case reader
    case unknown

    struct DPRNames: Equatable, Sendable {
        var prefix: String
        var projection: String
    }

    /// A tensor that each BERT has.
    private static let mark = BertNames.words

    init(_ names: some Collection<String>) {
        let prefixes = Set(
            names.filter { $0.hasSuffix(Self.mark) }.map { $0.dropLast(Self.mark.count) })
        var towers: [Tower: DPRNames] = [:]
        // Hugging Face's names, then those of DPR's own checkpoints.
        for (tower, root) in [(Tower.question, "question_encoder."), (.context, "ctx_encoder.")]
        where prefixes.contains(root + "bert_model.") {
            towers[tower] = DPRNames(
                prefix: root + "bert_model.", projection: root + "encode_proj")
        }
        for (tower, root) in [(Tower.question, "question_model."), (.context, "ctx_model.")]
        where prefixes.contains(root[...]) {
            towers[tower] = DPRNames(prefix: root, projection: root + "encode_proj")
        }
        if !towers.isEmpty {
            self = .dpr(towers)
        } else if prefixes.contains("span_predictor.encoder.bert_model.") {
            self = .reader
        } else if prefixes.contains("bert_query.") {
            self = .retribert
        } else if let prefix = ["", "bert."].first(where: { prefixes.contains($0[...]) }) {
            self = .bert(prefix: prefix)
        } else {
            self = .unknown
        }
    }

    /// What a folder holds that cannot be used, by the name that its configuration gives it.
    func found(in folder: String) -> String {
        let json = try? JSONFile(folder + "/config.json", purpose: "the model's dimensions")
        guard let json else { return description }
        let type = (try? json.string("model_type")) ?? nil
        // The tensors of another family say nothing that its name does not.
        if self != .unknown, type.map(modelTypes.contains) ?? true { return description }
        var names = type.map { ["model_type \($0)"] } ?? []
        if case .array(let items) = json["architectures"] {
            names += items.compactMap { if case .string(let name) = $0 { name } else { nil } }
        }
        return names.isEmpty ? description : names.joined(separator: ", ")
    }

    var description: String {
        switch self {
        case .bert: "a BERT encoder"
        case .dpr(let towers):
            "a DPR " + towers.keys.map(\.rawValue).sorted().joined(separator: " and ")
                + " encoder"
        case .retribert: "a RetriBERT model"
        case .reader: "a DPR reader"
        case .unknown: "tensors of another architecture"
        }
    }

    /// The values of `model_type` under which this family is stored.
    var modelTypes: [String] {
        switch self {
        // A tower of DPR may be saved as its bare BERT.
        case .bert: ["bert", "dpr"]
        // DPR's own checkpoints lie beside the configuration of the BERT they started from.
        case .dpr: ["dpr", "bert"]
        case .retribert: ["retribert"]
        case .reader: ["dpr"]
        case .unknown: []
        }
    }
}
