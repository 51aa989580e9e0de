import Base
import Formats
import Tensors

/// PyTorch's own files: the zip form, the stream form from before PyTorch 1.6, and DPR's `.cp`.
///
/// Tensors stay where they are in the file, strides and shared storages included.
extension Checkpoint {
    /// Opens one pickled file.
    static func openPickled(_ path: String) throws(ModelError) -> Checkpoint {
        let file = try MappedFile(path, purpose: "the model's weights")
        var tensors: [TensorTable.Element] = []
        let checksums = try readPickled(file, index: 0, into: &tensors)
        return try Checkpoint(files: [file], tensors: tensors, checksums: [checksums])
    }

    /// Opens the shards that `pytorch_model.bin.index.json` names.
    static func openShardedPickled(index path: String) throws(ModelError) -> Checkpoint {
        let shards = try ShardIndexFile(path)
        var files: [MappedFile] = []
        var tensors: [TensorTable.Element] = []
        var checksums: [[MemberChecksum]] = []
        for shard in shards.files {
            let file = try MappedFile(shard, purpose: "a shard that \(path) names")
            checksums.append(try readPickled(file, index: files.count, into: &tensors))
            files.append(file)
        }
        let checkpoint = try Checkpoint(files: files, tensors: tensors, checksums: checksums)
        try shards.check(checkpoint)
        return checkpoint
    }

    private static func readPickled(
        _ file: MappedFile, index: Int, into tensors: inout [TensorTable.Element]
    ) throws(ModelError) -> [MemberChecksum] {
        let isZip = file.bytes.count >= 4 && file.integer(at: 0, as: UInt32.self) == 0x0403_4B50
        let opened = try isZip ? openZip(file) : openStream(file)
        for (name, tensor) in try opened.stateDictionary() {
            let stored = try opened.stored(tensor, file: file, index: index)
            tensors.append((name, stored))
        }
        return opened.checksums
    }

    /// A pickle that has been read, and where its storages lie.
    private struct Opened {
        var reader: PickleReader
        var root: PickleValue
        /// Byte ranges of the storages, by key.
        var storages: [String: Range<Int>]
        var checksums: [MemberChecksum] = []

        func items(_ value: PickleValue) -> [(key: PickleValue, value: PickleValue)]? {
            guard case .dictionary(let index) = value else { return nil }
            return reader.dictionaries[index]
        }

        /// The keys under which trainers keep a model's tensors beside other things.
        private static let modelKeys = ["model_dict", "state_dict", "model_state_dict", "model"]

        /// The named tensors: the root dictionary, or what it holds under one of `modelKeys`.
        func stateDictionary() throws(ModelError) -> [(String, PickleTensor)] {
            guard var entries = items(root) else {
                throw reader.failure("the file holds no dictionary of tensors")
            }
            for key in Self.modelKeys {
                guard let model = entries.last(where: { $0.key == .string(key) })?.value else {
                    continue
                }
                guard let inner = items(model) else {
                    throw reader.failure("\(key) is no dictionary of tensors")
                }
                entries = inner
                break
            }
            var tensors: [(String, PickleTensor)] = []
            for (key, value) in entries {
                if case .string(let name) = key, case .tensor(let index) = value {
                    tensors.append((name, reader.tensors[index]))
                }
            }
            guard !tensors.isEmpty else {
                throw reader.failure("the file holds no dictionary of tensors")
            }
            return tensors
        }

        func stored(
            _ tensor: PickleTensor, file: MappedFile, index: Int
        ) throws(ModelError) -> StoredTensor {
            let storage = reader.storages[tensor.storage]
            guard let bytes = storages[storage.key] else {
                throw reader.failure("the storage \(storage.key) is missing")
            }
            guard bytes.count >= storage.count * storage.type.size else {
                throw .malformedFile(
                    path: file.path, offset: bytes.lowerBound,
                    reason: "the storage \(storage.key) has \(bytes.count) bytes,"
                        + " not \(storage.count * storage.type.size)")
            }
            // Strides of 0 can describe more elements than any file holds.
            var count = 1
            for size in tensor.shape where size > 0 {
                let (product, overflow) = count.multipliedReportingOverflow(by: size)
                guard !overflow, product <= file.bytes.count + 1 << 18 else {
                    throw reader.failure("a tensor of shape \(tensor.shape) is described")
                }
                count = product
            }
            let first = storage.view.lowerBound + tensor.offset
            return StoredTensor(
                type: storage.type, shape: tensor.shape,
                strides: isRowMajor(tensor) ? nil : tensor.strides, file: index,
                offset: bytes.lowerBound + first * storage.type.size)
        }

        private func isRowMajor(_ tensor: PickleTensor) -> Bool {
            var expected = 1
            for (size, stride) in zip(tensor.shape, tensor.strides).reversed() {
                if size != 1, stride != expected { return false }
                expected *= size
            }
            return true
        }
    }

    private static func openZip(_ file: MappedFile) throws(ModelError) -> Opened {
        var members: [String: Range<Int>] = [:]
        let archive: ZipArchive
        do throws(FormatError) {
            archive = try ZipArchive(file)
        } catch {
            throw .malformedFile(path: file.path, offset: error.offset, reason: error.reason)
        }
        for member in archive.members {
            guard !member.isDeflated else {
                throw .malformedFile(
                    path: file.path, offset: member.range.lowerBound,
                    reason: "the member \(member.name) is compressed or encrypted")
            }
            members[member.name] = member.range
        }
        let pickles = members.keys.filter { $0.hasSuffix("/data.pkl") }
        guard let name = pickles.first, pickles.count == 1, let range = members[name] else {
            throw .malformedFile(
                path: file.path, offset: 0,
                reason: "the archive holds \(pickles.count) data.pkl, not one")
        }
        let root = name.dropLast("data.pkl".count)
        if let order = members[root + "byteorder"] {
            guard file.bytes[order].elementsEqual("little".utf8) else {
                throw .malformedFile(
                    path: file.path, offset: order.lowerBound,
                    reason: "its numbers are not little-endian")
            }
        }
        var reader = PickleReader(
            UnsafeRawBufferPointer(rebasing: file.bytes[range]), path: file.path,
            base: range.lowerBound, fileSize: file.bytes.count)
        let value = try reader.read()
        var storages: [String: Range<Int>] = [:]
        let folder = root + "data/"
        for (member, range) in members where member.hasPrefix(folder) {
            storages[String(member.dropFirst(folder.count))] = range
        }
        return Opened(
            reader: reader, root: value, storages: storages,
            checksums: archive.members.map {
                MemberChecksum(range: $0.range, crc32: $0.crc32)
            })
    }

    private static let streamMagic: [UInt8] = [
        0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
    ]

    /// Five pickles (magic, version, system, object, storage keys), then per storage its element
    /// count and its elements.
    private static func openStream(_ file: MappedFile) throws(ModelError) -> Opened {
        var reader = PickleReader(file.bytes, path: file.path, fileSize: file.bytes.count)
        guard try reader.read() == .longInteger(streamMagic), try reader.read() == .integer(1001)
        else { throw reader.failure("it is no file of PyTorch") }
        let system = try reader.read()
        guard case .dictionary(let index) = system,
            reader.dictionaries[index].contains(where: {
                $0.key == .string("little_endian") && $0.value == .bool(true)
            })
        else { throw reader.failure("its numbers are not little-endian") }
        let root = try reader.read()
        let listed = try reader.read()
        guard let keys = reader.sequence(listed) else {
            throw reader.failure("the storages are not listed")
        }
        var described: [String: PickleStorage] = [:]
        for storage in reader.storages { described[storage.key] = storage }
        var storages: [String: Range<Int>] = [:]
        var offset = reader.position
        for key in keys {
            guard case .string(let key) = key, let storage = described[key] else {
                throw reader.failure("a storage is listed that no tensor uses")
            }
            guard offset <= file.bytes.count - 8,
                file.integer(at: offset, as: UInt64.self) == UInt64(storage.count)
            else {
                throw .malformedFile(
                    path: file.path, offset: offset,
                    reason: "the storage \(key) does not have its \(storage.count) elements")
            }
            let start = offset + 8
            let bytes = storage.count * storage.type.size
            guard bytes <= file.bytes.count - start else {
                throw .malformedFile(
                    path: file.path, offset: start, reason: "the storage \(key) is cut off")
            }
            guard storages.updateValue(start..<start + bytes, forKey: key) == nil else {
                throw reader.failure("the storage \(key) is listed twice")
            }
            offset = start + bytes
        }
        return Opened(reader: reader, root: root, storages: storages)
    }
}
