import ClusterCore
import TestSupport

/// One granted lease as a worker speaks of it.
struct LeaseKey: Hashable {
    var batch: UInt64
    var attempt: UInt64

    init(_ batch: UInt64, _ attempt: UInt64) {
        self.batch = batch
        self.attempt = attempt
    }
}

/// A lease whose passages are arriving.
struct IncomingLease {
    var grant: LeaseGrant?
    var bytes: UInt64 = 0

    var isWhole: Bool { grant.map { bytes == $0.bodyBytes } ?? false }
}

extension SimulatedWorker {
    /// The grant and its chunks come on two lanes, in either order.
    func granted(_ grant: LeaseGrant) {
        let key = LeaseKey(grant.batch, grant.attempt)
        incoming[key, default: IncomingLease()].grant = grant
        encodeWhenWhole(key)
    }

    func received(_ chunk: PassageChunk, _ frames: [[UInt8]]) {
        let key = LeaseKey(chunk.batch, chunk.attempt)
        let bytes = UInt64(frames.first?.count ?? 0)
        send(.credit(Credit(bytes: bytes)), on: .control)
        var lease = incoming[key] ?? IncomingLease()
        guard lease.bytes == chunk.offset else { return }
        lease.bytes += bytes
        incoming[key] = lease
        encodeWhenWhole(key)
    }

    func revoked(_ revoke: LeaseRevoke) {
        let key = LeaseKey(revoke.batch, revoke.attempt)
        incoming[key] = nil
        encodeQueue.removeAll { $0 == key }
        unacknowledged[key] = nil
    }

    /// An acknowledgement may be lost with its connection: the report is repeated until it comes.
    func repeatUnacknowledged() {
        let now = simulation.now
        for key in unacknowledged.keys.sorted(by: { $0.attempt < $1.attempt }) {
            guard let report = unacknowledged[key], now - report.sent > .seconds(2) else {
                continue
            }
            unacknowledged[key]?.sent = now
            send(.segmentReady(report.message), on: .control, attempt: key.attempt)
        }
    }

    private func encodeWhenWhole(_ key: LeaseKey) {
        guard incoming[key]?.isWhole == true else { return }
        encodeQueue.append(key)
        if !isEncoding {
            isEncoding = true
            encodeNext()
        }
    }

    private func encodeNext() {
        guard !encodeQueue.isEmpty else {
            isEncoding = false
            return
        }
        let key = encodeQueue.removeFirst()
        guard let grant = incoming.removeValue(forKey: key)?.grant else { return encodeNext() }
        busyCount += 1
        simulation.ledger.encodes(BatchNumber(Int(grant.batch)))
        encode(grant, stepsLeft: 4)
    }

    /// A quarter of the batch at a time, so that progress shows.
    private func encode(_ grant: LeaseGrant, stepsLeft: Int) {
        guard stepsLeft > 0 else {
            busyCount -= 1
            finish(grant)
            return encodeNext()
        }
        let whole = simulation.settings.encodeMilliseconds * machine.slowness
        compute(.milliseconds(max(1, whole / 4))) { [self] in
            progress += 1
            passagesEncoded += grant.count / 4
            encode(grant, stepsLeft: stepsLeft - 1)
        }
    }

    private func finish(_ grant: LeaseGrant) {
        let key = LeaseKey(grant.batch, grant.attempt)
        if simulation.isAmiss(.failEncoding), dice.once(in: 12) {
            let code: FailureCode = dice.once(in: 2) ? .storage : .internal
            return send(
                .leaseFailed(
                    LeaseFailed(batch: grant.batch, attempt: grant.attempt, code: code)),
                on: .control, attempt: grant.attempt)
        }
        let batch = BatchNumber(Int(grant.batch))
        let sha256 = simulation.settings.sha256(of: batch)
        simulation.disks[folder, default: []].insert(sha256)
        let ready = SegmentReady(
            batch: grant.batch, attempt: grant.attempt, sha256: sha256, rows: grant.count)
        unacknowledged[key] = (ready, simulation.now)
        send(.segmentReady(ready), on: .control, attempt: key.attempt)
    }

    /// Where this worker keeps its segments: the shared folder, or one of its own.
    var folder: String { machine.sharesData ? SimulatedCatalog.sharedHolder : id.name }
}
