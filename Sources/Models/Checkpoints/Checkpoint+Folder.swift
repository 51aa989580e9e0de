import Foundation

extension Checkpoint {
    /// Opens the weights of a model folder: safetensors before pickled files, whole before sharded.
    static func open(folder: String) throws(ModelError) -> Checkpoint {
        guard FileManager.default.fileExists(atPath: folder) else {
            throw .missingFile(path: folder, purpose: "the model's folder")
        }
        let whole = folder + "/model.safetensors"
        if FileManager.default.fileExists(atPath: whole) { return try openSafetensors(whole) }
        let index = whole + ".index.json"
        if FileManager.default.fileExists(atPath: index) {
            return try openShardedSafetensors(index: index)
        }
        throw .missingFile(path: whole, purpose: "the model's weights")
    }
}
