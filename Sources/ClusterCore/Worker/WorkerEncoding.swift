/// Leases: passages that arrive, become a segment, and are reported until that is acknowledged.
///
/// States of a lease and what moves it:
///
///     incoming ─whole─▶ queued ─its turn─▶ loading the encoder ─▶ encoding ─▶ encoded
///                                                                               │
///     acknowledged ◀─CommitAck─ reported ◀─synced─ written ◀─── writing ◀───────┘
///
/// Invariants:
/// 1. At most `incomingLimit` leases are incoming or queued; the oldest goes when one more comes.
/// 2. Leases are encoded one at a time, in the order in which they became whole, and written one at
///    a time, while the next is encoded.
/// 3. A lease is encoded once all its bytes are here, in order and no more than were announced,
///    with the encoder that its grant names.
/// 4. A report leaves after write *and* sync have returned, never before, and is repeated each
///    `reportInterval` until it is acknowledged or the lease revoked; at most `reportLimit` wait.
/// 5. What was revoked, or is of a coordinator that was left, is neither written nor reported; a
///    step of it that is under way ends by itself.
/// 6. Credit for bytes returns as they come, each byte once.
/// 7. At most `encoderLimit` encoders are kept: the one used longest ago goes.
struct WorkerEncoding: Sendable {
    typealias Effect = WorkerMachine.Effect

    /// Bytes of passages a coordinator may have under way to this worker.
    static let bulkCredit: UInt64 = 8 << 20
    /// Leases whose passages are on their way at most.
    static let incomingLimit = 8
    /// Reports that wait for their acknowledgement at most.
    static let reportLimit = 64
    /// Encoders that are kept at most.
    static let encoderLimit = 8
    /// Guesses at encoders that are being loaded at most.
    static let preparationLimit = 8
    /// Time after which a report is repeated: it, or its acknowledgement, may be lost.
    static let reportInterval: Duration = .seconds(2)

    /// A lease whose passages are arriving.
    struct Incoming: Sendable {
        var grant: LeaseGrant?
        var bytes: UInt64 = 0
        /// The epoch of whoever granted it.
        var epoch: UInt64

        var isWhole: Bool { grant.map { bytes == $0.bodyBytes } ?? false }
    }

    /// The lease that is being encoded.
    struct Current: Sendable {
        enum Step: Equatable, Sendable {
            case needsEncoder
            case loadsEncoder
            case encodes
            case isEncoded(Cuts)
        }

        var key: LeaseKey
        var grant: LeaseGrant
        var epoch: UInt64
        var step = Step.needsEncoder
        /// Whether its lease was revoked meanwhile.
        var isVoid = false
    }

    /// The lease whose segment is on its way to the disk.
    struct Writing: Sendable {
        var key: LeaseKey
        var cuts: Cuts
        var epoch: UInt64
        var facts: WorkerMachine.SegmentFacts?
        var isVoid = false
    }

    /// A report that is not acknowledged.
    struct Report: Sendable {
        var message: SegmentReady
        var sent: Instant
        var epoch: UInt64
        var isSynced: Bool
    }

    private(set) var incoming: [LeaseKey: Incoming] = [:]
    private(set) var queue: [LeaseKey] = []
    private(set) var current: Current?
    private(set) var writing: Writing?
    private(set) var reports: [LeaseKey: Report] = [:]
    /// Encoders that are loaded, the one used last at the end.
    private(set) var encoders: [EncoderKey] = []
    private(set) var preparations = 0

    // MARK: Passages

    /// The grant and its chunks come on two lanes, in either order.
    mutating func granted(_ grant: LeaseGrant, epoch: UInt64, _ effects: inout [Effect]) {
        let key = LeaseKey(
            collection: grant.collection, batch: grant.batch, attempt: grant.attempt)
        guard !isTaken(key), incoming[key]?.grant == nil else { return }
        incoming[key, default: Incoming(epoch: epoch)].grant = grant
        boundIncoming(&effects)
        takeWhenWhole(key, &effects)
    }

    mutating func received(
        _ chunk: PassageChunk, _ frames: [[UInt8]], epoch: UInt64, _ effects: inout [Effect]
    ) {
        let key = LeaseKey(
            collection: chunk.collection, batch: chunk.batch, attempt: chunk.attempt)
        let bytes = frames.first ?? []
        let count = UInt64(bytes.count)
        // Credit is for the way, not for the keeping: it returns as soon as the bytes are here.
        effects.append(.message(.credit(Credit(bytes: count)), on: .control))
        let kept = incoming[key]?.bytes ?? 0
        let most = incoming[key]?.grant?.bodyBytes ?? WorkerEncoding.bulkCredit
        guard !isTaken(key), kept == chunk.offset, kept + count <= most else { return }
        incoming[key, default: Incoming(epoch: epoch)].bytes += count
        if count > 0 { effects.append(.keepPassages(key, bytes)) }
        boundIncoming(&effects)
        takeWhenWhole(key, &effects)
    }

    /// Whether a lease is past its arrival; what comes of it then came before.
    private func isTaken(_ key: LeaseKey) -> Bool {
        current?.key == key || writing?.key == key || reports[key] != nil
    }

    /// A coordinator has two leases under way to a worker; one that says more is not remembered.
    private mutating func boundIncoming(_ effects: inout [Effect]) {
        while incoming.count > WorkerEncoding.incomingLimit, let oldest = incoming.keys.min() {
            effects.append(.notice(.leaseGivenUp(oldest)))
            drop(oldest, &effects)
        }
    }

    private mutating func drop(_ key: LeaseKey, _ effects: inout [Effect]) {
        guard let lease = incoming.removeValue(forKey: key) else { return }
        queue.removeAll { $0 == key }
        if lease.bytes > 0 { effects.append(.dropPassages(key)) }
    }

    private mutating func takeWhenWhole(_ key: LeaseKey, _ effects: inout [Effect]) {
        guard incoming[key]?.isWhole == true, !queue.contains(key) else { return }
        // Chunks come in the order of their grants: what is not whole by now was revoked.
        let revoked = incoming.filter { $0.key.attempt < key.attempt && !$0.value.isWhole }
        for key in revoked.keys.sorted() { drop(key, &effects) }
        queue.append(key)
        proceed(&effects)
    }

    // MARK: What becomes of a lease

    mutating func revoked(_ revoke: LeaseRevoke, _ effects: inout [Effect]) {
        let key = LeaseKey(
            collection: revoke.collection, batch: revoke.batch, attempt: revoke.attempt)
        drop(key, &effects)
        if current?.key == key { current?.isVoid = true }
        if writing?.key == key { writing?.isVoid = true }
        reports[key] = nil
    }

    mutating func acknowledged(_ ack: CommitAck) {
        let key = LeaseKey(collection: ack.collection, batch: ack.batch, attempt: ack.attempt)
        reports[key] = nil
    }

    /// All that an earlier coordinator granted is void.
    mutating func forget(_ effects: inout [Effect]) {
        for key in incoming.keys.sorted() { drop(key, &effects) }
        current?.isVoid = true
        writing?.isVoid = true
        reports.removeAll()
    }

    mutating func repeatReports(now: Instant, _ effects: inout [Effect]) {
        for key in reports.keys.sorted() {
            guard let report = reports[key], now - report.sent > WorkerEncoding.reportInterval
            else { continue }
            reports[key]?.sent = now
            effects.append(report.effect)
        }
    }

    // MARK: Encoders

    /// An encoder that leases will ask for; what is wrong with it, a lease says.
    mutating func prepare(_ encoder: PrepareEncoder, _ effects: inout [Effect]) {
        guard preparations < WorkerEncoding.preparationLimit else { return }
        preparations += 1
        effects.append(.prepareEncoder(encoder))
    }

    mutating func prepared(_ key: EncoderKey?, _ effects: inout [Effect]) {
        guard preparations > 0 else { return }
        preparations -= 1
        if let key { keep(key, &effects) }
        proceed(&effects)
    }

    mutating func loaded(_ encoder: EncoderKey, for key: LeaseKey, _ effects: inout [Effect]) {
        keep(encoder, &effects)
        guard current?.key == key, current?.step == .loadsEncoder else { return }
        current?.step = .needsEncoder
        proceed(&effects)
    }

    private mutating func keep(_ encoder: EncoderKey, _ effects: inout [Effect]) {
        encoders.removeAll { $0 == encoder }
        encoders.append(encoder)
        if encoders.count > WorkerEncoding.encoderLimit {
            effects.append(.dropEncoder(encoders.removeFirst()))
        }
    }

    // MARK: Encoding and writing

    mutating func encoded(_ key: LeaseKey, _ cuts: Cuts, _ effects: inout [Effect]) {
        guard current?.key == key, current?.step == .encodes else { return }
        current?.step = .isEncoded(cuts)
        proceed(&effects)
    }

    mutating func written(
        _ key: LeaseKey, _ facts: WorkerMachine.SegmentFacts, waitsForSync: Bool, now: Instant,
        _ effects: inout [Effect]
    ) {
        guard writing?.key == key, writing?.facts == nil else { return }
        writing?.facts = facts
        if !waitsForSync, let writing { report(writing, isSynced: false, now: now, &effects) }
    }

    mutating func synced(_ key: LeaseKey, now: Instant, _ effects: inout [Effect]) {
        guard let done = writing, done.key == key, done.facts != nil else { return }
        writing = nil
        if reports[key] == nil { report(done, isSynced: true, now: now, &effects) }
        reports[key]?.isSynced = true
        proceed(&effects)
    }

    private mutating func report(
        _ done: Writing, isSynced: Bool, now: Instant, _ effects: inout [Effect]
    ) {
        guard let facts = done.facts, !done.isVoid else { return }
        let key = done.key
        let report = Report(
            message: SegmentReady(
                collection: key.collection, batch: key.batch, attempt: key.attempt,
                sha256: facts.sha256, rows: facts.rows, bytes: facts.bytes, cuts: done.cuts),
            sent: now, epoch: done.epoch, isSynced: isSynced)
        reports[key] = report
        while reports.count > WorkerEncoding.reportLimit, let oldest = reports.keys.min() {
            reports[oldest] = nil
        }
        effects.append(report.effect)
    }

    mutating func failed(_ key: LeaseKey, _ failure: Failure, _ effects: inout [Effect]) {
        if writing?.key == key {
            let isVoid = writing?.isVoid == true
            writing = nil
            if !isVoid { giveBack(key, failure, &effects) }
        } else if current?.key == key {
            switch current?.step {
            case .loadsEncoder?, .encodes?: failCurrent(failure, &effects)
            case .needsEncoder?, .isEncoded?, nil: return
            }
        }
        proceed(&effects)
    }

    private mutating func failCurrent(_ failure: Failure, _ effects: inout [Effect]) {
        guard let failed = current else { return }
        current = nil
        // Passages end with their encoding; before that they are still kept.
        if failed.step != .encodes { effects.append(.dropPassages(failed.key)) }
        if !failed.isVoid { giveBack(failed.key, failure, &effects) }
    }

    private func giveBack(_ key: LeaseKey, _ failure: Failure, _ effects: inout [Effect]) {
        effects.append(.notice(.leaseFailed(key, failure.message)))
        effects.append(
            .message(
                .leaseFailed(
                    LeaseFailed(
                        collection: key.collection, batch: key.batch, attempt: key.attempt,
                        code: failure.code, message: failure.message)),
                on: .control, attempt: key.attempt))
    }

    /// Does what can be done next.
    private mutating func proceed(_ effects: inout [Effect]) {
        while let now = next() {
            switch now.step {
            case .needsEncoder:
                guard preparations == 0 || now.isVoid else { return }
                guard startEncoding(now, &effects) else { continue }
                return
            case .loadsEncoder, .encodes: return
            case .isEncoded(let cuts):
                // One segment on its way to the disk at most, while the next is encoded.
                guard writing == nil || now.isVoid else { return }
                current = nil
                guard !now.isVoid else {
                    effects.append(.dropSegment(now.key))
                    continue
                }
                writing = Writing(key: now.key, cuts: cuts, epoch: now.epoch)
                effects.append(.writeSegment(now.key))
            }
        }
    }

    /// The lease that is being encoded, or the next one in turn.
    private mutating func next() -> Current? {
        while current == nil, !queue.isEmpty {
            let key = queue.removeFirst()
            guard let lease = incoming.removeValue(forKey: key), let grant = lease.grant else {
                continue
            }
            current = Current(key: key, grant: grant, epoch: lease.epoch)
        }
        return current
    }

    /// Whether something is under way now; else the lease is gone.
    private mutating func startEncoding(_ now: Current, _ effects: inout [Effect]) -> Bool {
        guard !now.isVoid else {
            current = nil
            effects.append(.dropPassages(now.key))
            return false
        }
        guard let spec = now.grant.encoder else {
            failCurrent(
                Failure(
                    code: .internal,
                    message: """
                        A lease came without its encoder. This is a defect of Sheaf: please report \
                        it.
                        """), &effects)
            return false
        }
        let encoder = EncoderKey(fingerprint: spec.fingerprint, settings: spec.settings)
        if encoders.contains(encoder) {
            keep(encoder, &effects)
            current?.step = .encodes
            effects.append(.encode(now.key, now.grant, encoder))
        } else {
            current?.step = .loadsEncoder
            effects.append(.loadEncoder(spec, for: now.key))
        }
        return true
    }
}

extension WorkerEncoding.Report {
    /// Says it, again or for the first time.
    fileprivate var effect: WorkerMachine.Effect {
        .message(.segmentReady(message), on: .control, attempt: message.attempt)
    }
}
