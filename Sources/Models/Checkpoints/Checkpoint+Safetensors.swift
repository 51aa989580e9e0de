import Base
import Formats
import Tensors

/// Files of the safetensors format; see ``SafetensorsReader``.
extension Checkpoint {
    /// The longest header accepted is that of the format's reference implementation.
    private static let limits = SafetensorsLimits(headerBytes: 100_000_000, rank: 32)

    /// Opens one safetensors file and checks its header against its size.
    static func openSafetensors(_ path: String) throws(ModelError) -> Checkpoint {
        let file = try MappedFile(path, purpose: "the model's weights")
        var tensors: [TensorTable.Element] = []
        try readSafetensors(file, index: 0, into: &tensors)
        return try Checkpoint(files: [file], tensors: tensors)
    }

    /// Opens the shards that `model.safetensors.index.json` names.
    static func openShardedSafetensors(index path: String) throws(ModelError) -> Checkpoint {
        let shards = try ShardIndexFile(path)
        var files: [MappedFile] = []
        var tensors: [TensorTable.Element] = []
        for shard in shards.files {
            let file = try MappedFile(shard, purpose: "a shard that \(path) names")
            try readSafetensors(file, index: files.count, into: &tensors)
            files.append(file)
        }
        let checkpoint = try Checkpoint(files: files, tensors: tensors)
        try shards.check(checkpoint)
        return checkpoint
    }

    private static func readSafetensors(
        _ file: MappedFile, index: Int, into tensors: inout [TensorTable.Element]
    ) throws(ModelError) {
        do throws(FormatError) {
            let reader = try SafetensorsReader(
                file.bytes.bindMemory(to: UInt8.self).span, limits: limits,
                width: { ElementType(rawValue: $0)?.size }
            ) { tensor -> TensorTable.Element? in
                guard let type = ElementType(rawValue: tensor.type) else { return nil }
                return (
                    tensor.name,
                    StoredTensor(
                        type: type, shape: tensor.shape, strides: nil, file: index,
                        offset: tensor.range.lowerBound)
                )
            }
            tensors.reserveCapacity(tensors.count + reader.entries.count)
            for case let entry? in reader.entries { tensors.append(entry) }
        } catch {
            throw .malformedFile(path: file.path, offset: error.offset, reason: error.reason)
        }
    }
}
