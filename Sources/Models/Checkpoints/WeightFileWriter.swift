import Tensors

/// Writes tensors of checkpoints as one safetensors file, each under a name of its own.
package struct WeightFileWriter: Sendable {
    /// The type that all are written in.
    package var type: ModelConversion.WeightType

    /// A tensor to be written, and where it comes from.
    package struct Tensor: Sendable {
        /// Its name in the file that is written.
        package var name: String
        /// Its name in the checkpoint.
        package var source: String
        /// The checkpoint that holds it.
        package var checkpoint: Checkpoint

        /// Names a tensor.
        package init(name: String, source: String, checkpoint: Checkpoint) {
            self.name = name
            self.source = source
            self.checkpoint = checkpoint
        }
    }

    /// Writes in `type`.
    package init(type: ModelConversion.WeightType) {
        self.type = type
    }

    /// Writes `tensors` to `path` and returns the bytes of their elements.
    ///
    /// - Throws: `ModelError` also for a weight too large for 16 bits.
    package func write(_ tensors: [Tensor], to path: String) throws(ModelError) -> Int {
        let entries = tensors.map { tensor in
            SafetensorsWriter.Entry(
                name: tensor.name, shape: tensor.checkpoint.tensors[tensor.source]?.shape ?? [],
                type: type.element)
        }
        let halves = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: Checkpoint.partSize)
        defer { halves.deallocate() }
        try SafetensorsWriter.write(entries, to: path) { index, put throws(ModelError) in
            let (checkpoint, source) = (tensors[index].checkpoint, tensors[index].source)
            var done = 0
            try checkpoint.forEachPart(source) { floats throws(ModelError) in
                guard type == .float16 else { return try put(UnsafeRawBufferPointer(floats)) }
                for first in stride(from: 0, to: floats.count, by: halves.count) {
                    let end = min(first + halves.count, floats.count)
                    let some = UnsafeBufferPointer(rebasing: floats[first..<end])
                    if let index = some.firstIndex(where: { $0.isFinite && abs($0) >= 65_520 }) {
                        throw .beyondFloat16(
                            path: checkpoint.path(of: source), name: source,
                            index: done + first + index, value: some[index])
                    }
                    if let start = some.baseAddress, let out = halves.baseAddress {
                        roundToFloat16(start, count: some.count, into: out)
                    }
                    try put(
                        UnsafeRawBufferPointer(
                            UnsafeBufferPointer(rebasing: halves[..<some.count])))
                }
                done += floats.count
            }
        }
        return entries.reduce(0) { $0 + $1.bytes }
    }
}
