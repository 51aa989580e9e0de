import Base
import Formats
import Tensors

/// Writes safetensors files that this program and Hugging Face's libraries open.
public enum SafetensorsWriter {
    /// A tensor to be written as 32-bit floats.
    public struct Tensor: Equatable, Sendable {
        /// Its name in the file.
        public var name: String
        /// Its dimensions.
        public var shape: [Int]
        /// Its elements, row-major.
        public var values: [Float]

        /// Describes one tensor; `values` has as many elements as `shape` says.
        public init(name: String, shape: [Int], values: [Float]) {
            self.name = name
            self.shape = shape
            self.values = values
        }
    }

    /// Writes `tensors`, in the order given, and `metadata` to `path`.
    ///
    /// The same input gives the same bytes. A reader sees the old file or the whole new one.
    ///
    /// Throws: `ModelError.unwritableFile`.
    public static func write(
        _ tensors: [Tensor], metadata: [String: String] = ["format": "pt"], to path: String
    ) throws(ModelError) {
        let entries = tensors.map { tensor in
            precondition(
                tensor.shape.reduce(1, *) == tensor.values.count,
                "\(tensor.name) of shape \(tensor.shape) has \(tensor.values.count) elements")
            return Entry(name: tensor.name, shape: tensor.shape, type: .float32)
        }
        try write(entries, metadata: metadata, to: path) { index, put throws(ModelError) in
            try tensors[index].values.withUnsafeBufferPointer { values throws(ModelError) in
                try put(UnsafeRawBufferPointer(values))
            }
        }
    }

    /// A tensor whose bytes come in parts.
    struct Entry: Equatable, Sendable {
        var name: String
        var shape: [Int]
        var type: ElementType

        var bytes: Int { shape.reduce(type.size, *) }
    }

    /// Takes the next bytes of a tensor.
    typealias Put = (UnsafeRawBufferPointer) throws(ModelError) -> Void

    /// Writes `entries`; `elements` hands over the bytes of the one with the index it is given.
    static func write(
        _ entries: [Entry], metadata: [String: String] = ["format": "pt"], to path: String,
        elements: (Int, Put) throws(ModelError) -> Void
    ) throws(ModelError) {
        let tensors = entries.map {
            SafetensorsHeader.Tensor(
                name: $0.name, type: $0.type.rawValue, shape: $0.shape, bytes: $0.bytes)
        }
        // Elements begin on a multiple of eight.
        let header = SafetensorsHeader.bytes(tensors, metadata: metadata, aligning: 0, to: 8)
        let file = try giving(ModelError.init(writing:)) { () throws(FileError) in
            let file = try WholeFile(path)
            try file.write(header)
            return file
        }
        for index in entries.indices {
            try elements(index) { bytes throws(ModelError) in
                try giving(ModelError.init(writing:)) { () throws(FileError) in
                    try file.write(bytes)
                }
            }
        }
        try giving(ModelError.init(writing:)) { () throws(FileError) in try file.finish() }
    }
}
