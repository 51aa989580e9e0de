import Foundation

extension Checkpoint {
    /// Opens the weights of a model folder: safetensors before pickled files, whole before sharded,
    /// and last a single DPR checkpoint (`*.cp`).
    static func open(
        folder: String, policy: WeightPolicy = WeightPolicy()
    ) throws(ModelError) -> Checkpoint {
        Checkpoint(try openAny(folder: folder), policy: policy)
    }

    /// Opens a single file of weights: safetensors by its name, else one of PyTorch's forms.
    static func open(file: String) throws(ModelError) -> Checkpoint {
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
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let checkpoints = names.filter { $0.hasSuffix(".cp") }
        guard let only = checkpoints.first, checkpoints.count == 1 else {
            throw .missingFile(path: safetensors, purpose: "the model's weights")
        }
        return try openPickled(folder + "/" + only)
    }
}
