import Foundation

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
        let temporary = path + ".partial"
        do throws(POSIXFailure) {
            try write(header(tensors, metadata), tensors, to: temporary)
            guard rename(temporary, path) == 0 else { throw POSIXFailure() }
            try synchronize(parent(path))
        } catch {
            unlink(temporary)
            throw .unwritableFile(path: path, reason: error.reason)
        }
    }

    /// What errno says.
    private struct POSIXFailure: Error {
        let reason = String(cString: strerror(errno))
    }

    private static func header(_ tensors: [Tensor], _ metadata: [String: String]) -> [UInt8] {
        var parts = [
            "\"__metadata__\":{"
                + metadata.sorted { $0.key < $1.key }
                .map { quoted($0.key) + ":" + quoted($0.value) }.joined(separator: ",") + "}"
        ]
        var offset = 0
        for tensor in tensors {
            precondition(
                tensor.shape.reduce(1, *) == tensor.values.count,
                "\(tensor.name) of shape \(tensor.shape) has \(tensor.values.count) elements")
            let end = offset + 4 * tensor.values.count
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            parts.append(
                "\(quoted(tensor.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(offset),\(end)]}")
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

    private static func write(
        _ header: [UInt8], _ tensors: [Tensor], to path: String
    ) throws(POSIXFailure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw POSIXFailure() }
        defer { close(descriptor) }
        var isWritten = header.withUnsafeBytes { writeAll($0, to: descriptor) }
        for tensor in tensors where isWritten {
            isWritten = tensor.values.withUnsafeBytes { writeAll($0, to: descriptor) }
        }
        guard isWritten else { throw POSIXFailure() }
        guard fsync(descriptor) == 0 else { throw POSIXFailure() }
    }

    /// Writes all of `bytes`; where that fails, errno says why.
    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let start = bytes.baseAddress.map { $0 + written }
            let count = Foundation.write(descriptor, start, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    private static func synchronize(_ folder: String) throws(POSIXFailure) {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw POSIXFailure() }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw POSIXFailure() }
    }
}
