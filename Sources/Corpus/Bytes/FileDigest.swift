import Crypto

/// SHA-256 of whole files.
public enum FileDigest {
    /// The digest of a file's bytes, in lower-case hexadecimal.
    ///
    /// - Throws: `CorpusError.cannotRead`.
    public static func sha256(path: String) throws(CorpusError) -> String {
        let file = try FileBytes(path: path)
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try file.read(into: &buffer, 0..<buffer.count)
            if count == 0 { break }
            hash.update(data: buffer[..<count])
        }
        let digits = Array("0123456789abcdef")
        return String(hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
