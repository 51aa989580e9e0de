/// All that a coordinator decides: who belongs to the cluster, who encodes what, when a generation
/// is published, who serves it, and who sends a segment to whom.
///
/// It has no clock, no dice and no disk: what happened comes as an ``Event`` with its time, what is
/// to be done leaves as an ``Effect``, in the order in which it must be done. A shell gives it
/// sockets, stores and executors: the coordinator's actor real ones, the simulator others.
///
/// The parts decide, each about one thing, and know nothing of each other; this machine tells one
/// what it must know of another:
///
///     WorkerRoster ──who answers, who is placed──▶ IndexRun, ServedShards, SegmentCheck
///     IndexRun ──what is committed──▶ publication ──▶ ServedShards ──what serves──▶ IndexRun
///
/// Invariants beside those of the parts:
/// 1. What a life that is not on record says changes nothing but that it is told so.
/// 2. One run at a time is prepared, and none while an earlier one still reads or writes: what that
///    commits belongs to what the next one begins with.
/// 3. A commit that was begun ends as the catalog says, whatever became of its run.
package struct CoordinatorMachine: Sendable {
    /// The epoch in which it was made.
    package let epoch: UInt64
    /// The numbers that decide; others than the default are for tests.
    package struct Rules: Sendable {
        package var leases: LeaseTable.Rules
        /// Bytes of passages in one message.
        package var pieceBytes: Int

        package init(
            leases: LeaseTable.Rules = LeaseTable.Rules(),
            pieceBytes: Int = PassageFlow.pieceBytes
        ) {
            self.leases = leases
            self.pieceBytes = pieceBytes
        }
    }

    package let rules: Rules
    /// The workers.
    package internal(set) var roster: WorkerRoster
    /// The run of indexing under way.
    package internal(set) var run: IndexRun?
    /// The collections, by name.
    package internal(set) var collections: [String: ServedShards] = [:]
    /// The highest load id of a collection that was dropped.
    var lastLoadIDDropped: UInt64 = 0
    /// The check of the segments that an earlier run made.
    package internal(set) var check: SegmentCheck?

    var passages: PassageFlow
    var writes = PendingWrites()
    var relays = SegmentRelays()
    /// Leases granted in this epoch by runs that have ended: an attempt is never granted twice.
    var grantsOfEarlierRuns: UInt64 = 0
    /// The run that the shell prepares; it may have ended meanwhile.
    package internal(set) var preparing: Int?
    var lastRun = 0
    var lastRequest: UInt64
    var isClosing = false
    /// Which rule is broken, by a simulation alone.
    package var broken: ProtocolRule? {
        didSet {
            passages.isUnbounded = broken == .creditWindow
            for name in collections.keys { collections[name]?.table.broken = broken }
        }
    }

    /// Makes the machine of a coordinator that has just begun its epoch.
    ///
    /// - Parameter expected: The workers that are waited for before shards are placed.
    package init(
        epoch: UInt64, expected: Set<String>, rules: Rules = Rules(), now: Instant
    ) {
        self.epoch = epoch
        self.rules = rules
        passages = PassageFlow(pieceBytes: rules.pieceBytes)
        roster = WorkerRoster(expected: expected, now: now)
        // A worker may answer late what an earlier epoch asked: no number comes twice.
        lastRequest = epoch << 32
    }

    /// A number for a request of the coordinator's own.
    package mutating func newRequestID() -> UInt64 {
        lastRequest += 1
        return lastRequest
    }

    /// Takes what happened; what is to be done, in order.
    package mutating func handle(_ event: Event, now: Instant) -> [Effect] {
        switch event {
        case .worker(let event): handle(event, now: now)
        case .index(let event): handle(event, now: now)
        case .serving(let event): handle(event, now: now)
        case .tick: tick(now: now)
        case .closing: close(now: now)
        }
    }

    private mutating func tick(now: Instant) -> [Effect] {
        var effects = follow(roster.tick(now: now), now: now)
        effects += tickRun(now: now)
        effects += effectsOfCheck(check?.audit.tick(now: now) ?? [])
        if !roster.isPlaced { effects += place(now: now) }
        for name in collections.keys.sorted() {
            guard let told = collections[name]?.table.tick(now: now), !told.isEmpty else {
                effects += collections[name]?.lookAgain(isClosing: isClosing, now: now) ?? []
                continue
            }
            effects += followed(told, name, now: now)
        }
        return effects
    }

    /// Nobody is waited for any more.
    private mutating func close(now: Instant) -> [Effect] {
        isClosing = true
        var effects = endRun()
        for name in collections.keys.sorted() {
            effects += collections[name]?.lookAgain(isClosing: true, now: now) ?? []
        }
        return effects
    }
}
