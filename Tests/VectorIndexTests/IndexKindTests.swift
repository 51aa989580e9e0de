import TestSupport
import Testing

@testable import VectorIndex

struct IndexKindTests {
    @Test(arguments: [
        ("exact", "exact", 0, 0, false), ("HNSW32", "HNSW32", 0, 128, true),
        ("HNSW32:efSearch=7", "HNSW32", 0, 7, true), ("HNSW32_SQ8", "HNSW32_SQ8", 0, 128, false),
        ("IVF256,Flat", "IVF256,Flat", 16, 0, true),
        ("IVF256,Flat:nprobe=3", "IVF256,Flat", 3, 0, true),
        ("IVF256_HNSW32,Flat", "IVF256_HNSW32,Flat", 16, 0, false),
        ("PCA8,IVF4,Flat", "PCA8,IVF4,Flat", 16, 0, false),
        ("IVF16,PQ8", "IVF16,PQ8", 16, 0, false), ("SQ8", "SQ8", 0, 0, false),
    ])
    func `a kind is taken apart`(
        text: String, name: String, probes: Int, candidates: Int, isFaithful: Bool
    ) throws {
        let kind = try IndexKind(text)
        #expect(kind.name == name && kind.probes == probes)
        #expect(kind.candidates == candidates && kind.isFaithful == isFaithful)
    }

    @Test(arguments: [
        "PQ0", "HNSW0", "HNSW1", "HNSW100000", "PCA0,Flat", "IVF4294967296,Flat", "IVF0,Flat",
        "IVF16_HNSW1,Flat", "PQ8x0", "PQ8x30", "RQ0x4", "RQ4x40", "IMI2x30,Flat",
        "IVF16,PQ0", "HNSW32_PQ0", "SQ8,Refine(PQ0)", "ZnLattice0x10_6", "OPQ0,PQ8", "Pad0,Flat",
    ])
    func `a number that would stop or crash Faiss is refused`(text: String) {
        #expect {
            try IndexKind(text)
        } throws: { error in
            guard case IndexError.outOfRange = error else { return false }
            return true
        }
    }

    @Test(arguments: [
        "", "Round", "RaBitQ", "SQbf16", "SQ8_direct", "IVF16,", ",Flat", "IVF16,RaBitQ",
    ])
    func `a part that Faiss does not have is refused`(text: String) {
        #expect {
            try IndexKind(text)
        } throws: { error in
            guard case IndexError.unknownKind(name: text, known: _) = error else { return false }
            return true
        }
    }

    @Test(arguments: ["NSG32", "IVF16_NSG32,Flat", "IDMap2,Flat", "IDMap,HNSW32"])
    func `a part that cannot be searched here is refused`(text: String) {
        #expect {
            try IndexKind(text)
        } throws: { error in
            guard case IndexError.unsupported = error else { return false }
            return true
        }
    }

    @Test(arguments: [
        ("exact", 0), ("SQ8", 1), ("IVF700,Flat", 700), ("IVF16,PQ8", 256), ("IVF2k,Flat", 2048),
        ("PQ8x4fs", 16), ("RQ4x4", 16), ("PCA64,IVF16,Flat", 64), ("IMI2x2,Flat", 4),
        ("HNSW32_PQ8", 256), ("OPQ8,IVF512,PQ8x4,RFlat", 512), ("SQ8,Refine(PQ8)", 256),
    ])
    func `how many rows a kind is trained on is known`(text: String, rows: Int) throws {
        #expect(try IndexKind(text).trainingRows(dimension: 1) == rows)
    }

    @Test(arguments: [
        ("exact", 0), ("RQ4x4", 384), ("PRQ2x2x4", 192), ("PRQ5x2x4", 77), ("LSQ4x4", 16),
        ("OPQ8,PQ8x4", 384), ("OPQ8_64,RQ4x4", 384), ("PCA64,RQ4x4", 64), ("PCA64,OPQ8,PQ8", 256),
        ("IVF16,RQ4x10", 1024), ("SQ8,Refine(RQ4x4)", 384), ("Pad512,RQ4x4", 512), ("PQ8", 256),
    ])
    func `a kind that analyses components is trained on as many rows`(
        text: String, rows: Int
    ) throws {
        #expect(try IndexKind(text).trainingRows(dimension: 384) == rows)
    }

    @Test func `a kind is tried on as many rows as it must be trained on`() throws {
        try IndexTrial.run(kind: "RQ2x2", dimension: 330, metric: .innerProduct)
    }

    /// Faiss would sort the codes of the first four for searches that are never made, in minutes.
    @Test(arguments: [
        ("PQ8", "PQ8np"), ("IVF16,PQ8x8", "IVF16,PQ8x8np"), ("HNSW32_PQ8", "HNSW32_PQ8np"),
        ("SQ8,Refine(PQ8)", "SQ8,Refine(PQ8np)"), ("OPQ8_16,PQ8np", "OPQ8_16,PQ8np"),
        ("IVF16,PQ4x4fs", "IVF16,PQ4x4fs"), ("IVF16,PQ8+8", "IVF16,PQ8+8"),
        ("PRQ2x2x4", "PRQ2x2x4"), ("exact", "exact"),
    ])
    func `a product quantizer keeps the order of its codes`(text: String, built: String) throws {
        let kind = try IndexKind(text)
        #expect(kind.name == text && kind.built == built)
    }

    @Test(arguments: [
        "IVF256,Flat", "IVF4096,PQ8x4fs", "PCA16,SQ8", "SQ8,RFlat", "IVF16_HNSW32,Flat", "PQ8",
        "IVF16,PQ8", "SQ8,Refine(PQ8)",
    ])
    func `a kind that works passes its trial`(text: String) throws {
        try IndexTrial.run(kind: text, dimension: 48, metric: .innerProduct)
    }

    @Test(arguments: ["LSH", "IMI2x2,Flat", "PQ7", "PCA64,Flat", "ZnLattice3x10_6"])
    func `a kind that cannot be built fails in its trial`(text: String) {
        let error = #expect(throws: IndexError.self) {
            try IndexTrial.run(kind: text, dimension: 48, metric: .innerProduct)
        }
        #expect(error.map { "\($0)".contains(".cpp") } == false)
    }

    @Test func `a shard with too few rows to train on is scanned`() throws {
        var generator = Dice(seed: 83)
        let folder = try TemporaryFolder()
        let rows = (0..<20 * 8).map { _ in generator.normal() }
        let index = try ShardIndex(
            segments: try segments(rows, dimension: 8, rows: [20], in: folder), metric: .l2,
            kind: "IVF64,Flat")
        let found = try index.search(questions: rows, count: 20, k: 3)
        let plain = plainSearch(.l2, questions: rows, rows: rows, dimension: 8, k: 3)
        #expect(found == plain)
    }

    @Test(arguments: [
        "exact:nprobe=3", "Flat:x", "HNSW32:nprobe=3", "IVF4,Flat:efSearch=3", "IVF4,Flat:",
        "IVF4,Flat:nprobe", "IVF4,Flat:nprobe=", "IVF4,Flat:nprobe=x", "IVF4,Flat:nprobe=3,",
    ])
    func `an option that a kind does not have is refused`(text: String) {
        #expect {
            try IndexKind(text)
        } throws: { error in
            guard case IndexError.unknownOption = error else { return false }
            return true
        }
    }

    @Test(arguments: [0, -1, 1 << 30])
    func `an option out of its range is refused`(value: Int) {
        #expect(
            throws: IndexError.outOfRange(
                what: "nprobe", value: value, minimum: 1, maximum: IndexKind.largestOption)
        ) {
            try IndexKind("IVF4,Flat:nprobe=\(value)")
        }
    }

    @Test func `a wider search finds no less`() throws {
        var generator = Dice(seed: 81)
        let folder = try TemporaryFolder()
        let rows = (0..<4000 * 24).map { _ in generator.normal() }
        let questions = (0..<20 * 24).map { _ in generator.normal() }
        let parts = try segments(rows, dimension: 24, rows: [4000], in: folder)
        let plain = plainSearch(
            .innerProduct, questions: questions, rows: rows, dimension: 24, k: 10)
        for (narrow, wide) in [
            ("IVF32,Flat:nprobe=1", "IVF32,Flat:nprobe=32"),
            ("HNSW8:efSearch=10", "HNSW8:efSearch=2000"),
        ] {
            let found = try [narrow, wide].map { kind in
                let index = try ShardIndex(segments: parts, metric: .innerProduct, kind: kind)
                let hits = try index.search(questions: questions, count: 20, k: 10, threads: 3)
                return zip(hits, plain).reduce(0) { $0 + Set($1.0).intersection($1.1).count }
            }
            #expect(found[0] < found[1] && found[1] >= 190, "\(found)")
        }
    }

    @Test func `only kind exact gives vectors back`() throws {
        #expect(throws: IndexError.self) {
            try ShardIndex(segments: [], metric: .l2, kind: "Flat", memory: .codes)
        }
    }
}

/// Graphs over int8 codes.
struct CodedGraphTests {
    @Test(arguments: Metric.allCases, [1, 7, 31, 33, 64, 200, 4097])
    func `a search that keeps all rows finds what the plain search finds`(
        metric: Metric, dimension: Int
    ) throws {
        var generator = Dice(seed: 82)
        let folder = try TemporaryFolder()
        var rows = (0..<200 * dimension).map { _ in generator.normal() }
        // A zero row, a tiny one and a large one.
        for place in 0..<dimension {
            rows[place] = 0
            rows[dimension + place] *= 1e-36
            rows[2 * dimension + place] *= 1e3
        }
        let questions = (0..<10 * dimension).map { _ in generator.normal() }
        let index = try ShardIndex(
            segments: try segments(rows, dimension: dimension, rows: [150, 50], in: folder),
            metric: metric, kind: "HNSW32:efSearch=400")
        let found = try index.search(questions: questions, count: 10, k: 150)
        let plain = plainSearch(
            metric, questions: questions, rows: rows, dimension: dimension, k: 200)
        for (hits, ranked) in zip(found, plain) {
            // The order among what is found, and each score, are those of the plain search.
            #expect(hits == ranked.filter { hits.contains($0) })
            // Of one dimension, cosines fall into two heaps that no link joins.
            guard dimension > 1 else { continue }
            #expect(hits.count >= 120)
            // Large inner products with one row hide others from a graph.
            let missing = Set(ranked.prefix(10)).subtracting(hits)
            #expect(metric == .innerProduct || missing.count <= 2)
        }
    }
}
