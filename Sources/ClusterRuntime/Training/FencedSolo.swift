import Base
import Training

/// A group that somebody else can end.
protocol AbortableGroup: CollectiveGroup {
    /// Ends every operation, under way or to come.
    func abort(by who: String, reason: String)
}

extension RingGroup: AbortableGroup {}

/// A world of one rank that learns when it was taken for dead: from then on it must not write
/// where its successor does.
final class FencedSolo: AbortableGroup {
    private let solo: SoloGroup
    private let ended = Locked<CollectiveError?>(nil)

    init(generation: UInt64) {
        solo = SoloGroup(generation: generation)
    }

    var rank: Int { solo.rank }
    var world: Int { solo.world }
    var generation: UInt64 { solo.generation }

    func abort(by who: String, reason: String) {
        ended.withLock { $0 = $0 ?? .aborted(by: who, reason: reason) }
    }

    func allGather(rows: [Float], width: Int) throws(CollectiveError) -> GatheredRows {
        try check()
        return try solo.allGather(rows: rows, width: width)
    }

    func allGather(bytes: [UInt8]) throws(CollectiveError) -> [[UInt8]] {
        try check()
        return try solo.allGather(bytes: bytes)
    }

    func reduceScatter(
        rows: [Float], counts: [Int], width: Int
    ) throws(CollectiveError) -> [Float] {
        try check()
        return try solo.reduceScatter(rows: rows, counts: counts, width: width)
    }

    func begin(_ bucket: UnsafeMutableBufferPointer<Float>) throws(CollectiveError) {
        try check()
    }

    func wait() throws(CollectiveError) {
        try check()
    }

    private func check() throws(CollectiveError) {
        if let error = ended.withLock({ $0 }) { throw error }
    }
}
