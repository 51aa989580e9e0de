import Base
import Tensors

/// The safetensors format: eight bytes of header length, a JSON header, then the elements of all
/// tensors without gap or overlap.
extension Checkpoint {
    /// Longest header accepted, as in the format's reference implementation.
    static let maximumHeaderBytes = 100_000_000
    private static let maximumRank = 32

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
        let size = file.bytes.count
        guard size >= 8 else {
            throw .malformedFile(
                path: file.path, offset: 0, reason: "it has \(size) bytes, fewer than 8")
        }
        let length = file.integer(at: 0, as: UInt64.self)
        guard length <= UInt64(maximumHeaderBytes), Int(length) <= size - 8 else {
            throw .malformedFile(
                path: file.path, offset: 0,
                reason: "its header would have \(length) bytes, and \(size - 8) follow")
        }
        let header = UnsafeRawBufferPointer(rebasing: file.bytes[8..<8 + Int(length)])
        do throws(JSONError) {
            var reader = SafetensorsHeader(header, file: index, dataBytes: size - 8 - Int(length))
            try reader.read()
            if tensors.isEmpty {
                tensors = reader.entries
            } else {
                tensors += reader.entries
            }
        } catch {
            throw .malformedFile(path: file.path, offset: 8 + error.offset, reason: error.reason)
        }
    }

    /// Reads and checks one header.
    private struct SafetensorsHeader {
        /// A tensor takes at least so many bytes of header, comma included.
        private static let shortestEntry = 48

        private(set) var entries: [TensorTable.Element] = []
        private var scanner: JSONScanner
        private let header: UnsafeRawBufferPointer
        private let file: Int
        private let dataBytes: Int

        init(_ header: UnsafeRawBufferPointer, file: Int, dataBytes: Int) {
            self.header = header
            self.file = file
            self.dataBytes = dataBytes
            scanner = JSONScanner(header)
            entries.reserveCapacity(header.count / Self.shortestEntry + 1)
        }

        mutating func read() throws(JSONError) {
            try scanner.expect("{")
            if !scanner.accept(UInt8(ascii: "}")) {
                repeat {
                    let name = try scanner.string()
                    try scanner.expect(":")
                    if name == "__metadata__" {
                        try skipMetadata()
                    } else {
                        entries.append(try entry(name))
                    }
                } while scanner.accept(UInt8(ascii: ","))
                try scanner.expect("}")
            }
            try scanner.expectEnd()
            try checkCoverage()
        }

        private mutating func skipMetadata() throws(JSONError) {
            try scanner.expect("{")
            if scanner.accept(UInt8(ascii: "}")) { return }
            repeat {
                _ = try scanner.string()
                try scanner.expect(":")
                _ = try scanner.string()
            } while scanner.accept(UInt8(ascii: ","))
            try scanner.expect("}")
        }

        private mutating func entry(
            _ name: String
        ) throws(JSONError) -> TensorTable.Element {
            let start = scanner.offset
            var type: ElementType?
            var shape: [Int]?
            var range: [Int]?
            try scanner.expect("{")
            repeat {
                let key = try scanner.string()
                try scanner.expect(":")
                switch key {
                case "dtype" where type == nil:
                    let text = try scanner.string()
                    type = ElementType(rawValue: text)
                    guard type != nil else {
                        throw scanner.failure("\(name) has the unknown element type \(text)")
                    }
                case "shape" where shape == nil:
                    shape = try naturalNumbers(limit: maximumRank)
                case "data_offsets" where range == nil:
                    range = try naturalNumbers(limit: 2)
                default:
                    throw scanner.failure("\(name) has an unexpected \"\(key)\"")
                }
            } while scanner.accept(UInt8(ascii: ","))
            try scanner.expect("}")
            guard let type, let shape, let range, range.count == 2 else {
                throw JSONError(
                    offset: start, reason: "\(name) lacks its dtype, shape or data_offsets")
            }
            guard range[0] <= range[1], range[1] <= dataBytes else {
                throw JSONError(
                    offset: start,
                    reason: "\(name) lies at \(range) of \(dataBytes) bytes of data")
            }
            guard let bytes = Self.bytes(shape, type), bytes == range[1] - range[0] else {
                throw JSONError(
                    offset: start,
                    reason: "\(name) of shape \(shape) does not fill \(range[1] - range[0]) bytes")
            }
            let offset = 8 + header.count + range[0]
            return (
                name,
                StoredTensor(type: type, shape: shape, strides: nil, file: file, offset: offset)
            )
        }

        private mutating func naturalNumbers(limit: Int) throws(JSONError) -> [Int] {
            try scanner.expect("[")
            var numbers: [Int] = []
            if scanner.accept(UInt8(ascii: "]")) { return numbers }
            repeat {
                guard numbers.count < limit else {
                    throw scanner.failure("more than \(limit) numbers are listed here")
                }
                numbers.append(try scanner.naturalNumber())
            } while scanner.accept(UInt8(ascii: ","))
            try scanner.expect("]")
            return numbers
        }

        private static func bytes(_ shape: [Int], _ type: ElementType) -> Int? {
            var bytes = type.size
            for dimension in shape {
                let (product, overflow) = bytes.multipliedReportingOverflow(by: dimension)
                guard !overflow else { return nil }
                bytes = product
            }
            return bytes
        }

        /// Every byte of data belongs to exactly one tensor.
        private mutating func checkCoverage() throws(JSONError) {
            entries.sort { ($0.value.offset, $0.value.bytes) < ($1.value.offset, $1.value.bytes) }
            // Offsets of errors count from the header, those of tensors from the file's start.
            var covered = 8 + header.count
            for (name, tensor) in entries {
                guard tensor.offset == covered else {
                    let what = tensor.offset < covered ? "overlap before" : "lie unused before"
                    throw JSONError(
                        offset: min(covered, tensor.offset) - 8, reason: "bytes \(what) \(name)")
                }
                covered += tensor.bytes
            }
            let end = 8 + header.count + dataBytes
            guard covered == end else {
                throw JSONError(
                    offset: covered - 8,
                    reason: "\(end - covered) bytes follow the last tensor")
            }
        }
    }
}
