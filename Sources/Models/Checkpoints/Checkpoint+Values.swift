import Base
import Tensors

extension Checkpoint {
    /// Elements that `forEachPart` hands over together: what bounds its memory.
    static let partSize = 1 << 18

    /// Calls `body` with the elements of `name` as 32-bit floats, part by part in row-major order,
    /// and lets go of the pages that were read.
    ///
    /// A tensor with strides comes in one part.
    func forEachPart(
        _ name: String, _ body: (UnsafeBufferPointer<Float>) throws(ModelError) -> Void
    ) throws(ModelError) {
        guard let tensor = tensors[name] else { throw .missingTensor(path: path, name: name) }
        let file = files[tensor.file]
        guard tensor.strides == nil else {
            let all = FloatBuffer(unset: tensor.count)
            try gatherAll(name, to: all.start)
            return try body(UnsafeBufferPointer(start: all.start, count: tensor.count))
        }
        let part = FloatBuffer(unset: min(Self.partSize, tensor.count))
        guard let base = file.bytes.baseAddress else { return }
        for first in stride(from: 0, to: tensor.count, by: Self.partSize) {
            let count = min(Self.partSize, tensor.count - first)
            let offset = tensor.offset + first * tensor.type.size
            guard tensor.type.convert(base + offset, count: count, to: part.start) else {
                throw .wrongElementType(path: file.path, name: name, found: tensor.type.rawValue)
            }
            try file.check()
            try body(UnsafeBufferPointer(start: part.start, count: count))
            file.release(offset..<offset + count * tensor.type.size)
        }
    }

    /// Checks that `name` is there, holds floats in `shape`, and that all are finite.
    package func check(_ parameter: ParameterShape) throws(ModelError) {
        _ = try tensor(parameter.name, shape: parameter.shape)
        var done = 0
        try forEachPart(parameter.name) { part throws(ModelError) in
            if let start = part.baseAddress, !policy.allowsNonfinite,
                let index = firstNotFinite(start, count: part.count)
            {
                throw .notFinite(
                    path: path(of: parameter.name), name: parameter.name, index: done + index)
            }
            done += part.count
        }
    }

    /// The rows of the matrix `name` where they lie, all finite; nil where the file does not store
    /// them one after the other, or 32-bit floats at odd addresses.
    func rows(_ name: String, shape: [Int]) throws(ModelError) -> WeightRows? {
        let tensor = try tensor(name, shape: shape)
        guard tensor.strides == nil, tensor.type != .float64, shape.count == 2,
            let base = files[tensor.file].bytes.baseAddress,
            tensor.type != .float32 || UInt(bitPattern: base + tensor.offset) % 4 == 0
        else { return nil }
        try check(ParameterShape(name: name, shape: shape))
        let stride = shape[1] * tensor.type.size
        return WeightRows(
            starts: (0..<shape[0]).map { base + tensor.offset + $0 * stride }, type: tensor.type,
            owner: self)
    }

    /// Lets go of the pages of `name`; they come back from the file when they are read.
    func release(_ name: String) {
        guard let tensor = tensors[name], tensor.strides == nil else { return }
        files[tensor.file].release(tensor.offset..<tensor.offset + tensor.bytes)
    }
}
