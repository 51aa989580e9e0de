import Base
import ClusterCore
import TestSupport

/// One life of the coordinator: the machine that the real one has, with the simulation's sockets,
/// catalog and disk.
///
/// Whatever takes time there takes time here, and the coordinator may die meanwhile.
final class SimulatedCoordinator {
    static let tickInterval: Duration = .milliseconds(50)
    /// The collection that everything is about.
    static let collection = "c"

    unowned let simulation: Simulation
    let epoch: UInt64
    var dice: Dice
    private(set) var isAlive = true
    private(set) var machine: CoordinatorMachine
    private var effects: [CoordinatorMachine.Effect] = []
    private var isActing = false
    /// Effects that are carried out before it dies, where it is to die in the midst of them.
    var effectsLeft: Int?

    /// The workers whose address is known.
    private var peers: Set<WorkerID> = []
    /// Reports that are being committed.
    var staged: Set<Attempt> = []
    /// How often the file of each batch is being looked at or entered.
    private var held: [UInt64: Int] = [:]
    /// When each worker's last message arrived.
    private(set) var lastHeard: [WorkerID: Instant] = [:]
    var manifests: [UInt64: Manifest] = [:]

    /// The machine that answers questions, and what its numbers stand for.
    private(set) var queries: QueryMachine
    private var queryEffects: [QueryMachine.Effect] = []
    private var isAnswering = false
    var questions: [UInt64: SimulatedQuestion] = [:]
    /// The groups that wait for a generation; true where they wait as long as they may.
    var pins: [UInt64: Bool] = [:]
    /// What is pinned for groups that do not search yet.
    var pinned: [UInt64: ServingTable.Generation] = [:]
    var searches: [UInt64: SimulatedSearch] = [:]
    var gatherings: [UInt64: SimulatedGathering] = [:]
    /// The search whose first requests are being sent.
    var beginning: UInt64?
    private var lastQuestion: UInt64 = 0

    init(_ simulation: Simulation, dice: Dice) {
        self.simulation = simulation
        self.dice = dice
        let settings = simulation.settings
        epoch = simulation.catalog.beginEpoch()
        queries = QueryMachine(
            admission: Admission(limit: 100, room: 1 << 20),
            answers: AnswerWindow(perWorker: 200_000, total: 600_000),
            // Above all numbers that the other machine comes to.
            firstRequest: epoch << 32 + 1 << 31)
        machine = CoordinatorMachine(
            epoch: epoch, expected: simulation.catalog.expectedWorkers,
            rules: CoordinatorMachine.Rules(
                leases: settings.leaseRules, pieceBytes: SimulationSettings.chunkBytes),
            now: simulation.now)
        machine.broken = settings.broken
    }

    var membership: Membership { machine.roster.membership }
    var serving: ServingTable? { machine.collections[SimulatedCoordinator.collection]?.table }
    var isIndexing: Bool { machine.run != nil }

    /// Reads what the catalog knows and begins to look at the clock.
    func open() {
        handle(
            .serving(
                .opened(
                    SimulatedCoordinator.collection,
                    shardCount: simulation.settings.shardCount, isWanted: true)))
        if let manifest = simulation.catalog.manifests[simulation.catalog.generation] {
            manifests[manifest.number] = manifest
            handle(.serving(.found(SimulatedCoordinator.collection, manifest.served)))
        }
        tick()
    }

    func die() {
        isAlive = false
    }

    private func tick() {
        later(SimulatedCoordinator.tickInterval) { coordinator in
            coordinator.handle(.tick)
            coordinator.tell(.tick)
            coordinator.tick()
        }
    }

    /// Runs `body` after `delay` unless this coordinator has died by then.
    func later(_ delay: Duration, _ body: @escaping (SimulatedCoordinator) -> Void) {
        simulation.later(delay) { [self] in
            if isAlive { body(self) }
        }
    }

    /// Tells the machine what happened, and does what it says, in its order.
    func handle(_ event: CoordinatorMachine.Event) {
        let stranger = stranger(speakingIn: event)
        let told = machine.handle(event, now: simulation.now)
        if let stranger {
            let isHeeded = told.contains { if case .askForHello = $0 { false } else { true } }
            simulation.ledger.require(!isHeeded, "\(stranger) is not on record and is heeded")
        }
        effects += told
        let violations = machine.violations
        simulation.ledger.require(violations.isEmpty, violations.joined(separator: ", "))
        guard !isActing else { return }
        isActing = true
        while !effects.isEmpty {
            // Death may come between any two.
            guard isAlive else { break }
            if let left = effectsLeft {
                effectsLeft = left - 1
                if left == 0 { return simulation.crashCoordinator() }
            }
            perform(effects.removeFirst())
        }
        isActing = false
    }

    /// Tells the query machine what happened, and does what it says, in its order.
    func tell(_ event: QueryMachine.Event) {
        queryEffects += queries.handle(event, now: simulation.now)
        let violations = queries.violations
        simulation.ledger.require(violations.isEmpty, violations.joined(separator: ", "))
        guard !isAnswering else { return }
        isAnswering = true
        while !queryEffects.isEmpty, isAlive { perform(queryEffects.removeFirst()) }
        isAnswering = false
    }

    /// The life that a message is from, where it is not the one on record.
    private func stranger(speakingIn event: CoordinatorMachine.Event) -> WorkerID? {
        switch event {
        case .worker(.received(_, _, _, let worker, _)), .worker(.heard(let worker, _)):
            membership.isCurrent(worker) ? nil : worker
        default: nil
        }
    }

    // MARK: Users

    /// The user asks for the source to be indexed, or for the run to go on.
    func index() {
        guard !isIndexing else { return }
        handle(
            .index(
                .asked(
                    IndexRequest(collection: SimulatedCoordinator.collection), client: user,
                    of: .trusted)))
    }

    /// Ends the run; what is committed stays, and so does what is being committed.
    func interrupt() {
        handle(.index(.cancelled(by: .trusted, client: user)))
    }

    var user: ClientAddress {
        ClientAddress(PeerID(name: "user", incarnation: 1), .control, 1)
    }

    // MARK: Messages

    func undeliverable(to worker: WorkerID) {
        if peers.contains(worker) { handle(.worker(.unreachable(worker))) }
    }

    /// Whoever watches the processes says that one has ended.
    func processEnded(_ worker: WorkerID) { handle(.worker(.unreachable(worker))) }

    func receive(_ envelope: Envelope, from peer: WorkerID, on lane: Lane) {
        lastHeard[peer] = simulation.now
        if case .hello(let hello) = envelope.message {
            let member = Membership.Member(
                id: peer, host: "", processID: 0, threads: Int(hello.threads),
                sharesData: !hello.dataToken.isEmpty, now: simulation.now)
            return handle(.worker(.hello(member, lane, credit: Int(envelope.credit))))
        }
        guard envelope.epoch == epoch else {
            return transmit(.failure(Failure(code: .notFound)), to: peer, on: lane)
        }
        if case .segmentReady(let ready) = envelope.message { loseFile(of: ready) }
        switch envelope.message {
        case .searchResult, .fetchResult, .failure:
            handle(.worker(.heard(peer, lane)))
            if membership.isCurrent(peer) { receiveAnswer(envelope, by: peer) }
        default:
            handle(
                .worker(
                    .received(
                        envelope.message, requestID: envelope.requestID, frames: envelope.frames,
                        from: peer, lane)))
        }
    }

    /// A file that nobody has entered yet may vanish before anybody looks.
    private func loseFile(of ready: SegmentReady) {
        guard simulation.isAmiss(.loseFile), dice.once(in: 4),
            simulation.catalog.segments[BatchNumber(Int(ready.batch))] == nil,
            held[ready.batch] == nil
        else { return }
        simulation.disks[CoordinatorMachine.sharedHolder]?.lose(ready.sha256)
    }

    /// The file of a batch is looked at, or entered, and must not vanish meanwhile.
    func hold(_ batch: UInt64) { held[batch, default: 0] += 1 }

    func release(_ batch: UInt64) {
        held[batch, default: 0] -= 1
        if held[batch] == 0 { held[batch] = nil }
    }

    func send(
        _ message: Message, to worker: WorkerID, on lane: Lane, requestID: UInt64 = 0,
        attempt: UInt64 = 0, budget: Duration = .zero, frames: [[UInt8]] = []
    ) {
        guard peers.contains(worker) else { return }
        transmit(
            message, to: worker, on: lane, requestID: requestID, attempt: attempt, budget: budget,
            frames: frames)
    }

    func transmit(
        _ message: Message, to peer: WorkerID, on lane: Lane, requestID: UInt64 = 0,
        attempt: UInt64 = 0, budget: Duration = .zero, frames: [[UInt8]] = []
    ) {
        let envelope = Envelope(
            clusterID: "cluster", sender: "coordinator", epoch: epoch, requestID: requestID,
            attempt: attempt, budgetMicroseconds: budget.microseconds, message: message,
            frames: frames)
        simulation.network.send(envelope, to: peer, lane)
    }

    func newQuestion() -> UInt64 {
        lastQuestion += 1
        return lastQuestion
    }

    /// Follows who can be reached.
    func follow(_ change: Membership.Change) {
        simulation.note("\(change)")
        switch change {
        case .joined(let worker):
            peers.insert(worker)
            simulation.ledger.joined(worker)
        case .returned, .displaced: break
        case .unavailable(let worker, _): tell(.lost(worker))
        case .gone(let worker):
            tell(.lost(worker))
            peers.remove(worker)
        }
    }
}
