import Base
import Crypto

/// The digest of a source, one SHA-256 in hexadecimal digits.
///
/// It covers the format and, per file in order, the length and the SHA-256 of its decompressed
/// bytes. Names, places and compression do not enter.
struct SourceDigest {
    private var whole = SHA256()

    init(format: CorpusFormat) {
        whole.update(data: Array("sheaf source 1\n\(format.rawValue)\n".utf8))
    }

    /// Adds the next file.
    mutating func add(fileDigest: [UInt8], length: UInt64) {
        whole.update(data: (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
        whole.update(data: fileDigest)
    }

    /// Adds the next file, which was read to its end.
    mutating func add(_ file: ByteSource) {
        add(fileDigest: file.digest, length: file.offset)
    }

    /// The digest in hexadecimal digits.
    var value: String { Hexadecimal.text(whole.finalize()) }
}
