import Foundation
import TestSupport
import Testing

@testable import VectorIndex

/// Graphs find what Faiss' own graph finds, whatever the rows are like.
struct GraphTests {
    enum Rows: CaseIterable, Sendable {
        /// All but the same vector: what tells them apart is small.
        case concentrated, moreConcentrated
        /// Groups whose members are much nearer to each other than to the rest.
        case clustered, tightlyClustered
        case duplicated
        /// Few components hold nearly all of the variance.
        case anisotropic
        /// One component that hides the others.
        case outlying
        case plain

        /// Vectors `[count, dimension]`.
        func make(_ count: Int, _ dimension: Int, _ dice: inout Dice) -> [Float] {
            let noise = { (dice: inout Dice) in (0..<dimension).map { _ in dice.normal() } }
            switch self {
            case .plain: return (0..<count).flatMap { _ in noise(&dice) }
            case .concentrated, .moreConcentrated:
                let center = noise(&dice)
                let scale: Float = self == .concentrated ? 0.03 : 0.001
                return (0..<count).flatMap { _ in
                    zip(center, noise(&dice)).map { $0 + scale * $1 }
                }
            case .clustered, .tightlyClustered:
                let centers = (0..<8).map { _ in noise(&dice) }
                let scale: Float = self == .clustered ? 0.2 : 0.002
                return (0..<count).flatMap { _ in
                    zip(centers[Int.random(in: 0..<8, using: &dice)], noise(&dice))
                        .map { $0 + scale * $1 }
                }
            case .duplicated:
                let values = (0..<count / 12 + 1).map { _ in noise(&dice) }
                return (0..<count).flatMap { _ in
                    values[Int.random(in: 0..<values.count, using: &dice)]
                }
            case .anisotropic:
                return (0..<count).flatMap { _ in
                    noise(&dice).enumerated().map { $1 * (100 / Float(1 + $0 * $0)) }
                }
            case .outlying:
                return (0..<count).flatMap { _ in
                    noise(&dice).enumerated().map { $0 == 3 ? 1000 + 50 * $1 : $1 }
                }
            }
        }
    }

    /// Of the places of the exact answers, how many hold a score as good.
    private func share(_ found: [[Hit]], _ exact: [[Hit]]) -> Double {
        let good = zip(found, exact).reduce(0) { sum, lists in
            sum + zip(lists.0, lists.1).count { $0.score >= $1.score }
        }
        return Double(good) / Double(exact.reduce(0) { $0 + $1.count })
    }

    @Test(arguments: Rows.allCases, Metric.allCases)
    func `a graph finds what Faiss' own finds at the same efSearch`(
        _ kind: Rows, metric: Metric
    ) throws {
        let (count, dimension, asked) = (400, 32, 40)
        var ours: [Double] = []
        var theirs: [Double] = []
        for seed in 0..<2 {
            var dice = Dice(seed: UInt64(900 + seed))
            let folder = try TemporaryFolder()
            let all = kind.make(count + asked, dimension, &dice)
            let rows = Array(all[..<(count * dimension)])
            let questions = Array(all[(count * dimension)...])
            let parts = try segments(rows, dimension: dimension, rows: [count], in: folder)
            let store = try RowStore(segments: parts, metric: metric)
            for (k, efSearch) in [(5, 5), (5, 16), (10, 40)] {
                let exact = plainSearch(
                    metric, questions: questions, rows: rows, dimension: dimension, k: k)
                let index = try ShardIndex(
                    segments: parts, metric: metric, kind: "HNSW32:efSearch=\(efSearch)")
                let hits = try index.search(questions: questions, count: asked, k: k)
                ours.append(share(hits, exact))
                let faiss = try FaissIndex(kind: "HNSW32", dimension: dimension, metric: metric)
                try faiss.set("efSearch", Double(efSearch))
                try store.forEachFaissRun { (vectors) throws(IndexError) in try faiss.add(vectors) }
                let found = try store.faissVectors(questions).withUnsafeBufferPointer {
                    (all) throws(IndexError) in try faiss.search(all, k: k).rows
                }
                let scored = questions.withUnsafeBufferPointer { all in
                    (0..<asked).map { number in
                        store.best(
                            k,
                            of: found[number * k..<(number + 1) * k].filter { $0 >= 0 }.map(
                                Int.init),
                            for: store.question(number, of: all)
                        ).map { Hit(ordinal: store.ordinal(ofRow: $0.row), score: $0.score) }
                    }
                }
                theirs.append(share(scored, exact))
            }
        }
        let mean = { (shares: [Double]) in shares.reduce(0, +) / Double(shares.count) }
        #expect(mean(ours) >= mean(theirs) - 0.01, "\(ours) beside \(theirs)")
    }

    /// From 10,000 rows on more candidates are looked at for the links of a vertex.
    @Test func `a graph over many rows of unlike lengths finds what Faiss' own finds`() throws {
        let (count, dimension, asked, k) = (10_000, 64, 40, 10)
        var dice = Dice(seed: 31)
        let scales = (0..<dimension).map { 1 / Float(1 + $0).squareRoot() }
        let all = (0..<(count + asked)).flatMap { _ in scales.map { $0 * dice.normal() } }
        let rows = Array(all[..<(count * dimension)])
        let questions = Array(all[(count * dimension)...])
        let folder = try TemporaryFolder()
        let parts = try segments(rows, dimension: dimension, rows: [count], in: folder)
        let store = try RowStore(segments: parts, metric: .innerProduct)
        #expect(GraphSearch.breadth(for: store, links: 32) == 40)
        for (links, breadth) in [(16, 80), (20, 80), (21, 41), (32, 63), (40, 79), (48, 80)] {
            for metric in [Metric.l2, .cosine] {
                let store = try RowStore(segments: parts, metric: metric)
                #expect(GraphSearch.breadth(for: store, links: links) == breadth)
            }
        }
        func hits(_ kind: String) throws -> [[Hit]] {
            let index = try ShardIndex(segments: parts, metric: .innerProduct, kind: kind)
            return try index.search(questions: questions, count: asked, k: k)
        }
        let exact = try hits("exact")
        let (ours, theirs) = (
            share(try hits("HNSW32:efSearch=40"), exact),
            share(try hits("HNSW32_Flat:efSearch=40"), exact)
        )
        #expect(ours >= theirs - 0.01, "\(ours) beside \(theirs)")
    }

    /// Of rows whose first components hold nearly all of the variance, a short search needs every
    /// link that there is room for.
    @Test func `a graph over many anisotropic rows finds by cosine what Faiss' own finds`() throws {
        let (count, dimension, asked, k) = (10_000, 48, 100, 10)
        var dice = Dice(seed: 32)
        let scales = (0..<dimension).map { exp(-8 * Float($0) / Float(dimension)) }
        let center = scales.map { $0 * dice.normal() }
        func make(_ count: Int, around center: [Float]) -> [Float] {
            (0..<count).flatMap { _ in
                zip(scales, center).map { $0 * dice.normal() + $1 }
            }
        }
        let rows = make(count, around: center)
        let questions = make(asked, around: scales.map { _ in 0 })
        let folder = try TemporaryFolder()
        let parts = try segments(rows, dimension: dimension, rows: [count], in: folder)
        func hits(_ kind: String) throws -> [[Hit]] {
            let index = try ShardIndex(segments: parts, metric: .cosine, kind: kind)
            return try index.search(questions: questions, count: asked, k: k)
        }
        let exact = try hits("exact")
        let (ours, theirs) = (
            share(try hits("HNSW32:efSearch=16"), exact),
            share(try hits("HNSW32_Flat:efSearch=16"), exact)
        )
        #expect(ours >= theirs - 0.01, "\(ours) beside \(theirs)")
    }

    @Test(arguments: Rows.allCases, Metric.allCases)
    func `k rows are found wherever there are k`(_ kind: Rows, metric: Metric) throws {
        var dice = Dice(seed: 77)
        let folder = try TemporaryFolder()
        let (count, dimension, asked) = (150, 16, 3)
        let rows = kind.make(count, dimension, &dice)
        let questions = kind.make(asked, dimension, &dice)
        let parts = try segments(rows, dimension: dimension, rows: [100, 50], in: folder)
        for name in [
            "HNSW4:efSearch=1", "HNSW32", "HNSW16_SQ8", "IVF16,Flat:nprobe=1",
            "IVF16,PQ4x4fs:nprobe=1", "IVF8,Flat,RFlat:nprobe=1", "SQ8",
        ] {
            let index = try ShardIndex(segments: parts, metric: metric, kind: name)
            for k in [1, 60, count + 5] {
                let found = try index.search(questions: questions, count: asked, k: k)
                #expect(
                    found.allSatisfy { Set($0.map(\.ordinal)).count == min(k, count) },
                    "\(name), k \(k): \(found.map(\.count))")
            }
        }
    }
}
