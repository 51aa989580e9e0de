import Base
import Corpus
import TestSupport
import Testing

@testable import VectorIndex

/// Everything that holds for every exact kind.
struct ShardIndexTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    struct Case: CustomTestStringConvertible, Sendable {
        var kind: String
        var metric: Metric
        var memory = ShardMemory.vectors
        var testDescription: String { "\(kind), \(metric), \(memory)" }

        static let all = Metric.allCases.flatMap { metric in
            ShardIndex.exactKinds.map { Case(kind: $0, metric: metric) }
                + [Case(kind: "exact", metric: metric, memory: .codes)]
        }
    }

    /// Compares with the plain search, for several k, batch sizes and threads.
    private func check(
        _ each: Case, rows: [Float], questions: [Float], dimension: Int, divisions: [Int]? = nil,
        _ name: String
    ) throws {
        let count = rows.count / dimension
        let asked = questions.count / dimension
        let index = try ShardIndex(
            segments: try segments(
                rows, dimension: dimension, rows: divisions ?? [count], in: folder),
            metric: each.metric, kind: each.kind, memory: each.memory)
        let ranked = plainSearch(
            each.metric, questions: questions, rows: rows, dimension: dimension, k: count)
        for k in [1, 10, count + 5] {
            let plain = ranked.map { Array($0.prefix(k)) }
            let batch = try index.search(questions: questions, count: asked, k: k)
            #expect(batch == plain, "\(name), dimension \(dimension), k \(k)")
            let divided = try index.search(questions: questions, count: asked, k: k, threads: 3)
            #expect(divided == plain, "\(name), dimension \(dimension), k \(k), three threads")
            for number in 0..<min(asked, 3) {
                let one = try index.search(
                    questions: Array(questions[number * dimension..<(number + 1) * dimension]),
                    count: 1, k: k)
                #expect(one == [plain[number]], "\(name), question \(number) alone, k \(k)")
            }
        }
    }

    @Test(arguments: Case.all)
    func `random vectors are ranked as by the plain search`(_ each: Case) throws {
        var generator = Dice(seed: 21)
        for dimension in [1, 2, 7, 31, 32, 33, 72, 130] {
            for count in [1, 16, 17, 65, 300] {
                let rows = (0..<count * dimension).map { _ in generator.normal() }
                let questions = (0..<21 * dimension).map { _ in generator.normal() }
                try check(each, rows: rows, questions: questions, dimension: dimension, "random")
            }
        }
    }

    @Test(arguments: Case.all)
    func `a dimension beyond every block size works`(_ each: Case) throws {
        var generator = Dice(seed: 22)
        let dimension = 4097
        let rows = (0..<100 * dimension).map { _ in Float.random(in: -1...1, using: &generator) }
        let questions = Array(rows[..<(21 * dimension)])
        try check(each, rows: rows, questions: questions, dimension: dimension, "wide")
    }

    @Test(arguments: Case.all)
    func `duplicates are ranked by ordinal`(_ each: Case) throws {
        var generator = Dice(seed: 23)
        for dimension in [1, 7, 33] {
            let row = (0..<dimension).map { _ in generator.normal() }
            let questions = (0..<22 * dimension).map { _ in generator.normal() }
            let same = [[Float]](repeating: row, count: 400).flatMap { $0 }
            try check(each, rows: same, questions: questions, dimension: dimension, "all equal")
            let other = (0..<dimension).map { _ in generator.normal() }
            let two = (0..<400).flatMap { _ in Bool.random(using: &generator) ? row : other }
            try check(each, rows: two, questions: questions, dimension: dimension, "two values")
        }
    }

    @Test(arguments: Case.all)
    func `gaps below float32 are still ranked`(_ each: Case) throws {
        var generator = Dice(seed: 24)
        for dimension in [2, 7, 31, 64] {
            // Rows around one vector, each a few units in the last place away.
            let base = (0..<dimension).map { _ in generator.normal() }
            let rows = (0..<300).flatMap { _ in
                base.map { value in
                    value + value.ulp * Float(Int.random(in: -2...2, using: &generator))
                }
            }
            let questions = base + (0..<23 * dimension).map { _ in generator.normal() }
            try check(each, rows: rows, questions: questions, dimension: dimension, "tiny gaps")
        }
    }

    @Test(arguments: Case.all)
    func `norms from zero to the largest float are ranked`(_ each: Case) throws {
        var generator = Dice(seed: 25)
        let scales: [[Float]] = [
            [1e38, 1], [3e38], [1e-38, .leastNonzeroMagnitude], [1e30, 1e-30], [0], [0, 1],
            [1e19, 2e19], [1e20, 0],
        ]
        for dimension in [1, 7, 31, 40] {
            for choices in scales {
                let values = { (generator: inout Dice) -> [Float] in
                    let scale = choices.randomElement(using: &generator) ?? 1
                    return (0..<dimension).map { _ in
                        Float.random(in: -1...1, using: &generator) * scale
                    }
                }
                let rows = (0..<200).flatMap { _ in values(&generator) }
                let questions = (0..<21).flatMap { _ in values(&generator) }
                try check(
                    each, rows: rows, questions: questions, dimension: dimension,
                    "scales \(choices)")
            }
        }
    }

    @Test(arguments: Case.all)
    func `one-hot and sign vectors are ranked`(_ each: Case) throws {
        var generator = Dice(seed: 26)
        for dimension in [1, 7, 31, 33] {
            let oneHot = (0..<500).flatMap { row in
                (0..<dimension).map { Float($0 == row % dimension ? row / dimension + 1 : 0) }
            }
            let signs = (0..<500 * dimension).map { _ in
                Bool.random(using: &generator) ? Float(1) : -1
            }
            let questions = Array(oneHot[..<(12 * dimension)]) + signs[..<(12 * dimension)]
            try check(each, rows: oneHot, questions: questions, dimension: dimension, "one-hot")
            try check(each, rows: signs, questions: questions, dimension: dimension, "signs")
        }
    }

    @Test(arguments: Case.all)
    func `the answer does not depend on the division into segments`(_ each: Case) throws {
        var generator = Dice(seed: 27)
        let rows = (0..<700 * 9).map { _ in Float(Int.random(in: -2...2, using: &generator)) }
        let questions = (0..<30 * 9).map { _ in Float(Int.random(in: -2...2, using: &generator)) }
        for divisions in [
            [700], [1, 699], [100, 1, 15, 16, 17, 551], Array(repeating: 7, count: 100),
        ] {
            try check(
                each, rows: rows, questions: questions, dimension: 9, divisions: divisions,
                "division")
        }
    }

    @Test(arguments: Case.all)
    func `merging shards gives the ranking of one shard`(_ each: Case) throws {
        var generator = Dice(seed: 28)
        let rows = (0..<512 * 12).map { _ in Float(Int.random(in: -3...3, using: &generator)) }
        let questions = (0..<24 * 12).map { _ in Float(Int.random(in: -3...3, using: &generator)) }
        let all = try segments(
            rows, dimension: 12, rows: Array(repeating: 32, count: 16), in: folder)
        let whole = try ShardIndex(
            segments: all, metric: each.metric, kind: each.kind, memory: each.memory)
        for shards in [2, 5, 16, 20] {
            let parts = try (0..<shards).map { shard in
                try ShardIndex(
                    segments: all.filter { $0.batch % shards == shard }.shuffled(using: &generator),
                    metric: each.metric, kind: each.kind, memory: each.memory)
            }
            for k in [1, 10, 600] {
                let expected = try whole.search(questions: questions, count: 24, k: k)
                let found = try parts.map {
                    try $0.search(questions: questions, count: 24, k: k)
                }
                for number in 0..<24 {
                    let merged = MergeHits.merge(found.map { $0[number] }, k: k)
                    #expect(merged == expected[number], "\(shards) shards, k \(k)")
                }
            }
        }
    }

    @Test(arguments: Case.all)
    func `searches may run at once`(_ each: Case) throws {
        var generator = Dice(seed: 29)
        let rows = (0..<2000 * 24).map { _ in generator.normal() }
        let questions = (0..<40 * 24).map { _ in generator.normal() }
        let index = try ShardIndex(
            segments: try segments(rows, dimension: 24, rows: [1000, 1000], in: folder),
            metric: each.metric, kind: each.kind, memory: each.memory)
        let expected = try index.search(questions: questions, count: 40, k: 10)
        let answers = Threads.map(count: 8, threads: 8) { range in
            range.map { _ in try? index.search(questions: questions, count: 40, k: 10) }
        }
        #expect(answers.flatMap { $0 }.allSatisfy { $0 == expected })
    }

    @Test(arguments: Case.all)
    func `an empty shard finds nothing`(_ each: Case) throws {
        let index = try ShardIndex(
            segments: [], metric: each.metric, kind: each.kind, memory: each.memory)
        #expect(index.rows == 0 && index.dimension == nil)
        #expect(try index.search(questions: [1, 2, 3, 4], count: 2, k: 5) == [[], []])
        #expect(try index.search(questions: [], count: 0, k: 5) == [])
        #expect(try index.passage(Ordinal(0)) == nil)
    }

    @Test(arguments: Case.all)
    func `impossible searches are refused`(_ each: Case) throws {
        let index = try ShardIndex(
            segments: try segments([1, 2, 3, 4], dimension: 2, rows: [2], in: folder),
            metric: each.metric, kind: each.kind, memory: each.memory)
        #expect(
            throws: IndexError.shapeMismatch(
                what: "question components (questions × dimension)", expected: 4, found: 3)
        ) { try index.search(questions: [1, 2, 3], count: 2, k: 1) }
        #expect(throws: IndexError.nonFiniteQuestion(index: 1)) {
            try index.search(questions: [1, 2, .nan, 1], count: 2, k: 1)
        }
        for (count, k, threads) in [(-1, 1, 1), (.max, 1, 1), (1, 0, 1), (1, 1, 0)] {
            #expect(throws: IndexError.self) {
                try index.search(questions: [1, 2], count: count, k: k, threads: threads)
            }
        }
        #expect(try index.search(questions: [], count: 0, k: 1) == [])
        #expect(try index.search(questions: [1, 0], count: 1, k: .max).first?.count == 2)
    }
}

/// What does not depend on the kind.
struct ShardContentTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func segment(
        _ first: UInt64, _ vectors: [Float], dimension: Int = 2, fingerprint: String = "e"
    ) throws -> Segment {
        let file = try Segment.write(
            content(
                first: first, dimension: dimension, vectors: vectors, fingerprint: fingerprint),
            folder: folder.path)
        return try Segment.open(path: file.path, expecting: file.sha256)
    }

    @Test func `an ordinal leads to its passage`() throws {
        let index = try ShardIndex(
            segments: [try segment(30, [1, 2, 3, 4]), try segment(10, [5, 6, 7, 8, 9, 10])],
            metric: .innerProduct, kind: "Flat")
        for ordinal: UInt64 in [10, 11, 12, 30, 31] {
            #expect(try index.passage(Ordinal(ordinal))?.id == "p\(ordinal)")
        }
        for ordinal: UInt64 in [0, 9, 13, 29, 32, .max] {
            #expect(try index.passage(Ordinal(ordinal)) == nil)
        }
        let hits = try index.search(questions: [1, 0], count: 1, k: 2)
        #expect(
            hits == [
                [Hit(ordinal: Ordinal(12), score: 9), Hit(ordinal: Ordinal(11), score: 7)]
            ])
    }

    @Test func `segments that do not belong together are refused`() throws {
        let first = try segment(0, [1, 2, 3, 4])
        let overlapping = try segment(1, [1, 2])
        let wide = try segment(5, [1, 2, 3], dimension: 3)
        let foreign = try segment(5, [1, 2], fingerprint: "other")
        let cases: [(Segment, IndexError)] = [
            (
                overlapping,
                .overlappingOrdinals(path: overlapping.path, otherPath: first.path, ordinal: 1)
            ),
            (
                wide,
                .shapeMismatch(what: "dimension of \(wide.path)", expected: 2, found: 3)
            ),
            (foreign, .mixedEncoders(path: foreign.path, expected: "e", found: "other")),
        ]
        for (second, error) in cases {
            #expect(throws: error) {
                try ShardIndex(
                    segments: [second, first], metric: .innerProduct, kind: "Flat")
            }
        }
    }

    @Test func `an unknown kind is refused with a list of kinds`() throws {
        let error = #expect(throws: IndexError.self) {
            try ShardIndex(segments: [try segment(0, [1, 2])], metric: .l2, kind: "Flatt")
        }
        #expect(error.map { "\($0)" }?.contains("Flat, ") == true, "\(String(describing: error))")
        // An empty shard knows its kinds too, or the error would come with the first passage.
        #expect(throws: IndexError.self) {
            try ShardIndex(segments: [], metric: .l2, kind: "nonsense")
        }
    }

    @Test(arguments: ["HNSW32", "IVF4,Flat", "SQ8", "PCA8,IVF4,Flat", "PQ4x4np"])
    func `a Faiss factory string gives exact scores`(kind: String) throws {
        var generator = Dice(seed: 31)
        let rows = (0..<400 * 16).map { _ in generator.normal() }
        let index = try ShardIndex(
            segments: try segments(rows, dimension: 16, rows: [100, 300], in: folder),
            metric: .l2, kind: kind)
        for row in stride(from: 0, to: 400, by: 50) {
            let question = Array(rows[row * 16..<(row + 1) * 16])
            let hits = try index.search(questions: question, count: 1, k: 3)[0]
            #expect(hits.first == Hit(ordinal: Ordinal(UInt64(row)), score: 0))
            for hit in hits {
                let at = Int(hit.ordinal.rawValue) * 16
                #expect(hit.score == plainScore(.l2, question[...], rows[at..<at + 16]))
            }
        }
    }
}
