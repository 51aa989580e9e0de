import Foundation
import Sheaf
import TestSupport
import Testing

/// Searches over vectors of real text, against a full scan in float64.
@Suite(
    .enabled(
        if: TestFiles.data != nil && TestFiles.miniLM != nil,
        "SHEAF_TEST_DATA or SHEAF_MINILM names no folder"))
struct ExactnessTests {
    private static let passages = 512
    private static let questions = 10_000

    @Test(arguments: [VectorPrecision.float32, .float16])
    func `ten thousand questions find what a full scan finds`(
        precision: VectorPrecision
    ) throws {
        let folder = try TemporaryFolder()
        let (passages, vectors, width) = try Self.encoded.get()
        let file = try Segment.write(
            SegmentContent(
                firstOrdinal: Ordinal(0), dimension: width, vectors: vectors, passages: passages,
                sourceDigest: "", batch: 0, fingerprint: "", precision: precision),
            folder: folder.path)
        let segment = try Segment.open(path: file.path, expecting: file.sha256)
        let stored = segment.withVectors { Array($0) }
        let asked = Self.near(stored, width: width, count: Self.questions)

        for metric in Metric.allCases {
            let index = try ShardIndex(
                segments: [segment], metric: metric, kind: "exact", memory: .codes)
            let found = try index.search(
                questions: asked, count: Self.questions, k: 10, threads: 2)
            // Two proofs that have nothing in common: bounds of codes, and of float32 sums.
            let flat = try ShardIndex(segments: [segment], metric: metric, kind: "Flat")
            let other = try flat.search(
                questions: asked, count: Self.questions, k: 10, threads: 2)
            #expect(found == other, "\(metric)")
            for number in stride(from: 0, to: Self.questions, by: 100) {
                let question = Array(asked[number * width..<(number + 1) * width])
                let scores = Self.scores(metric, question, stored)
                let best = scores.indices.sorted {
                    scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1
                }
                #expect(
                    found[number].map { Int($0.ordinal.rawValue) } == Array(best.prefix(10)),
                    "\(metric), question \(number)")
            }
        }
    }

    /// Passages, and their vectors one after the other.
    private typealias Encoded = (passages: [Passage], vectors: [Float], width: Int)

    /// Encoded once for all tests: without SIMD it takes minutes.
    private static let encoded = Result<Encoded, any Error> {
        let encoder = try TextEncoder.load(
            folder: try #require(TestFiles.miniLM), tower: .context)
        let reader = try PassageReader(
            try CorpusSource(paths: ["\(try #require(TestFiles.data))/squad/valid.corpus.tsv"]))
        var passages: [Passage] = []
        while passages.count < Self.passages, let next = try reader.next() {
            passages.append(next)
        }
        let vectors = encoder.encode(passages: passages.map { ($0.title, $0.text) }, threads: 2)
        return (passages, vectors, encoder.dimension)
    }

    /// Mixtures of two rows each, the same everywhere.
    private static func near(_ rows: [Float], width: Int, count: Int) -> [Float] {
        var dice = Dice(seed: 7)
        return (0..<count).flatMap { _ -> [Float] in
            let (one, other) = (
                dice.below(rows.count / width) * width, dice.below(rows.count / width) * width
            )
            let share = Float(dice.below(1000)) / 1000
            return (0..<width).map {
                share * rows[one + $0] + (1 - share) * rows[other + $0]
                    + Float(dice.number(-1000...1000)) * 2e-5
            }
        }
    }

    /// The plain scores in float64, each sum in the order of components.
    private static func scores(_ metric: Metric, _ question: [Float], _ rows: [Float]) -> [Double] {
        let width = question.count
        return stride(from: 0, to: rows.count, by: width).map { first in
            var (product, square, own, distance) = (0.0, 0.0, 0.0, 0.0)
            for place in 0..<width {
                let (a, b) = (Double(question[place]), Double(rows[first + place]))
                product += a * b
                square += b * b
                own += a * a
                distance += (a - b) * (a - b)
            }
            switch metric {
            case .innerProduct: return product
            case .l2: return -distance
            case .cosine: return product / (square * own).squareRoot()
            }
        }
    }
}
