import Base
import Foundation
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
    /// The same input gives the same bytes. A reader sees the old file or the whole new one: the
    /// bytes go to a temporary name beside it, are synced, and renamed.
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

    /// Writes `entries`; `elements` hands over the bytes of the one with the index it is given.
    static func write(
        _ entries: [Entry], metadata: [String: String] = ["format": "pt"], to path: String,
        elements: (Int, Put) throws(ModelError) -> Void
    ) throws(ModelError) {
        let file = try giving(ModelError.init(writing:)) { () throws(FileError) in
            let file = try WholeFile(path)
            try file.write(header(entries, metadata))
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

    /// Takes the next bytes of a tensor.
    typealias Put = (UnsafeRawBufferPointer) throws(ModelError) -> Void

    private static func header(_ entries: [Entry], _ metadata: [String: String]) -> [UInt8] {
        var parts = [
            "\"__metadata__\":{"
                + metadata.sorted { $0.key < $1.key }
                .map { quoted($0.key) + ":" + quoted($0.value) }.joined(separator: ",") + "}"
        ]
        var offset = 0
        for entry in entries {
            let end = offset + entry.bytes
            let shape = entry.shape.map(String.init).joined(separator: ",")
            parts.append(
                "\(quoted(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\","
                    + "\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var text = "{" + parts.joined(separator: ",") + "}"
        // Spaces up to a multiple of eight keep the elements aligned.
        text += String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
        var bytes: [UInt8] = []
        withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
        return bytes + text.utf8
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
