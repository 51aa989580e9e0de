import ClusterCore
import TestSupport
import Testing

/// What a catalog takes over that is behind the disk.
struct AdoptionTests {
    private static let identity = Adoption.Identity(
        sourceDigest: "source", fingerprint: "encoder", dimension: 8, precision: "f32")

    private func candidate(
        _ batch: Int, _ sha256: String, rows: UInt64 = 10, firstOrdinal: UInt64? = nil,
        identity: Adoption.Identity = identity
    ) -> Adoption.Candidate {
        Adoption.Candidate(
            sha256: sha256, batch: BatchNumber(batch), rows: rows, bytes: 100,
            firstOrdinal: firstOrdinal ?? UInt64(clamping: batch) &* 10, identity: identity)
    }

    /// Batches of ten rows with these segments; nil where there is none, "!" before one that is
    /// not there.
    private func adoption(_ segments: [String?]) -> Adoption {
        Adoption(
            identity: Self.identity,
            batches: segments.enumerated().map { number, segment in
                Adoption.Batch(
                    firstOrdinal: UInt64(number) * 10, rows: 10,
                    segment: segment?.replacing("!", with: ""),
                    isPresent: segment.map { !$0.hasPrefix("!") } ?? false)
            })
    }

    @Test func `a batch without a segment takes the one that says it is its own`() {
        let chosen = adoption([nil, "b"]).choose([candidate(0, "a")], preferring: [])
        #expect(chosen.map(\.sha256) == ["a"])
    }

    @Test func `a batch whose segment is there keeps it, one whose is not takes another`() {
        let chosen = adoption(["x", "!y"]).choose(
            [candidate(0, "a"), candidate(1, "b")], preferring: ["a"])
        #expect(chosen.map(\.sha256) == ["b"])
    }

    @Test func `of several the one that a manifest names is taken, else the first by name`() {
        let candidates = [candidate(0, "c"), candidate(0, "a"), candidate(0, "b")]
        #expect(adoption([nil]).choose(candidates, preferring: ["b"]).map(\.sha256) == ["b"])
        #expect(adoption([nil]).choose(candidates, preferring: []).map(\.sha256) == ["a"])
    }

    @Test(arguments: ["source", "encoder", "dimension", "precision", "rows", "ordinal", "batch"])
    func `a segment of something else is not taken`(what: String) {
        let other = Adoption.Identity(
            sourceDigest: what == "source" ? "other" : "source",
            fingerprint: what == "encoder" ? "other" : "encoder",
            dimension: what == "dimension" ? 9 : 8, precision: what == "precision" ? "f16" : "f32")
        for batch in what == "batch" ? [-1, 1, Int.max] : [0] {
            let odd = candidate(
                batch, "a", rows: what == "rows" ? 9 : 10,
                firstOrdinal: what == "ordinal" ? 1 : nil, identity: other)
            #expect(adoption([nil]).choose([odd], preferring: ["a"]).isEmpty)
        }
    }

    @Test func `the newest generation is taken whose segments are all there`() {
        let whole = Adoption.Generation(number: 4, segments: [BatchNumber(0): "a"])
        let short = Adoption.Generation(
            number: 5, segments: [BatchNumber(0): "a", BatchNumber(1): "b"])
        let odd = Adoption.Generation(number: 9, segments: [BatchNumber(7): "a"])
        var adoption = adoption(["a", nil])
        #expect(adoption.generation([whole, short, odd], above: 3) == 4)
        #expect(adoption.generation([whole, short, odd], above: 4) == nil)
        adoption.adopted(candidate(1, "b"))
        #expect(adoption.generation([whole, short, odd], above: 3) == 5)
    }

    @Test(arguments: 0..<100)
    func `a catalog put back finds again all that it had`(seed: UInt64) {
        var dice = Dice(seed: seed)
        let count = dice.number(1...20)
        // What was committed, what of it the backup still knows, and what else lies around.
        let committed = (0..<count).map { dice.below(3) > 0 ? "s\($0)" : nil }
        let known = committed.map { dice.below(2) == 0 ? $0 : nil }
        var onDisk = committed.enumerated().compactMap { number, sha256 in
            sha256.map { candidate(number, $0) }
        }
        let foreign = Adoption.Identity(
            sourceDigest: "other", fingerprint: "encoder", dimension: 8, precision: "f32")
        for number in 0..<count where dice.below(2) == 0 {
            onDisk.append(candidate(number, "a\(number)", identity: foreign))
        }
        onDisk.shuffle(using: &dice)
        var adoption = adoption(known)
        let unknown = onDisk.filter { !known.contains($0.sha256) }
        for candidate in adoption.choose(unknown, preferring: []) { adoption.adopted(candidate) }
        let segments = Dictionary(
            uniqueKeysWithValues: committed.enumerated().compactMap { number, sha256 in
                sha256.map { (BatchNumber(number), $0) }
            })
        let generation = Adoption.Generation(number: 2, segments: segments)
        #expect(
            adoption.generation([generation], above: 1) == (segments.isEmpty ? nil : 2),
            "seed \(seed)")
    }
}
