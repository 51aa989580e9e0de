package import Base
package import Tensors

/// A tensor inside a mapped file.
package struct StoredTensor: Sendable {
    package var type: ElementType
    package var shape: [Int]
    /// Distance of neighbours along each dimension in elements; nil means row-major.
    var strides: [Int]?
    /// Index of the file in the checkpoint.
    var file: Int
    /// Byte offset of the first element in that file.
    var offset: Int

    /// Elements; the reader of the file has checked that this and `bytes` do not overflow.
    package var count: Int { shape.reduce(1, *) }
    var bytes: Int { count * type.size }
}

/// What is let pass, and how weights are kept.
package struct WeightPolicy: Sendable {
    package var allowsNonfinite = false
    package var storage = WeightStorage.float32

    package init(allowsNonfinite: Bool = false, storage: WeightStorage = .float32) {
        self.allowsNonfinite = allowsNonfinite
        self.storage = storage
    }
}

extension WeightPolicy {
    init(_ options: EncoderOptions) {
        self.init(allowsNonfinite: options.allowsNonfinite, storage: options.weights)
    }
}

/// Named tensors in one or more mapped files; the element bytes stay in the files.
package final class Checkpoint: Sendable {
    package let files: [MappedFile]
    package let tensors: TensorTable
    /// How the files' own names became those of `tensors`.
    let names: TensorNames
    let policy: WeightPolicy
    /// Checksums that the files themselves give, by file.
    let checksums: [[MemberChecksum]]

    /// Throws: `ModelError.malformedFile` where a name occurs twice.
    init(
        files: [MappedFile], tensors: consuming [TensorTable.Element],
        checksums: [[MemberChecksum]] = []
    ) throws(ModelError) {
        self.files = files
        self.checksums = checksums
        policy = WeightPolicy()
        names = TensorNames(tensors.lazy.map(\.key))
        var renamed = consume tensors
        for index in renamed.indices { renamed[index].key = names(renamed[index].key) }
        do throws(TensorTable.DuplicateName) {
            self.tensors = try TensorTable(consume renamed)
        } catch {
            throw .malformedFile(
                path: files[error.entry.value.file].path, offset: 0,
                reason: "the tensor \(error.entry.key) occurs twice")
        }
    }

    /// The same files and tensors under another policy.
    init(_ other: Checkpoint, policy: WeightPolicy) {
        files = other.files
        tensors = other.tensors
        names = other.names
        checksums = other.checksums
        self.policy = policy
    }

    /// Some of the tensors of `other`, under the names that `tensors` gives them.
    init(_ other: Checkpoint, tensors: [TensorTable.Element]) throws(ModelError) {
        files = other.files
        names = other.names
        checksums = other.checksums
        policy = other.policy
        do throws(TensorTable.DuplicateName) {
            self.tensors = try TensorTable(tensors)
        } catch {
            throw .malformedFile(
                path: other.path, offset: 0,
                reason: "the tensor \(error.entry.key) occurs twice")
        }
    }

    /// The first file, which errors about the whole checkpoint name.
    package var path: String { files.first?.path ?? "" }

    func path(of name: String) -> String {
        tensors[name].map { files[$0.file].path } ?? path
    }

    /// The tensor `name`, which must have `shape` and hold floats.
    func tensor(_ name: String, shape: [Int]) throws(ModelError) -> StoredTensor {
        guard let tensor = tensors[name] else {
            throw .missingTensor(path: path, name: name)
        }
        guard tensor.shape == shape else {
            throw .wrongShape(
                path: files[tensor.file].path, name: name, expected: shape, found: tensor.shape)
        }
        guard tensor.type.isFloat else {
            throw .wrongElementType(
                path: files[tensor.file].path, name: name, found: tensor.type.rawValue)
        }
        return tensor
    }

    /// Copies the tensor `name` of `shape` to `floats` as row-major 32-bit floats, all finite.
    func copy(
        _ name: String, shape: [Int], to floats: UnsafeMutablePointer<Float>
    ) throws(ModelError) {
        let count = try tensor(name, shape: shape).count
        try gatherAll(name, to: floats)
        try checkFinite(floats, count: count, name: name)
    }

    /// Copies all elements of `name`, which is there and holds floats.
    func gatherAll(
        _ name: String, to floats: UnsafeMutablePointer<Float>
    ) throws(ModelError) {
        guard let tensor = tensors[name] else { throw .missingTensor(path: path, name: name) }
        let file = files[tensor.file]
        guard tensor.count > 0, let base = file.bytes.baseAddress else { return }
        guard tensor.type.isFloat else {
            throw .wrongElementType(path: file.path, name: name, found: tensor.type.rawValue)
        }
        if let strides = tensor.strides {
            gather(tensor, strides: strides, from: base + tensor.offset, to: floats)
        } else {
            _ = tensor.type.convert(base + tensor.offset, count: tensor.count, to: floats)
        }
        try file.check()
        release(name)
    }

    package func floats(_ name: String, shape: [Int]) throws(ModelError) -> FloatBuffer {
        // The file's own shape bounds what is allocated.
        let buffer = FloatBuffer(unset: try tensor(name, shape: shape).count)
        try copy(name, shape: shape, to: buffer.start)
        return buffer
    }

    /// The tensor's own bytes as floats where the file stores them that way, else nil.
    func mappedFloats(_ name: String, shape: [Int]) throws(ModelError) -> UnsafePointer<Float>? {
        let tensor = try tensor(name, shape: shape)
        guard tensor.type == .float32, tensor.strides == nil,
            let base = files[tensor.file].bytes.baseAddress,
            UInt(bitPattern: base + tensor.offset) % 4 == 0
        else { return nil }
        let floats = (base + tensor.offset).assumingMemoryBound(to: Float.self)
        try checkFinite(floats, count: tensor.count, name: name)
        return floats
    }

    private func checkFinite(
        _ floats: UnsafePointer<Float>, count: Int, name: String
    ) throws(ModelError) {
        guard !policy.allowsNonfinite else { return }
        if let index = firstNotFinite(floats, count: count) {
            throw .notFinite(path: path(of: name), name: name, index: index)
        }
    }

    /// Copies a strided tensor element by element along its last dimension.
    private func gather(
        _ tensor: StoredTensor, strides: [Int], from base: UnsafeRawPointer,
        to floats: UnsafeMutablePointer<Float>
    ) {
        var index = [Int](repeating: 0, count: tensor.shape.count)
        for position in 0..<tensor.count {
            var element = 0
            for (i, stride) in zip(index, strides) { element += i * stride }
            _ = tensor.type.convert(
                base + element * tensor.type.size, count: 1, to: floats + position)
            var dimension = index.count - 1
            while dimension >= 0 {
                index[dimension] += 1
                if index[dimension] < tensor.shape[dimension] { break }
                index[dimension] = 0
                dimension -= 1
            }
        }
    }
}
