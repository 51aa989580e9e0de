import ClusterCore
import TestSupport

/// The connections between the coordinator and each life of each worker.
///
/// A connection delivers in order or loses all that is under way; lanes overtake each other, and so
/// does what two coordinators sent. What a worker sends while a lane is down waits; what the
/// coordinator sends then is undeliverable. Where a connection is disturbed, messages are lost,
/// come twice, or come late although it stands.
final class SimulatedNetwork {
    /// What is wrong with the connections of a worker for a while.
    struct Disturbance {
        var until: Instant
        /// One message in so many is lost on its way; all with 1, none with 0.
        var lossToWorker = 0
        var lossToCoordinator = 0
        /// One message in so many comes twice; none with 0.
        var repeats = 0
        var delay = 0...0
    }

    private final class Link {
        var isUp = false
        /// Grow when the connection is lost: messages of an earlier round never arrive.
        var roundToWorker = 0
        var roundToCoordinator = 0
        var lastToWorker = Instant(nanoseconds: 0)
        var lastToCoordinator = Instant(nanoseconds: 0)
        /// What has come to the worker is not read before.
        var unreadUntil = Instant(nanoseconds: 0)
        var waiting: [Envelope] = []
    }

    private unowned let simulation: Simulation
    private var dice: Dice
    private var links: [WorkerID: [Lane: Link]] = [:]
    private var disturbances: [WorkerID: Disturbance] = [:]

    init(_ simulation: Simulation, dice: Dice) {
        self.simulation = simulation
        self.dice = dice
    }

    // MARK: Connections

    /// A worker begins to connect a lane, and keeps trying until it is connected.
    func connect(_ worker: SimulatedWorker, _ lane: Lane) {
        links[worker.id, default: [:]][lane] = links[worker.id]?[lane] ?? Link()
        connect(worker, lane, after: 20...300)
    }

    private func connect(_ worker: SimulatedWorker, _ lane: Lane, after: ClosedRange<Int>) {
        simulation.later(dice.milliseconds(after)) { [self] in
            guard worker.isAlive, let link = links[worker.id]?[lane], !link.isUp else { return }
            guard simulation.coordinator != nil, !worker.isPaused, !isCut(worker.id) else {
                return connect(worker, lane, after: 50...200)
            }
            link.isUp = true
            let waiting = link.waiting
            link.waiting = []
            for envelope in waiting { send(envelope, from: worker, lane) }
        }
    }

    /// Loses a lane with all that is under way on it.
    func cut(_ worker: SimulatedWorker, _ lane: Lane) {
        guard let link = links[worker.id]?[lane], link.isUp else { return }
        link.isUp = false
        link.roundToWorker += 1
        link.roundToCoordinator += 1
        breaks(worker, lane)
    }

    /// The worker hears of it, unless it stands still.
    private func breaks(_ worker: SimulatedWorker, _ lane: Lane) {
        simulation.later(dice.milliseconds(0...50)) {
            if worker.isAlive, !worker.isPaused { worker.happened(.disconnected(lane)) }
        }
        connect(worker, lane, after: 50...800)
    }

    func cutAll(_ worker: SimulatedWorker) {
        for lane in Lane.allCases { cut(worker, lane) }
    }

    /// The coordinator has died with all that was on its way to it.
    ///
    /// What it had sent may still be read by a worker, lane by lane, and after the next coordinator
    /// was heard on another lane.
    func coordinatorDied() {
        for worker in simulation.liveWorkers {
            for lane in Lane.allCases {
                guard let link = links[worker.id]?[lane] else { continue }
                link.roundToCoordinator += 1
                if dice.once(in: 2) { link.roundToWorker += 1 }
                guard link.isUp else { continue }
                link.isUp = false
                if dice.once(in: 2) {
                    link.unreadUntil = simulation.now + dice.milliseconds(0...4000)
                }
                breaks(worker, lane)
            }
        }
    }

    /// A worker has died; what it sent may still arrive, lane by lane.
    func close(_ worker: SimulatedWorker) {
        for lane in Lane.allCases {
            guard let link = links[worker.id]?[lane] else { continue }
            link.isUp = false
            link.roundToWorker += 1
            if dice.once(in: 2) { link.roundToCoordinator += 1 }
        }
    }

    // MARK: Disturbances

    /// Something is wrong with the connections of a worker for a while; where nothing passed one
    /// way, they break in the end.
    func disturb(_ worker: SimulatedWorker, _ disturbance: Disturbance) {
        disturbances[worker.id] = disturbance
        simulation.at(disturbance.until) { [self] in
            guard let ended = disturbances[worker.id], ended.until <= simulation.now else { return }
            disturbances[worker.id] = nil
            let wasCut = ended.lossToWorker == 1 || ended.lossToCoordinator == 1
            if wasCut, dice.once(in: 2) { cutAll(worker) }
        }
    }

    private func isCut(_ worker: WorkerID) -> Bool {
        let disturbance = disturbances[worker]
        return disturbance?.lossToWorker == 1 || disturbance?.lossToCoordinator == 1
    }

    private func isLost(_ oneIn: Int?) -> Bool {
        guard let oneIn, oneIn > 0 else { return false }
        return dice.once(in: oneIn)
    }

    /// Whether a message comes twice.
    ///
    /// Bytes under credit do not: they are counted, and the transport repeats nothing by itself.
    private func isRepeated(_ envelope: Envelope, _ disturbance: Disturbance?) -> Bool {
        switch envelope.message {
        case .credit, .passageChunk: return false
        default: break
        }
        guard let repeats = disturbance?.repeats, repeats > 0 else { return false }
        guard dice.once(in: repeats) else { return false }
        simulation.sees(.repeatedMessage)
        return true
    }

    private func arrival(after last: Instant, _ disturbance: Disturbance?) -> Instant {
        var delay = dice.once(in: 40) ? dice.milliseconds(20...400) : dice.milliseconds(0...4)
        if let range = disturbance?.delay, range.upperBound > 0 {
            delay += dice.milliseconds(range)
        }
        return max(last, simulation.now + delay)
    }

    // MARK: Messages

    func send(_ envelope: Envelope, from worker: SimulatedWorker, _ lane: Lane) {
        guard let link = links[worker.id]?[lane] else { return }
        guard link.isUp else { return link.waiting.append(envelope) }
        let disturbance = disturbances[worker.id]
        if isLost(disturbance?.lossToCoordinator) { return simulation.sees(.lostMessage) }
        let round = link.roundToCoordinator
        for _ in 0...(isRepeated(envelope, disturbance) ? 1 : 0) {
            link.lastToCoordinator = arrival(after: link.lastToCoordinator, disturbance)
            simulation.at(link.lastToCoordinator) { [self] in
                guard link.roundToCoordinator == round, let coordinator = simulation.coordinator
                else { return }
                simulation.note(envelope, "\(worker.id) → coordinator")
                coordinator.receive(envelope, from: worker.id, on: lane)
            }
        }
    }

    func send(_ envelope: Envelope, to peer: WorkerID, _ lane: Lane) {
        guard let link = links[peer]?[lane], link.isUp else {
            simulation.coordinator?.later(.milliseconds(1)) { $0.undeliverable(to: peer) }
            return
        }
        let disturbance = disturbances[peer]
        if isLost(disturbance?.lossToWorker) { return simulation.sees(.lostMessage) }
        for _ in 0...(isRepeated(envelope, disturbance) ? 1 : 0) {
            link.lastToWorker = arrival(after: link.lastToWorker, disturbance)
            deliver(
                envelope, to: peer, lane, link, round: link.roundToWorker, at: link.lastToWorker)
        }
    }

    /// In the order of the connection, once the worker reads it.
    private func deliver(
        _ envelope: Envelope, to peer: WorkerID, _ lane: Lane, _ link: Link, round: Int,
        at time: Instant
    ) {
        simulation.at(time) { [self] in
            guard link.roundToWorker == round, let worker = simulation.worker(peer) else { return }
            guard simulation.now >= link.unreadUntil else {
                return deliver(
                    envelope, to: peer, lane, link, round: round, at: link.unreadUntil)
            }
            simulation.note(envelope, "coordinator → \(peer)")
            worker.receive(envelope, on: lane)
        }
    }
}
