import ClusterCore
import TestSupport

/// One kind of traffic with a connection of its own, as in the wire protocol.
enum SimulatedLane: Int, CaseIterable {
    case control
    case query
    case bulk
}

/// The connections between the coordinator and each life of each worker.
///
/// A connection delivers in order or loses all that is under way; lanes overtake each other. What a
/// worker sends while a lane is down waits; what the coordinator sends then is undeliverable.
final class SimulatedNetwork {
    private final class Link {
        var isUp = false
        /// Grows when the connection is lost: messages of an earlier round never arrive.
        var round = 0
        var lastToWorker = Instant(nanoseconds: 0)
        var lastToCoordinator = Instant(nanoseconds: 0)
        var waiting: [Envelope] = []
    }

    private unowned let simulation: Simulation
    private var dice: Dice
    private var links: [WorkerID: [Link]] = [:]

    init(_ simulation: Simulation, dice: Dice) {
        self.simulation = simulation
        self.dice = dice
    }

    /// A worker begins to connect, and keeps trying until it is connected.
    func connect(_ worker: SimulatedWorker) {
        links[worker.id] = links[worker.id] ?? SimulatedLane.allCases.map { _ in Link() }
        for lane in SimulatedLane.allCases { connect(worker, lane, after: 20...300) }
    }

    private func connect(_ worker: SimulatedWorker, _ lane: SimulatedLane, after: ClosedRange<Int>)
    {
        simulation.later(dice.milliseconds(after)) { [self] in
            guard worker.isAlive, let link = links[worker.id]?[lane.rawValue], !link.isUp else {
                return
            }
            guard simulation.coordinator != nil, !worker.isPaused else {
                return connect(worker, lane, after: 50...200)
            }
            link.isUp = true
            let waiting = link.waiting
            link.waiting = []
            for envelope in waiting { send(envelope, from: worker, lane) }
        }
    }

    /// Loses a lane with all that is under way on it.
    func cut(_ worker: SimulatedWorker, _ lane: SimulatedLane) {
        guard let link = links[worker.id]?[lane.rawValue], link.isUp else { return }
        link.isUp = false
        link.round += 1
        connect(worker, lane, after: 50...800)
    }

    func cutAll(_ worker: SimulatedWorker) {
        for lane in SimulatedLane.allCases { cut(worker, lane) }
    }

    /// The coordinator has died with all that was under way to and from it.
    func coordinatorDied() {
        for link in links.values.joined() { link.round += 1 }
        for worker in simulation.liveWorkers { cutAll(worker) }
    }

    /// A worker has died; what it sent may still arrive, lane by lane.
    func close(_ worker: SimulatedWorker) {
        for link in links[worker.id] ?? [] {
            link.isUp = false
            if dice.once(in: 2) { link.round += 1 }
        }
    }

    func send(_ envelope: Envelope, from worker: SimulatedWorker, _ lane: SimulatedLane) {
        guard let link = links[worker.id]?[lane.rawValue] else { return }
        guard link.isUp else { return link.waiting.append(envelope) }
        let round = link.round
        link.lastToCoordinator = arrival(after: link.lastToCoordinator)
        simulation.at(link.lastToCoordinator) { [self] in
            guard link.round == round, let coordinator = simulation.coordinator else { return }
            simulation.note(envelope, "\(worker.id) → coordinator")
            coordinator.receive(envelope, from: worker.id, on: lane)
        }
    }

    func send(_ envelope: Envelope, to peer: WorkerID, _ lane: SimulatedLane) {
        guard let link = links[peer]?[lane.rawValue], link.isUp else {
            simulation.coordinator?.later(.milliseconds(1)) { $0.undeliverable(to: peer) }
            return
        }
        let round = link.round
        link.lastToWorker = arrival(after: link.lastToWorker)
        simulation.at(link.lastToWorker) { [self] in
            guard link.round == round, let worker = simulation.worker(peer) else { return }
            simulation.note(envelope, "coordinator → \(peer)")
            worker.receive(envelope, on: lane)
        }
    }

    private func arrival(after last: Instant) -> Instant {
        let delay = dice.once(in: 40) ? dice.milliseconds(20...400) : dice.milliseconds(0...4)
        return max(last, simulation.now + delay)
    }
}
