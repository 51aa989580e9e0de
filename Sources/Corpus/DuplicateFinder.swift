import Base
import Foundation

/// Finds ids that occur twice, in memory that does not depend on how many there are.
///
/// A 64-bit hash of each id goes, with its ordinal, to one of 256 buckets; buckets spill to a
/// scratch file and are sorted one at a time. Equal hashes are only suspicions: a second read of
/// the source compares the ids themselves. The hash is seeded per process, so that no corpus can
/// be made to collide.
final class DuplicateFinder {
    private struct Entry: Comparable {
        var hash: UInt64
        var ordinal: UInt64

        static func < (left: Entry, right: Entry) -> Bool {
            (left.hash, left.ordinal) < (right.hash, right.ordinal)
        }
    }

    private static let bucketCount = 256
    /// The entries a bucket holds before it spills: 16 KiB, so 4 MiB in all.
    private static let entriesHeld = 1024
    /// Suspicions followed up in one read; true duplicates come first in nearly all cases.
    private static let suspicionsHeld = 4096

    private let scratchFolder: String
    private var buckets = [[Entry]](repeating: [], count: bucketCount)
    private var spilled = [[UInt64]](repeating: [], count: bucketCount)
    private var file: ScratchFile?

    init(scratchFolder: String) {
        self.scratchFolder = scratchFolder
    }

    /// Notes the id of a passage.
    func add(_ id: String, ordinal: UInt64) throws(CorpusError) {
        let hash = Self.hash(id)
        let bucket = Int(hash >> 56)
        buckets[bucket].append(Entry(hash: hash, ordinal: ordinal))
        if buckets[bucket].count == Self.entriesHeld { try spill(bucket) }
    }

    /// Looks for ids noted twice, reading the source again where hashes are equal.
    ///
    /// - Throws: `CorpusError.duplicateID` with both places.
    func verify(in source: CorpusSource, skipMalformed: Bool) throws(CorpusError) {
        let suspicions = try self.suspicions()
        guard let last = suspicions.max(by: { $0.ordinal < $1.ordinal })?.ordinal else { return }
        let hashes = Set(suspicions.map(\.hash))
        var seen: [[UInt8]: SourcePlace] = [:]
        let reader = try PassageReader(source, skipMalformed: skipMalformed)
        var ordinal: UInt64 = 0
        while ordinal <= last, let passage = try reader.next() {
            ordinal += 1
            guard hashes.contains(Self.hash(passage.id)) else { continue }
            // String equality would take é in one and in two code points for the same id.
            let bytes = Array(passage.id.utf8)
            if let first = seen[bytes] {
                throw .duplicateID(id: passage.id, first: first, second: reader.lastPlace)
            }
            seen[bytes] = reader.lastPlace
        }
    }

    private static func hash(_ id: String) -> UInt64 {
        var hasher = Hasher()
        var id = id
        id.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// The second and further occurrences of equal hashes, the earliest of the source first.
    private func suspicions() throws(CorpusError) -> [Entry] {
        var found: [Entry] = []
        for bucket in 0..<Self.bucketCount {
            var entries = try self.entries(of: bucket)
            entries.sort()
            for (first, second) in zip(entries, entries.dropFirst()) where first.hash == second.hash
            {
                found.append(second)
            }
            if found.count > Self.suspicionsHeld {
                found.sort { $0.ordinal < $1.ordinal }
                found.removeLast(found.count - Self.suspicionsHeld)
            }
        }
        return found
    }

    private func spill(_ bucket: Int) throws(CorpusError) {
        let scratch: ScratchFile
        if let file {
            scratch = file
        } else {
            scratch = try ScratchFile(folder: scratchFolder)
            file = scratch
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(buckets[bucket].count * 16)
        for entry in buckets[bucket] {
            for word in [entry.hash, entry.ordinal] {
                for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * shift))) }
            }
        }
        spilled[bucket].append(try scratch.append(bytes))
        buckets[bucket].removeAll(keepingCapacity: true)
    }

    private func entries(of bucket: Int) throws(CorpusError) -> [Entry] {
        var entries = buckets[bucket]
        guard let file else { return entries }
        for offset in spilled[bucket] {
            let bytes = try file.read(at: offset, count: Self.entriesHeld * 16)
            func word(_ at: Int) -> UInt64 {
                (0..<8).reduce(0) { $0 | UInt64(bytes[at + $1]) << (8 * $1) }
            }
            for at in stride(from: 0, to: bytes.count, by: 16) {
                entries.append(Entry(hash: word(at), ordinal: word(at + 8)))
            }
        }
        return entries
    }
}

/// A file without a name, for what does not fit in memory.
private final class ScratchFile {
    private let file: OpenFile
    private var length: UInt64 = 0

    init(folder: String) throws(CorpusError) {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: folder, reason: "the folder cannot be made")
        }
        file = try giving(CorpusError.init(writing:)) { () throws(FileError) in
            try OpenFile(namelessIn: folder)
        }
    }

    /// Writes bytes at the end and gives the offset they start at.
    func append(_ bytes: [UInt8]) throws(CorpusError) -> UInt64 {
        let start = length
        try giving(CorpusError.init(writing:)) { () throws(FileError) in
            try file.write(bytes, at: start)
        }
        length += UInt64(bytes.count)
        return start
    }

    /// Reads bytes that were written.
    func read(at offset: UInt64, count: Int) throws(CorpusError) -> [UInt8] {
        try giving(CorpusError.init(reading:)) { () throws(FileError) in
            try file.read(count, at: offset)
        }
    }
}
