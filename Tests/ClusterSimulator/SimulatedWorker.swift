import ClusterCore
import TestSupport

/// One life of a worker: the machine of the real one, with a clock, a disk and compute that are the
/// simulation's.
///
/// It decides nothing. What a real shell does takes time here, and the worker may die between any
/// two effects of the machine.
final class SimulatedWorker {
    typealias Event = WorkerMachine.Event
    typealias Effect = WorkerMachine.Effect

    unowned let simulation: Simulation
    let id: WorkerID
    let machine: SimulationSettings.Machine
    var dice: Dice
    private(set) var core: WorkerMachine
    private(set) var isAlive = true
    /// Since when it stands still, if it does.
    private(set) var pausedSince: Instant?
    /// Compute stands still until then.
    var hungUntil = Instant(nanoseconds: 0)
    /// Effects that are carried out before it dies, where it is to die in the midst of them.
    var effectsLeft: Int?
    /// Messages that have arrived at a paused worker.
    private var unread: [(Envelope, Lane)] = []

    // Counters, as heartbeats carry them.
    var progress: UInt64 = 0
    var passagesEncoded: UInt64 = 0
    var searchCount: UInt64 = 0
    var busyCount = 0

    // What the machine names, and does not hold.
    var passages: [LeaseKey: Int] = [:]
    var contents: [LeaseKey: LeaseGrant] = [:]
    /// The segments of each index.
    var indexes: [WorkID: [String]] = [:]
    var cancelled: Set<WorkID> = []
    /// The message that is being handled.
    private(set) var envelope: Envelope?
    /// What loads ask of a segment, which every segment here is.
    private var wanted = LoadGeneration()

    init(
        _ simulation: Simulation, id: WorkerID, machine: SimulationSettings.Machine, dice: Dice
    ) {
        self.simulation = simulation
        self.id = id
        self.machine = machine
        self.dice = dice
        core = WorkerMachine(
            greeting: Hello(role: .worker, name: id.name, threads: UInt32(machine.threads)),
            incarnation: id.incarnation, now: machine.clock(simulation.now))
        core.broken = simulation.settings.broken
        every(.milliseconds(100)) { [unowned self] in happened(.tick) }
    }

    // MARK: Life and time

    func crash() { isAlive = false }

    var isPaused: Bool { pausedSince != nil }

    func pause() { pausedSince = pausedSince ?? simulation.now }

    func goOn() {
        pausedSince = nil
        let messages = unread
        unread = []
        for (envelope, lane) in messages { receive(envelope, on: lane) }
    }

    /// Loses what had arrived at a paused worker.
    func dropUnread() { unread = [] }

    func leave() { happened(.stop) }

    private func every(_ interval: Duration, _ body: @escaping () -> Void) {
        simulation.later(interval) { [self] in
            guard isAlive else { return }
            if !isPaused { body() }
            every(interval, body)
        }
    }

    /// Runs `body` after computing, or waiting for the disk, for `duration`.
    func compute(_ duration: Duration, _ body: @escaping () -> Void) {
        let start = max(simulation.now, hungUntil)
        simulation.at(start + duration) { [self] in
            guard isAlive else { return }
            if isPaused || simulation.now < hungUntil {
                // Compute cannot be read from a socket: it goes on by itself, later.
                simulation.later(.milliseconds(50)) { [self] in compute(.milliseconds(1), body) }
            } else {
                body()
            }
        }
    }

    // MARK: Events and effects

    func receive(_ envelope: Envelope, on lane: Lane) {
        guard isAlive else { return }
        if isPaused { return unread.append((envelope, lane)) }
        if envelope.epoch < core.epoch { simulation.sees(.lateMessage) }
        if case .loadGeneration(let load) = envelope.message { wanted = load }
        self.envelope = envelope
        happened(.received(envelope, on: lane))
        self.envelope = nil
    }

    /// Tells the machine, and carries out what it says.
    func happened(_ event: Event) {
        guard isAlive else { return }
        let isForeign = isForeign(event)
        let effects = core.handle(event, now: machine.clock(simulation.now))
        if isForeign {
            let isHeeded = effects.contains { if case .notice = $0 { false } else { true } }
            simulation.ledger.require(!isHeeded, "\(id) heeds the coordinator of another epoch")
        }
        for effect in effects {
            if let left = effectsLeft {
                effectsLeft = left - 1
                if left == 0 { return simulation.diesAmidstEffects(self) }
            }
            perform(effect)
        }
        guard simulation.settings.broken == nil else { return }
        let violations = core.violations
        simulation.ledger.require(
            violations.isEmpty, "\(id): \(violations.joined(separator: ", "))")
    }

    /// Whether an event is what the coordinator of another epoch asks for.
    private func isForeign(_ event: Event) -> Bool {
        guard case .received(let envelope, _) = event, envelope.epoch != core.epoch else {
            return false
        }
        switch envelope.message {
        case .welcome, .failure: return false
        default: return true
        }
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .send(let envelope, let lane): simulation.network.send(envelope, from: self, lane)
        case .hello(let envelope, let lane): sayHello(envelope, on: lane)
        case .heartbeat(let envelope): beat(envelope)
        case .connect(let lane, _): simulation.network.connect(self, lane)
        case .end(let failure): simulation.ends(self, failure)
        case .notice(let notice): simulation.note("\(id): \(notice)")
        case .keepPassages, .dropPassages, .prepareEncoder, .loadEncoder, .dropEncoder, .encode,
            .writeSegment, .dropSegment:
            performEncoding(effect)
        case .openSegment, .keepPart, .storeCopy, .dropCopy, .buildShard, .dropIndexes,
            .closeSegments, .setAside:
            performLoading(effect)
        case .search, .fetch, .cancel, .readPart, .checkSegments: performRequest(effect)
        }
    }

    private func sayHello(_ envelope: Envelope, on lane: Lane) {
        guard case .hello(var hello) = envelope.message else { return }
        var envelope = envelope
        hello.dataToken = machine.sharesData ? "token" : ""
        envelope.message = .hello(hello)
        if envelope.credit > 0 { envelope.credit = UInt64(simulation.settings.credit) }
        simulation.network.send(envelope, from: self, lane)
    }

    private func beat(_ envelope: Envelope) {
        var envelope = envelope
        envelope.message = .heartbeat(
            Heartbeat(
                progress: progress, busy: busyCount > 0, passagesEncoded: passagesEncoded,
                searches: searchCount))
        simulation.network.send(envelope, from: self, .control)
    }

    // MARK: Disk

    /// Where this worker keeps its segments: the shared folder, or one of its own.
    var folder: String { machine.sharesData ? CoordinatorMachine.sharedHolder : id.name }

    var disk: SimulatedDisk {
        get { simulation.disks[folder] ?? SimulatedDisk() }
        set { simulation.disks[folder] = newValue }
    }

    /// Writes a segment, then syncs it: between the two a power cut may lose it.
    func write(
        _ sha256: String, written: @escaping () -> Void, synced: @escaping () -> Void
    ) {
        compute(dice.milliseconds(0...10)) { [self] in
            disk.write(sha256)
            written()
            // A disk stalls now and then.
            let stall = dice.once(in: 6) ? 100...3000 : 0...20
            compute(dice.milliseconds(stall)) { [self] in
                disk.sync(sha256)
                synced()
            }
        }
    }

    /// What a segment says of itself: all here are of one encoder.
    func facts(_ sha256: String) -> WorkerMachine.OpenedSegment {
        WorkerMachine.OpenedSegment(
            path: sha256, dimension: Int(wanted.dimension), fingerprint: wanted.fingerprint)
    }

    /// The rows of a shard that this worker can search in a generation, by what it has built.
    func rows(of shard: ShardNumber, generation: UInt64) -> UInt64? {
        let key = GenerationKey(collection: wanted.collection, generation: generation)
        return core.rows(of: key)[UInt32(shard.rawValue)]
    }
}
