import Foundation

extension Checkpoint {
    /// Opens the weights of a model folder: safetensors before pickled files, whole before sharded,
    /// and last a single DPR checkpoint (`*.cp`).
    package static func open(
        folder: String, policy: WeightPolicy = WeightPolicy()
    ) throws(ModelError) -> Checkpoint {
        Checkpoint(try openAny(folder: folder), policy: policy)
    }

    /// Opens a single file of weights: safetensors by its name, else one of PyTorch's forms.
    package static func open(file: String) throws(ModelError) -> Checkpoint {
        file.hasSuffix(".safetensors") ? try openSafetensors(file) : try openPickled(file)
    }

    private static func openAny(folder: String) throws(ModelError) -> Checkpoint {
        guard ModelDescription.exists(folder) else {
            throw .missingFile(path: folder, purpose: "the model's folder")
        }
        let safetensors = folder + "/model.safetensors"
        if ModelDescription.exists(safetensors) { return try openSafetensors(safetensors) }
        let shards = safetensors + ".index.json"
        if ModelDescription.exists(shards) { return try openShardedSafetensors(index: shards) }
        let pickled = folder + "/pytorch_model.bin"
        if ModelDescription.exists(pickled) { return try openPickled(pickled) }
        let pickledShards = pickled + ".index.json"
        if ModelDescription.exists(pickledShards) {
            return try openShardedPickled(index: pickledShards)
        }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        let checkpoints = names.filter { $0.hasSuffix(".cp") }
        guard let only = checkpoints.first, checkpoints.count == 1 else {
            if let other = OtherWeights.found(among: names) {
                throw .otherForm(
                    folder: folder, holds: other.text,
                    wanted: "model.safetensors or pytorch_model.bin", remedy: other.remedy)
            }
            throw .missingFile(path: safetensors, purpose: "the model's weights")
        }
        return try openPickled(folder + "/" + only)
    }
}

/// Weights of a form that is not read, told by the names of their files.
private struct OtherWeights {
    /// What a file's name ends with, what that is, and what helps.
    private static let forms: [(suffix: String, form: String, remedy: String)] = [
        (
            "adapter_model.safetensors", "an adapter of PEFT",
            "Merge it into its base model (merge_and_unload, save_pretrained)"
        ),
        (
            "adapter_model.bin", "an adapter of PEFT",
            "Merge it into its base model (merge_and_unload, save_pretrained)"
        ),
        (".onnx", "ONNX", "Take the weights of PyTorch from the model's source"),
        ("tf_model.h5", "TensorFlow", "Open it with from_tf=True and save_pretrained"),
        ("flax_model.msgpack", "Flax", "Open it with from_flax=True and save_pretrained"),
        (".ckpt.index", "TensorFlow", "Open it with from_tf=True and save_pretrained"),
        ("rust_model.ot", "Rust's tch", "Take the weights of PyTorch from the model's source"),
        (".gguf", "GGUF", "Take the weights of PyTorch from the model's source"),
        ("openvino_model.bin", "OpenVINO", "Take the weights of PyTorch from the model's source"),
    ]

    var text: String
    var remedy: String

    /// The first such file; a folder of ONNX is told by its name.
    static func found(among names: [String]) -> OtherWeights? {
        for form in forms {
            guard let name = names.first(where: { $0.hasSuffix(form.suffix) }) else { continue }
            return OtherWeights(text: "\(name) (\(form.form))", remedy: form.remedy)
        }
        guard names.contains("onnx") else { return nil }
        return OtherWeights(
            text: "onnx/ (ONNX)", remedy: "Take the weights of PyTorch from the model's source")
    }
}
