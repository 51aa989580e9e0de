import Corpus
import TestSupport
import Testing

@testable import VectorIndex

/// What is particular to the scan over codes; that its answers are exact, ShardIndexTests says.
struct ExactScanTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func store(
        _ rows: [Float], dimension: Int, metric: Metric
    ) throws -> RowStore {
        try RowStore(
            segments: try segments(
                rows, dimension: dimension, rows: [rows.count / dimension], in: folder),
            metric: metric)
    }

    @Test(arguments: Metric.allCases)
    func `every instruction set gives the same answer`(metric: Metric) throws {
        var generator = Dice(seed: 61)
        for dimension in [1, 3, 4, 33, 100] {
            let rows = (0..<1500 * dimension).map { _ in generator.normal() }
            let questions = (0..<21 * dimension).map { _ in generator.normal() }
            let store = try store(rows, dimension: dimension, metric: metric)
            let plain = plainSearch(
                metric, questions: questions, rows: rows, dimension: dimension, k: 7
            ).map { $0.map { ScoredRow(row: Int($0.ordinal.rawValue), score: $0.score) } }
            for path in Kernels.paths {
                let scan = try ExactScan(store: store, path: path)
                for threads in 1...4 {
                    let found = try scan.search(questions, k: 7, threads: threads)
                    #expect(found == plain, "\(path), dimension \(dimension), \(threads) threads")
                }
            }
        }
    }

    @Test(arguments: Metric.allCases)
    func `every bound holds, on every instruction set`(metric: Metric) throws {
        var generator = Dice(seed: 62)
        let scales: [Float] = [1, .leastNonzeroMagnitude * 1000, 1e-20, 3e37]
        for dimension in [1, 2, 5, 31, 32, 33, 260] {
            for (rowScale, askedScale) in scales.flatMap({ one in scales.map { (one, $0) } }) {
                let rows = (0..<127 * dimension).map { _ in generator.normal() / 6 * rowScale }
                let questions = (0..<9 * dimension).map { _ in generator.normal() / 6 * askedScale }
                let store = try store(rows, dimension: dimension, metric: metric)
                for path in Kernels.paths {
                    let bounds = try ExactScan(store: store, path: path).allBounds(questions)
                    for (question, row, bounds, inUnits) in bounds {
                        let score = plainScore(
                            metric,
                            questions[question * dimension..<(question + 1) * dimension],
                            rows[row * dimension..<(row + 1) * dimension])
                        let found = inUnits(score)
                        guard Double(bounds.lowerBound) <= found,
                            found <= Double(bounds.upperBound)
                        else {
                            Issue.record(
                                """
                                \(found) lies outside \(bounds): \(path), dimension \
                                \(dimension), scales \(rowScale) and \(askedScale)
                                """)
                            return
                        }
                    }
                    #expect(bounds.count == 9 * 127)
                }
            }
        }
    }

    @Test func `a code stands for its vector as closely as it claims`() throws {
        // The bound of a row that is its own question: an error far beyond that of rounding to
        // 1/127 would make the scan useless, though still right.
        var generator = Dice(seed: 63)
        let rows = (0..<64 * 384).map { _ in generator.normal() }
        let store = try store(rows, dimension: 384, metric: .innerProduct)
        for (question, row, bounds, _) in try ExactScan(store: store).allBounds(Array(rows[..<384]))
        where question == row {
            #expect(bounds.upperBound - bounds.lowerBound < 0.05 * bounds.upperBound)
        }
    }

    @Test func `memory stays bounded where bounds tell nothing apart`() throws {
        // More equal rows than the list of pending candidates holds.
        let rows = [Float](repeating: 0.3, count: 20_000 * 2)
        let store = try store(rows, dimension: 2, metric: .innerProduct)
        let scan = try ExactScan(store: store)
        let found = try scan.search([1, 1], k: 5, threads: 1)
        #expect(found[0].map(\.row) == [0, 1, 2, 3, 4])
    }
}
