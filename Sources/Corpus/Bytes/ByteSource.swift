import Base
import Crypto
import Formats

/// The decompressed bytes of one file, plain or gzip by its first bytes.
final class ByteSource {
    let path: String
    private let file: FileBytes
    private let inflater: GzipReader?
    private var fingerprint: SHA256?
    private(set) var offset: UInt64 = 0

    /// Opens a file; with `digesting`, every byte read also goes to a SHA-256.
    init(path: String, digesting: Bool = false) throws(CorpusError) {
        self.path = path
        file = try FileBytes(path: path)
        var magic: [UInt8] = [0, 0]
        var count = 0
        while count < 2 {
            let more = try file.read(into: &magic, count..<2)
            if more == 0 { break }
            count += more
        }
        try file.seek(to: 0)
        inflater =
            magic == [0x1F, 0x8B]
            ? try giving({ CorpusError($0, path) }) { [file] () throws(GzipError) in
                try GzipReader(file.file)
            }
            : nil
        fingerprint = digesting ? SHA256() : nil
    }

    /// Reads up to `range.count` decompressed bytes; 0 at the end.
    func read(into buffer: inout [UInt8], _ range: Range<Int>) throws(CorpusError) -> Int {
        let count =
            if let inflater {
                try Self.inflate(inflater, path, into: &buffer, range)
            } else {
                try file.read(into: &buffer, range)
            }
        offset += UInt64(count)
        if count > 0 {
            fingerprint?.update(data: buffer[range.lowerBound..<range.lowerBound + count])
        }
        return count
    }

    /// Goes forward to an offset of the decompressed bytes: a seek, or reading when compressed.
    ///
    /// False where the file ends before.
    func advance(to target: UInt64) throws(CorpusError) -> Bool {
        precondition(target >= offset && fingerprint == nil, "advance goes forward, undigested")
        guard inflater != nil else {
            guard target <= file.size else { return false }
            try file.seek(to: target)
            offset = target
            return true
        }
        var scratch = [UInt8](repeating: 0, count: 256 << 10)
        while offset < target {
            let wanted = Int(min(UInt64(scratch.count), target - offset))
            guard try read(into: &scratch, 0..<wanted) > 0 else { return false }
        }
        return true
    }

    private static func inflate(
        _ inflater: GzipReader, _ path: String, into buffer: inout [UInt8], _ range: Range<Int>
    ) throws(CorpusError) -> Int {
        do throws(GzipError) {
            return try inflater.read(into: &buffer, range)
        } catch {
            throw CorpusError(error, path)
        }
    }

    /// The digest of all bytes read so far.
    var digest: [UInt8] {
        fingerprint.map { Array($0.finalize()) } ?? []
    }
}

extension CorpusError {
    /// A gzip file could not be read.
    init(_ error: GzipError, _ path: String) {
        switch error {
        case .file(let error): self.init(reading: error)
        case .damaged(let offset, let reason):
            self = .corruptGzip(path: path, byteOffset: offset, reason: reason)
        }
    }
}
