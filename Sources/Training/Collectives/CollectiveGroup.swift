/// The ranks of one world that compute something together, seen from one of them.
///
/// Every rank calls the same operations in the same order; a rank that calls another one, or with
/// another count, ends the operation on both sides with ``CollectiveError/mismatch(ours:theirs:)``.
/// Calls block and come from one thread at a time. After an error the group is of no more use: the
/// ranks that are left form a new one, with the next generation.
///
/// Whatever an operation returns has the same bits on every rank, and the same bits in every run
/// of the same world: sums are made in one fixed order.
public protocol CollectiveGroup: AnyObject, Sendable {
    /// This rank's number, from 0.
    var rank: Int { get }
    /// How many ranks there are, at least 1.
    var world: Int { get }
    /// How often the world has been formed in this run, from 1.
    var generation: UInt64 { get }
    /// How long callers have waited for others and for the wire, in all operations so far.
    var waited: Duration { get }

    /// The rows of all ranks in the order of ranks; each may have any number of them, also none.
    ///
    /// - Parameters:
    ///   - rows: this rank's rows, `[count, width]`.
    ///   - width: floats of a row, the same on every rank, at least 1.
    func allGather(rows: [Float], width: Int) throws(CollectiveError) -> GatheredRows

    /// The bytes of all ranks in the order of ranks; each may have any number of them.
    func allGather(bytes: [UInt8]) throws(CollectiveError) -> [[UInt8]]

    /// This rank's part of the sum over all ranks: the way back of ``allGather(rows:width:)``.
    ///
    /// - Parameters:
    ///   - rows: this rank's gradient for the rows of everyone, `[sum of counts, width]`.
    ///   - counts: rows of each rank, the same list on every rank.
    ///   - width: floats of a row, at least 1.
    /// - Returns: `[counts[rank], width]`, ranks added up in their order.
    func reduceScatter(
        rows: [Float], counts: [Int], width: Int
    ) throws(CollectiveError) -> [Float]

    /// Begins to sum a bucket over all ranks, in place, while the caller goes on computing.
    ///
    /// Buckets are summed in the order in which they begin, which is the same on every rank.
    /// Nobody reads or writes the floats, and their memory stays, until ``wait()`` has returned.
    func begin(_ bucket: UnsafeMutableBufferPointer<Float>) throws(CollectiveError)

    /// Waits until every bucket that was begun holds the sum.
    func wait() throws(CollectiveError)
}

extension CollectiveGroup {
    /// None: what is done within one process.
    public var waited: Duration { .zero }

    /// Sums floats over all ranks, in place.
    public func allReduce(_ values: inout [Float]) throws(CollectiveError) {
        try unsafe values.withUnsafeMutableBufferPointer { buffer throws(CollectiveError) in
            try unsafe begin(buffer)
            try wait()
        }
    }

    /// Returns when every rank has come here.
    public func barrier() throws(CollectiveError) {
        _ = try allGather(bytes: [])
    }
}

/// The rows of all ranks, one after the other.
public struct GatheredRows: Equatable, Sendable {
    /// All rows, `[sum of counts, width]`.
    public let values: [Float]
    /// Rows of each rank.
    public let counts: [Int]
    /// Floats of a row.
    public let width: Int

    /// Takes rows that lie in the order of ranks.
    public init(values: [Float], counts: [Int], width: Int) {
        precondition(
            values.count == counts.reduce(0, +) * width,
            "\(values.count) floats are not \(counts) rows of \(width)")
        self.values = values
        self.counts = counts
        self.width = width
    }

    /// Which rows are a rank's.
    public func rows(of rank: Int) -> Range<Int> {
        let start = counts[..<rank].reduce(0, +)
        return start..<start + counts[rank]
    }
}
