import Models
import TestSupport
import Testing

@testable import Training

/// What ranks tell each other, where one of them tells what cannot be.
struct RankRecordTests {
    /// A world of two, of which the other repeats what it hears, with some bytes changed.
    private final class LyingGroup: CollectiveGroup {
        let rank = 0
        let world = 2
        let generation: UInt64 = 1
        private let change: @Sendable ([UInt8]) -> [UInt8]

        init(_ change: @escaping @Sendable ([UInt8]) -> [UInt8]) {
            self.change = change
        }

        func allGather(rows: [Float], width: Int) throws(CollectiveError) -> GatheredRows {
            GatheredRows(
                values: rows + rows, counts: [rows.count / width, rows.count / width], width: width)
        }

        func allGather(bytes: [UInt8]) throws(CollectiveError) -> [[UInt8]] {
            [bytes, change(bytes)]
        }

        func reduceScatter(
            rows: [Float], counts: [Int], width: Int
        ) throws(CollectiveError) -> [Float] { rows }

        func begin(_ bucket: UnsafeMutableBufferPointer<Float>) throws(CollectiveError) {}

        func wait() throws(CollectiveError) {}
    }

    private static var statistics: StepStatistics {
        var statistics = StepStatistics()
        (statistics.loss, statistics.correct, statistics.rankSum) = (1.5, 2, 9)
        (statistics.questions, statistics.passages) = (4, 8)
        return statistics
    }

    @Test func `what both tell is added up`() throws {
        let sum = try Self.statistics.sum(over: LyingGroup { $0 }, step: 1, examples: ["a", "b"])
        #expect(sum.loss == 3 && sum.correct == 4 && sum.rankSum == 18)
        #expect(sum.questions == 8 && sum.passages == 16)
    }

    @Test func `any bytes of another rank are read or refused`() throws {
        var refused = 0
        for seed in 0..<20_000 as Range<UInt64> {
            let group = LyingGroup { bytes in
                var dice = Dice(seed: seed)
                var changed = bytes
                for _ in 0...dice.below(3) where !changed.isEmpty {
                    let place = dice.below(changed.count)
                    switch dice.below(4) {
                    case 0: changed.removeSubrange(place...)
                    case 1: changed.insert(contentsOf: dice.bytes(8), at: place)
                    case 2: changed[place] = 0xFF
                    default:
                        let start = place & ~7
                        let edges: [UInt64] = [.max, 1 << 63, 1 << 62, 1 << 40, 5]
                        let edge = edges[dice.below(edges.count)]
                        for index in start..<min(start + 8, changed.count) {
                            changed[index] = UInt8(
                                truncatingIfNeeded: edge >> UInt64(8 * (index - start)))
                        }
                    }
                }
                return changed
            }
            var statistics = Self.statistics
            if seed % 3 == 0 { statistics.loss = .nan }
            do throws(TrainingError) {
                _ = try statistics.sum(over: group, step: 7, examples: ["a", "b"])
                _ = try group.sum(TextCuts(), step: 7)
            } catch {
                switch error {
                case .collective(7, let reason):
                    refused += 1
                    #expect(
                        reason.contains("Rank 1 told what cannot be"), "seed \(seed): \(reason)")
                case .notFinite: break
                default: Issue.record("seed \(seed): \(error)")
                }
            }
        }
        #expect(refused > 5000)
    }

    @Test func `rows that are more or fewer than a rank's share are refused`() throws {
        let group = LyingGroup { $0 }
        let rows: [Float] = [1, 2, 3, 4]
        #expect(try group.allGather(rows: rows, width: 2, expecting: [2, 2]) == rows + rows)
        #expect(throws: CollectiveError.implausible(rank: 1, what: "2 rows instead of 3")) {
            try group.allGather(rows: rows, width: 2, expecting: [2, 3])
        }
    }
}
