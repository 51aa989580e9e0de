import Corpus
import TestSupport
import Testing

@testable import VectorIndex

/// Segments that hold their vectors as float16.
struct FloatSixteenTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `every float16 is read back as it was written`() throws {
        let values: [Float] = (0..<UInt16.max).compactMap {
            let value = Float(Float16(bitPattern: $0))
            return value.isFinite ? value : nil
        }
        let file = try Segment.write(
            content(first: 0, dimension: values.count, vectors: values, precision: .float16),
            folder: folder.path)
        let segment = try Segment.open(path: file.path, expecting: file.sha256)
        #expect(segment.precision == .float16)
        #expect(segment.vector(0).map(\.bitPattern) == values.map(\.bitPattern))
    }

    @Test func `other numbers become the nearest float16`() throws {
        var generator = Dice(seed: 71)
        let values: [Float] = (0..<40_000).map { _ in
            let value = Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &generator))
            return abs(value) < 65520 ? value : generator.normal()
        }
        let file = try Segment.write(
            content(first: 0, dimension: 40, vectors: values, precision: .float16),
            folder: folder.path)
        let segment = try Segment.open(path: file.path, expecting: file.sha256)
        let stored = segment.withVectors { Array($0) }
        #expect(stored.map(\.bitPattern) == values.map { Float(Float16($0)).bitPattern })
        #expect(segment.vector(7) == Array(stored[280..<320]))
    }

    @Test func `what float16 cannot hold is refused with the passage's id`() throws {
        for (value, error) in [
            (Float(65520), IndexError.beyondFloat16(passageID: "p1", component: 1)),
            (-1e30, .beyondFloat16(passageID: "p1", component: 1)),
            (.nan, .nonFiniteVector(passageID: "p1", component: 1)),
            (-.infinity, .nonFiniteVector(passageID: "p1", component: 1)),
        ] {
            #expect(throws: error) {
                try Segment.write(
                    content(
                        first: 0, dimension: 2, vectors: [1, 2, 3, value], precision: .float16),
                    folder: folder.path)
            }
        }
        #expect(try folder.names.isEmpty)
    }

    @Test(arguments: Metric.allCases, ["exact", "Flat", "HNSW16", "IVF4,Flat:nprobe=4"])
    func `scores are those of the stored values`(metric: Metric, kind: String) throws {
        var generator = Dice(seed: 72)
        let dimension = 37
        let rows = (0..<600 * dimension).map { _ in generator.normal() }
        let stored = rows.map { Float(Float16($0)) }
        let questions = (0..<25 * dimension).map { _ in generator.normal() }
        let index = try ShardIndex(
            segments: try segments(
                rows, dimension: dimension, rows: [1, 599], in: folder, precision: .float16),
            metric: metric, kind: kind)
        let found = try index.search(questions: questions, count: 25, k: 9)
        let plain = plainSearch(
            metric, questions: questions, rows: stored, dimension: dimension, k: 9)
        if kind == "HNSW16" {
            for (one, other) in zip(found, plain) {
                for hit in one where hit.score >= other[8].score { #expect(other.contains(hit)) }
            }
        } else {
            #expect(found == plain)
        }
    }
}
