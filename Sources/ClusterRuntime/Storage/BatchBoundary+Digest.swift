import Base
import Corpus
import Crypto

extension BatchBoundary {
    /// SHA-256 over boundaries, lower-case hex: a damaged one would have other passages encoded.
    static func digest(of batches: [BatchBoundary]) -> String {
        var hash = SHA256()
        for batch in batches {
            let (start, first) = (batch.start, batch.firstOrdinal)
            hash.update(
                data: Array(
                    "\(start.file):\(start.byteOffset):\(start.line):\(first):\(batch.count)\n".utf8
                ))
        }
        return Hexadecimal.text(hash.finalize())
    }
}
