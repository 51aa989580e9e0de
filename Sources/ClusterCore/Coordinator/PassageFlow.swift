/// Passages of leased batches on their way to workers, no faster than each takes them.
///
/// Pieces of one worker leave in the order of its leases, and only within the bytes it has granted;
/// what it cannot take yet waits here as a range, without the bytes.
package struct PassageFlow: Sendable {
    /// Bytes of passages in one piece where nobody says otherwise.
    package static let pieceBytes = 1 << 20

    /// A piece of a leased batch.
    package struct Piece: Hashable, Sendable {
        /// The lease that it belongs to.
        package var lease: LeaseTable.Lease
        /// Where it lies in the batch's passages.
        package var range: Range<Int>
        /// Whether nothing follows it.
        package var isLast: Bool
    }

    private(set) var windows: [WorkerID: CreditWindow] = [:]
    /// Bytes that have left to each worker and are neither answered nor given up.
    private(set) var underWay: [WorkerID: Int] = [:]
    private var waiting: [WorkerID: [Piece]] = [:]
    /// Whether windows are heeded; a simulation alone says no.
    var isUnbounded = false
    private let pieceBytes: Int

    init(pieceBytes: Int) { self.pieceBytes = pieceBytes }

    /// A worker takes `credit` bytes at once.
    mutating func open(_ worker: WorkerID, credit: Int) {
        windows[worker] = CreditWindow(granted: credit)
        underWay[worker] = nil
    }

    /// A worker is gone.
    mutating func close(_ worker: WorkerID) {
        windows[worker] = nil
        underWay[worker] = nil
        waiting[worker] = nil
    }

    /// A batch is leased: what of it may leave now.
    mutating func add(_ lease: LeaseTable.Lease, bytes: Int) -> [Piece] {
        for start in stride(from: 0, to: bytes, by: pieceBytes) {
            let end = min(start + pieceBytes, bytes)
            waiting[lease.worker, default: []].append(
                Piece(lease: lease, range: start..<end, isLast: end == bytes))
        }
        return leaving(to: lease.worker)
    }

    /// A worker has taken bytes.
    mutating func granted(_ bytes: Int, by worker: WorkerID) -> [Piece] {
        windows[worker]?.grant(bytes)
        underWay[worker] = max(0, (underWay[worker] ?? 0) - bytes)
        return leaving(to: worker)
    }

    /// A lease was taken back while its worker goes on: what was under way may never be answered.
    mutating func takenBack(_ lease: LeaseTable.Lease) -> [Piece] {
        waiting[lease.worker]?.removeAll { $0.lease.attempt == lease.attempt }
        windows[lease.worker]?.renew()
        underWay[lease.worker] = nil
        return leaving(to: lease.worker)
    }

    /// A worker lost all that was under way to it.
    mutating func lost(by worker: WorkerID) {
        waiting[worker] = nil
        windows[worker]?.renew()
        underWay[worker] = nil
    }

    /// The run is over.
    mutating func clear() { waiting = [:] }

    private mutating func leaving(to worker: WorkerID) -> [Piece] {
        var pieces: [Piece] = []
        while let piece = waiting[worker]?.first,
            isUnbounded || windows[worker]?.take(piece.range.count) == true
        {
            waiting[worker]?.removeFirst()
            underWay[worker, default: 0] += piece.range.count
            pieces.append(piece)
        }
        return pieces
    }
}
