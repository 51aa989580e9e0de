internal import Crypto

/// A file that is named by the SHA-256 of its content; its owner alone can read it.
///
///     let file = try DigestNamedFile(in: "segments")
///     try file.write(header)
///     let written = try file.finish(suffix: ".safetensors")
package final class DigestNamedFile {
    private let file: WholeFile
    private let folder: String
    private var hash = SHA256()
    private var count = 0

    /// Starts a file in a folder.
    package init(in folder: String) throws(FileError) {
        self.folder = folder
        file = try WholeFile(namedLaterIn: folder, for: .owner)
    }

    /// Adds the memory of plain values.
    package func write<Value: BitwiseCopyable>(_ values: [Value]) throws(FileError) {
        try values.withUnsafeBufferPointer { values throws(FileError) in
            let bytes = UnsafeRawBufferPointer(values)
            hash.update(bufferPointer: bytes)
            try file.write(bytes)
            count += bytes.count
        }
    }

    /// Writes what is left and gives the file its name, `<sha256><suffix>`.
    package func finish(
        suffix: String
    ) throws(FileError) -> (sha256: String, path: String, bytes: Int) {
        let sha256 = Hexadecimal.text(hash.finalize())
        try file.finish(as: sha256 + suffix)
        return (sha256, "\(folder)/\(sha256)\(suffix)", count)
    }
}
