import ClusterCore
import TestSupport

/// One life of a worker: what it encodes, holds and answers, without vectors.
///
/// It follows the real worker message by message; compute is time that passes.
final class SimulatedWorker {
    static let coordinatorSilence: Duration = .seconds(3)

    unowned let simulation: Simulation
    let id: WorkerID
    let machine: SimulationSettings.Machine
    var dice: Dice
    private(set) var isAlive = true
    /// Since when it stands still, if it does.
    private(set) var pausedSince: Instant?
    /// Compute stands still until then.
    var hungUntil = Instant(nanoseconds: 0)
    /// Messages that have arrived at a paused worker.
    private var unread: [(Envelope, SimulatedLane)] = []

    private var clusterID = ""
    private(set) var epoch: UInt64 = 0
    private(set) var isWelcome = false
    private var lastHeard: Instant
    private var lastHello = Instant(nanoseconds: 0)

    // Counters, as heartbeats carry them.
    var progress: UInt64 = 0
    var passagesEncoded: UInt64 = 0
    var searchCount: UInt64 = 0
    var busyCount = 0

    // Encoding.
    var incoming: [LeaseKey: IncomingLease] = [:]
    var encodeQueue: [LeaseKey] = []
    var isEncoding = false
    var unacknowledged: [LeaseKey: (message: SegmentReady, sent: Instant)] = [:]

    // Serving: rows of each shard of each generation.
    var generations: [UInt64: [ShardNumber: UInt64]] = [:]
    var loads: [LoadGeneration] = []
    var isLoading = false
    var segmentWaits: [UInt64: (Bool) -> Void] = [:]
    var lastRequest: UInt64 = 0

    init(
        _ simulation: Simulation, id: WorkerID, machine: SimulationSettings.Machine, dice: Dice
    ) {
        self.simulation = simulation
        self.id = id
        self.machine = machine
        self.dice = dice
        lastHeard = simulation.now
        every(.milliseconds(100)) { [unowned self] in tick() }
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

    private func every(_ interval: Duration, _ body: @escaping () -> Void) {
        simulation.later(interval) { [self] in
            guard isAlive else { return }
            if !isPaused { body() }
            every(interval, body)
        }
    }

    /// Runs `body` after computing for `duration`.
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

    // MARK: Membership

    private func tick() {
        let now = simulation.now
        if now - lastHeard > SimulatedWorker.coordinatorSilence { isWelcome = false }
        if !isWelcome {
            if now - lastHello > .milliseconds(300) { sayHello(on: .control) }
            return
        }
        if now - lastHello >= .milliseconds(500) {
            lastHello = now
            send(
                .heartbeat(
                    Heartbeat(
                        progress: progress, busy: busyCount > 0, passagesEncoded: passagesEncoded,
                        searches: searchCount)),
                on: .control)
        }
        repeatUnacknowledged()
    }

    private func sayHello(on lane: SimulatedLane) {
        lastHello = simulation.now
        send(
            .hello(
                Hello(
                    role: .worker, name: id.name, threads: UInt32(machine.threads),
                    dataToken: machine.sharesData ? "token" : "")),
            on: lane, credit: lane == .control ? UInt64(simulation.settings.credit) : 0)
    }

    func receive(_ envelope: Envelope, on lane: SimulatedLane) {
        guard isAlive else { return }
        if isPaused { return unread.append((envelope, lane)) }
        if case .welcome = envelope.message { return welcomed(envelope) }
        guard envelope.clusterID == clusterID, envelope.epoch == epoch else { return }
        lastHeard = simulation.now
        switch envelope.message {
        case .failure(let failure): if failure.code == .notFound { isWelcome = false }
        case .leaseGrant(let grant): granted(grant)
        case .passageChunk(let chunk): received(chunk, envelope.frames)
        case .commitAck(let ack): unacknowledged[LeaseKey(ack.batch, ack.attempt)] = nil
        case .leaseRevoke(let revoke): revoked(revoke)
        case .loadGeneration(let order): load(order)
        case .unloadGeneration(let order): unload(order)
        case .segmentRequest(let request): provide(request, envelope.requestID)
        case .segmentChunk(let chunk):
            segmentWaits.removeValue(forKey: envelope.requestID)?(!chunk.missing)
        case .search(let request): search(request, envelope.requestID)
        default: break
        }
    }

    private func welcomed(_ envelope: Envelope) {
        lastHeard = simulation.now
        if envelope.clusterID != clusterID || envelope.epoch != epoch { forgetCoordinator() }
        clusterID = envelope.clusterID
        epoch = envelope.epoch
        if !isWelcome {
            sayHello(on: .query)
            sayHello(on: .bulk)
        }
        isWelcome = true
    }

    /// What an earlier coordinator asked for is void: its attempts and generations were its own.
    private func forgetCoordinator() {
        incoming.removeAll()
        encodeQueue.removeAll()
        unacknowledged.removeAll()
        loads.removeAll()
        generations.removeAll()
    }

    func leave() {
        send(.goodbye(Goodbye(reason: "stopped")), on: .control)
    }

    func send(
        _ message: Message, on lane: SimulatedLane, requestID: UInt64 = 0, attempt: UInt64 = 0,
        credit: UInt64 = 0, frames: [[UInt8]] = []
    ) {
        let envelope = Envelope(
            clusterID: clusterID, sender: id.name, incarnation: id.incarnation, epoch: epoch,
            requestID: requestID, attempt: attempt, credit: credit, message: message,
            frames: frames)
        simulation.network.send(envelope, from: self, lane)
    }
}
