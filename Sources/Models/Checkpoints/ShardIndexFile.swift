import Base
import Formats

/// `model.safetensors.index.json` or `pytorch_model.bin.index.json`: which file holds which tensor.
struct ShardIndexFile {
    let path: String
    /// Paths of the shards, each once, in the order of their names.
    let files: [String]
    private let places: [String: String]

    init(_ path: String) throws(ModelError) {
        let json = try JSONFile(path, purpose: "the list of weight shards")
        guard case .object(let map) = json["weight_map"] else {
            throw json.invalid("weight_map", "is not an object")
        }
        let folder = FileNames.folder(of: path)
        var places: [String: String] = [:]
        for member in map {
            let (tensor, value) = (member.name, member.value)
            guard case .string(let name) = value else {
                throw json.invalid("weight_map", "names no file for \(tensor)")
            }
            guard !name.isEmpty, !name.contains("/"), name != "..", name != "." else {
                throw json.invalid("weight_map", "leads \(tensor) outside the folder")
            }
            places[tensor] = folder + "/" + name
        }
        self.path = path
        self.places = places
        files = Set(places.values).sorted()
    }

    /// Checks that each listed tensor is in the shard that should hold it.
    func check(_ checkpoint: Checkpoint) throws(ModelError) {
        for (name, file) in places.sorted(by: { $0.key < $1.key }) {
            guard let tensor = checkpoint.tensors[checkpoint.names(name)],
                checkpoint.files[tensor.file].path == file
            else { throw .missingTensor(path: file, name: name) }
        }
    }
}
