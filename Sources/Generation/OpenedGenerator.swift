import Models

/// A generator's folder that has been looked through: its plan, its mapped weights and what its
/// files say of how it generates.
struct OpenedGenerator: Sendable {
    /// The folder.
    let folder: String
    /// config.json, or its part `generator` in a RAG folder.
    let json: JSONFile
    let kind: GenerationSettings.Kind
    let plan: EncoderDecoderPlan
    let checkpoint: Checkpoint
    /// How it generates from one source.
    let settings: GenerationSettings
    /// How each kind of RAG generates with it.
    let ragSettings: [RagKind: GenerationSettings]
    /// Whether it is part of a RAG folder.
    let isPart: Bool

    init(folder: String, policy: WeightPolicy = WeightPolicy()) throws(GenerationError) {
        self.folder = folder
        checkpoint = try reading { () throws(ModelError) in
            let checkpoint = try Checkpoint.open(folder: folder, policy: policy)
            try checkpoint.verifyChecksums()
            return checkpoint
        }
        let (root, type) = try reading { () throws(ModelError) in
            let root = try JSONFile(folder + "/config.json", purpose: "the model's dimensions")
            return (root, try root.string("model_type"))
        }
        isPart = type == "rag"
        json =
            !isPart
            ? root
            : try reading { () throws(ModelError) in
                guard let part = try root.object("generator") else {
                    throw root.invalid("generator", "is missing")
                }
                return part
            }
        let own = try reading { [json] () throws(ModelError) in try json.string("model_type") }
        guard let own, let kind = GenerationSettings.Kind(rawValue: own) else {
            throw .unknownArchitecture(
                folder: folder, found: own.map { "model_type \($0)" } ?? "no model_type")
        }
        self.kind = kind
        plan = try reading { [json, checkpoint] () throws(ModelError) in
            try EncoderDecoderPlan(kind, json, names: checkpoint.tensors.map(\.key))
        }
        (settings, ragSettings) = try reading { [json, isPart] () throws(ModelError) in
            guard isPart else {
                let settings = try GenerationSettings(model: json, folder: folder, kind: kind)
                return (settings, [:])
            }
            return (
                try GenerationSettings(model: json, folder: nil, kind: kind),
                [
                    .sequence: try GenerationSettings(
                        ragSequence: root, generator: json, kind: kind),
                    .token: try GenerationSettings(
                        ragToken: root, generator: json, folder: folder, kind: kind),
                ]
            )
        }
    }

    /// The names that Hugging Face's classes give the parameters, with those in the files.
    ///
    /// Files may open names with the classes they were saved inside, and call the table of token
    /// vectors by any of the names it is tied to.
    func parameters() throws(GenerationError) -> [(name: String, parameter: ParameterShape)] {
        let bias = plan.head.bias == nil ? [] : ["final_logits_bias"]
        let marks = [
            "model.encoder.layers.0.self_attn.k_proj.weight", "model.shared.weight",
            "encoder.block.0.layer.0.SelfAttention.k.weight", "shared.weight",
        ]
        let names = try reading { () throws(ModelError) in
            try EncoderDecoderPlan(
                kind, json, names: (kind == .bart ? marks[..<2] : marks[2...]) + bias)
        }.parameters
        return zip(names, plan.parameters).map { ($0.name, $1) }
    }
}

extension EncoderDecoderPlan {
    /// The plan of a model whose file holds the tensors `names`.
    init(
        _ kind: GenerationSettings.Kind, _ json: JSONFile, names: some Collection<String>
    ) throws(ModelError) {
        switch kind {
        case .bart: try self.init(bart: json, names: names)
        case .t5: try self.init(t5: json, names: names)
        }
    }
}
