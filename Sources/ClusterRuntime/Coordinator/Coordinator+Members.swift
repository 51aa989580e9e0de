import ClusterCore
import Foundation
import Logging

/// What is known of a connected peer.
struct Greeting: Sendable {
    var role: Role
    var name: String
    var incarnation: UInt64
    /// The key that it proved; nil where none was asked for.
    var key: String?
    var lanes: Set<Lane>
    var lastHeard: Instant

    var worker: WorkerID { WorkerID(name: name, incarnation: incarnation) }
}

extension Coordinator {
    /// Silence after which a client is forgotten.
    static let clientIdleTime: Duration = .seconds(3600)

    /// A peer introduces itself on one of its lanes; a worker belongs to the cluster once it has on
    /// all.
    func greet(
        _ hello: Hello, _ envelope: Envelope, from peer: PeerID, with key: String?, on lane: Lane
    ) {
        let now = MonotonicClock.now()
        if let failure = refusal(of: hello) { return reply(.failure(failure), to: peer, on: lane) }
        var greeting =
            greetings[peer]
            ?? Greeting(
                role: hello.role, name: hello.name, incarnation: envelope.incarnation, key: key,
                lanes: [],
                lastHeard: now)
        if greeting.role == .worker {
            if greeting.name.isEmpty { greeting.name = freeName() }
            if let member = membership.member(named: greeting.name), member.id != greeting.worker,
                member.state == .ready, now - member.lastHeard < .milliseconds(1500)
            {
                log.warning("a second worker calls itself \(greeting.name)")
                return reply(
                    .failure(
                        Failure(
                            code: .conflict,
                            message: """
                                A worker called “\(greeting.name)” is already here. Start this one \
                                with another --name.
                                """)),
                    to: peer, on: lane)
            }
        }
        greeting.lanes.insert(lane)
        greetings[peer] = greeting
        let sharesData = hello.dataToken == token
        reply(
            .welcome(
                Welcome(
                    name: greeting.name, epoch: epoch,
                    heartbeatMilliseconds: Coordinator.heartbeatMilliseconds,
                    sharesData: sharesData, queryEndpoint: endpoint(of: .query),
                    bulkEndpoint: endpoint(of: .bulk))),
            to: peer, on: lane)
        guard greeting.role == .worker else { return }
        if lane == .control {
            windows[greeting.worker] = CreditWindow(granted: Int(envelope.credit))
        }
        guard greeting.lanes.count == Lane.allCases.count, !membership.isCurrent(greeting.worker)
        else { return }
        peers[greeting.worker] = peer
        follow(
            membership.hello(
                Membership.Member(
                    id: greeting.worker, host: hello.host, processID: hello.processID,
                    threads: Int(hello.threads), sharesData: sharesData, now: now)))
    }

    /// Why a worker may not join; nil where it may.
    ///
    /// The vectors of one collection are the work of one release, to the last bit: what another one
    /// computes may differ. Clients only ask, and may be of another.
    private func refusal(of hello: Hello) -> Failure? {
        guard hello.role == .worker, !hello.release.isEmpty, hello.release != Release.version
        else { return nil }
        let who = hello.name.isEmpty ? "This worker" : "The worker “\(hello.name)”"
        let message = """
            \(who) is of Sheaf \(hello.release), and the coordinator of Sheaf \(Release.version). \
            Run the same release on both.
            """
        if isWorthALine("release \(hello.release)") { log.warning("\(message)") }
        return Failure(code: .conflict, message: message)
    }

    func beat(_ heartbeat: Heartbeat, of worker: WorkerID) {
        let now = MonotonicClock.now()
        // Searches make progress too, but only encoding brings a lease forward.
        let advanced = heartbeats[worker]?.passagesEncoded != heartbeat.passagesEncoded
        heartbeats[worker] = heartbeat
        if advanced { job?.leases?.progressed(worker, now: now) }
        follow(
            membership.heartbeat(
                worker, progress: heartbeat.progress, isBusy: heartbeat.busy, now: now))
        send(.heartbeatAck(HeartbeatAck(progress: heartbeat.progress)), to: worker, on: .control)
    }

    /// Carries out what the end of a peer's connections means, whichever side ended them.
    func follow(_ event: ConnectionEvent) {
        switch event {
        case .ended(let peer, _):
            log.debug("\(event)")
            lost(peer)
        case .closed(let peer?, _):
            log.warning("\(event)")
            lost(peer)
        default: log.warning("\(event)")
        }
    }

    /// What was on its way to a peer or from it is lost, however soon it connects again.
    private func lost(_ peer: PeerID) {
        guard let greeting = greetings[peer] else { return }
        switch greeting.role {
        case .worker: follow(membership.unreachable(greeting.worker))
        default: clientLeft(peer)
        }
    }

    /// The names of the workers that a coordinator starts.
    static func workerNames(_ options: CoordinatorOptions) -> [String] {
        (0..<max(0, options.localWorkers)).map { "worker-\($0 + 1)" }
    }

    /// A process that this coordinator started has ended.
    func processEnded(name: String, processID: Int32) {
        guard let member = membership.member(named: name), member.processID == UInt32(processID)
        else { return }
        follow(membership.unreachable(member.id))
    }

    /// Carries out what a change of membership means for leases, searches and placement.
    func follow(_ changes: [Membership.Change]) {
        guard !changes.isEmpty else { return }
        for change in changes {
            checkFollows(change)
            switch change {
            case .joined(let worker):
                log.info("\(worker) joined")
            case .returned(let worker):
                log.info("\(worker) answers again")
            case .unavailable(let worker, let state):
                log.warning("\(worker) is \(state.rawValue)")
                abandon(worker)
            case .displaced(let worker):
                log.warning("\(worker) stays away: its shards move")
            case .gone(let worker):
                log.warning("\(worker) is gone")
                abandon(worker)
                forget(worker)
            }
        }
        place()
        feedWorkers()
    }

    private func abandon(_ worker: WorkerID) {
        leasesLost(by: worker)
        searchesLost(by: worker)
    }

    private func forget(_ worker: WorkerID) {
        if let peer = peers.removeValue(forKey: worker) { greetings[peer] = nil }
        heartbeats[worker] = nil
        windows[worker] = nil
        for name in collections.keys { collections[name]?.loadFailures[worker.name] = nil }
    }

    /// A client that ended without a goodbye is forgotten; one that comes back says HELLO again.
    func forgetIdleClients(now: Instant) {
        let idle = greetings.filter {
            $0.value.role == .client && now - $0.value.lastHeard > Coordinator.clientIdleTime
        }
        for peer in idle.keys { greetings[peer] = nil }
    }

    private func freeName() -> String {
        let taken = Set(greetings.values.map(\.name))
        var number = 1
        while taken.contains("worker-\(number)") { number += 1 }
        return "worker-\(number)"
    }
}
