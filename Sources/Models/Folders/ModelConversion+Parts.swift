import Formats
import Tensors

extension ModelConversion {
    /// A model to be written: its tensors under the names Hugging Face knows.
    struct Part: Sendable {
        /// Where it goes in the target; empty for the target itself.
        var subfolder: String
        var tensors: [(name: String, source: String)]
        /// Keys that `config.json` gets beside its own.
        var settings: [String: any Sendable]
    }

    /// The models that a checkpoint holds.
    ///
    /// Names stay as they are, but for those of DPR's own checkpoints.
    static func parts(
        _ checkpoint: Checkpoint, _ architecture: Architecture, _ json: JSONFile
    ) throws(ModelError) -> [Part] {
        let floats = checkpoint.tensors.filter { $0.value.type.isFloat }.map(\.key)
        guard case .dpr(let towers) = architecture, checkpoint.hasNamesOfDPR(towers) else {
            guard architecture != .unknown else {
                throw .unknownArchitecture(folder: json.path, found: architecture.description)
            }
            var settings: [String: any Sendable] = [:]
            if json["architectures"] == nil, let name = architecture.className {
                settings["architectures"] = [name]
            }
            return [
                Part(subfolder: "", tensors: floats.map { ($0, $0) }, settings: settings)
            ]
        }
        return Tower.allCases.compactMap { tower in
            guard let names = towers[tower] else { return nil }
            return part(checkpoint, tower, names, floats, isOnly: towers.count == 1)
        }
    }

    /// One tower of DPR's own checkpoint.
    private static func part(
        _ checkpoint: Checkpoint, _ tower: Tower, _ names: Architecture.DPRNames,
        _ floats: [String], isOnly: Bool
    ) -> Part {
        let root = tower == .question ? "question_encoder." : "ctx_encoder."
        let tensors = floats.compactMap { name -> (name: String, source: String)? in
            guard name.hasPrefix(names.prefix) else { return nil }
            if name.hasPrefix(names.projection) {
                return (root + "encode_proj" + name.dropFirst(names.projection.count), name)
            }
            return (root + "bert_model." + name.dropFirst(names.prefix.count), name)
        }
        let width = checkpoint.tensors[names.projection + ".weight"]?.shape.first ?? 0
        return Part(
            subfolder: isOnly
                ? "" : tower == .question ? "/question_encoder" : "/context_encoder",
            tensors: tensors,
            settings: [
                "model_type": "dpr", "projection_dim": width,
                "architectures": [
                    tower == .question ? "DPRQuestionEncoder" : "DPRContextEncoder"
                ],
            ])
    }
}

extension Checkpoint {
    /// Whether the towers carry the names of DPR's own checkpoints.
    fileprivate func hasNamesOfDPR(_ towers: [Tower: Architecture.DPRNames]) -> Bool {
        towers.values.contains { $0.prefix == "question_model." || $0.prefix == "ctx_model." }
    }
}

extension Architecture {
    /// Hugging Face's class for such tensors; nil where there is no single one.
    fileprivate var className: String? {
        switch self {
        case .bert: "BertModel"
        case .dpr(let towers):
            towers.count > 1
                ? nil : towers[.question] != nil ? "DPRQuestionEncoder" : "DPRContextEncoder"
        case .retribert: "RetriBertModel"
        case .reader: "DPRReader"
        case .unknown: nil
        }
    }
}
