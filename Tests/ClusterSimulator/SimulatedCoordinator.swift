import ClusterCore
import TestSupport

/// One life of the coordinator: carries out what the state machines decide, as the real one does.
///
/// Sockets, catalog and disk are the simulation's. Whatever takes time there takes time here, and
/// the coordinator may die meanwhile.
final class SimulatedCoordinator {
    static let tickInterval: Duration = .milliseconds(50)

    unowned let simulation: Simulation
    let epoch: UInt64
    var dice: Dice
    private(set) var isAlive = true

    var membership = Membership()
    /// The workers that have introduced themselves on all lanes.
    var peers: Set<WorkerID> = []
    private var greetings: [WorkerID: Set<Lane>] = [:]
    private var encoded: [WorkerID: UInt64] = [:]
    var windows: [WorkerID: CreditWindow] = [:]

    var job: SimulatedJob?
    var jobCount = 0
    var grantCount: UInt64 = 0
    /// Transactions and manifests on their way to the disk; the attempts of the former.
    var writesUnderWay = 0
    var staged: Set<Attempt> = []

    var serving: ServingTable
    var expected: ExpectedWorkers
    var isPlaced = false
    var manifests: [UInt64: Manifest] = [:]
    var newest: UInt64 = 0
    /// Searches that wait for a generation, and whether that is in vain for now.
    var waiting: [() -> Void] = []
    var hasLoadFailed = false
    var searches: [UInt64: SimulatedSearch] = [:]
    var relays: [UInt64: SimulatedRelay] = [:]
    private var lastRequest: UInt64

    init(_ simulation: Simulation, dice: Dice) {
        self.simulation = simulation
        self.dice = dice
        epoch = simulation.catalog.beginEpoch()
        // A worker may answer late what a coordinator before this one asked: no number comes twice.
        lastRequest = epoch << 32
        serving = ServingTable(collection: "c", shardCount: simulation.settings.shardCount)
        expected = ExpectedWorkers(simulation.catalog.expectedWorkers, now: simulation.now)
    }

    /// Reads what the catalog knows and begins to look at the clock.
    func open() {
        let known = Set(simulation.catalog.segments.values.map(\.sha256))
        simulation.disks[SimulatedCatalog.sharedHolder]?.formIntersection(known)
        if let manifest = simulation.catalog.manifests[simulation.catalog.generation] {
            serve(manifest)
        }
        tick()
    }

    func die() {
        isAlive = false
    }

    private func tick() {
        later(SimulatedCoordinator.tickInterval) { coordinator in
            coordinator.follow(coordinator.membership.tick(now: coordinator.simulation.now))
            coordinator.tickJob()
            coordinator.tickSearches()
            if !coordinator.isPlaced { coordinator.place() }
            coordinator.carryOut(coordinator.serving.tick(now: coordinator.simulation.now))
            coordinator.tick()
        }
    }

    /// Runs `body` after `delay` unless this coordinator has died by then.
    func later(_ delay: Duration, _ body: @escaping (SimulatedCoordinator) -> Void) {
        simulation.later(delay) { [self] in
            if isAlive { body(self) }
        }
    }

    // MARK: Messages

    func undeliverable(to worker: WorkerID) {
        if peers.contains(worker) { follow(membership.unreachable(worker)) }
    }

    func receive(_ envelope: Envelope, from peer: WorkerID, on lane: Lane) {
        if case .hello(let hello) = envelope.message {
            return greet(hello, envelope, from: peer, on: lane)
        }
        guard envelope.epoch == epoch, greetings[peer] != nil, membership.isCurrent(peer) else {
            return transmit(.failure(Failure(code: .notFound)), to: peer, on: lane)
        }
        follow(membership.heard(peer, now: simulation.now))
        switch envelope.message {
        case .heartbeat(let heartbeat): beat(heartbeat, of: peer)
        case .goodbye: follow(membership.left(peer))
        case .credit(let credit):
            windows[peer]?.grant(Int(credit.bytes))
            pump(peer)
        case .segmentReady(let ready): segmentReady(ready, from: peer)
        case .leaseFailed(let failed): leaseFailed(failed)
        case .generationLoaded(let loaded): generationLoaded(loaded, by: peer)
        case .segmentRequest(let request): relay(request, envelope.requestID, to: peer)
        case .segmentChunk(let chunk): relay(chunk, envelope.requestID, envelope.frames)
        case .searchResult(let result): searchAnswered(result, envelope, by: peer)
        default: break
        }
    }

    func send(
        _ message: Message, to worker: WorkerID, on lane: Lane, requestID: UInt64 = 0,
        attempt: UInt64 = 0, frames: [[UInt8]] = []
    ) {
        guard peers.contains(worker) else { return }
        transmit(
            message, to: worker, on: lane, requestID: requestID, attempt: attempt, frames: frames)
    }

    private func transmit(
        _ message: Message, to peer: WorkerID, on lane: Lane, requestID: UInt64 = 0,
        attempt: UInt64 = 0, frames: [[UInt8]] = []
    ) {
        let envelope = Envelope(
            clusterID: "cluster", sender: "coordinator", epoch: epoch, requestID: requestID,
            attempt: attempt, message: message, frames: frames)
        simulation.network.send(envelope, to: peer, lane)
    }

    func newRequestID() -> UInt64 {
        lastRequest += 1
        return lastRequest
    }

    // MARK: Members

    /// A worker belongs to the cluster once it has introduced itself on all lanes.
    private func greet(
        _ hello: Hello, _ envelope: Envelope, from peer: WorkerID, on lane: Lane
    ) {
        let now = simulation.now
        if let member = membership.member(named: hello.name), member.id != peer,
            member.state == .ready, now - member.lastHeard < .milliseconds(1500)
        {
            return transmit(.failure(Failure(code: .conflict)), to: peer, on: lane)
        }
        greetings[peer, default: []].insert(lane)
        transmit(
            .welcome(Welcome(name: hello.name, epoch: epoch, heartbeatMilliseconds: 500)), to: peer,
            on: lane)
        if lane == .control { windows[peer] = CreditWindow(granted: Int(envelope.credit)) }
        guard greetings[peer]?.count == Lane.allCases.count, !membership.isCurrent(peer)
        else { return }
        peers.insert(peer)
        follow(
            membership.hello(
                Membership.Member(
                    id: peer, host: "", processID: 0, threads: Int(hello.threads),
                    sharesData: !hello.dataToken.isEmpty, now: now)))
    }

    private func beat(_ heartbeat: Heartbeat, of worker: WorkerID) {
        let now = simulation.now
        // Searches are progress too, but not of a lease.
        if encoded.updateValue(heartbeat.passagesEncoded, forKey: worker)
            != heartbeat.passagesEncoded
        {
            job?.leases?.progressed(worker, now: now)
        }
        follow(
            membership.heartbeat(
                worker, progress: heartbeat.progress, isBusy: heartbeat.busy, now: now))
        send(.heartbeatAck(HeartbeatAck(progress: heartbeat.progress)), to: worker, on: .control)
    }

    /// Whoever watches the processes says that one has ended.
    func processEnded(_ worker: WorkerID) { follow(membership.unreachable(worker)) }

    func follow(_ changes: [Membership.Change]) {
        guard !changes.isEmpty else { return }
        for change in changes {
            simulation.note("\(change)")
            switch change {
            case .joined(let worker): simulation.ledger.joined(worker)
            case .returned, .displaced: break
            case .unavailable(let worker, _): abandon(worker)
            case .gone(let worker):
                abandon(worker)
                peers.remove(worker)
                greetings[worker] = nil
                encoded[worker] = nil
                windows[worker] = nil
            }
        }
        place()
        feedWorkers()
    }

    private func abandon(_ worker: WorkerID) {
        leasesLost(by: worker)
        for searchID in searches.keys.sorted() {
            perform(searches[searchID]?.machine.failed(worker) ?? [], searchID)
        }
    }
}
