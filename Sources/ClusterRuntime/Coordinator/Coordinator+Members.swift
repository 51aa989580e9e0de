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
    var lastHeard: Instant
    /// Whether it sees this coordinator's data folder.
    var sharesData = false

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
                lastHeard: now)
        if greeting.role == .worker, greeting.name.isEmpty { greeting.name = freeName() }
        greeting.sharesData = hello.dataToken == token
        greetings[peer] = greeting
        guard greeting.role == .worker else { return welcome(greeting, peer, lane) }
        peers[greeting.worker] = peer
        let member = Membership.Member(
            id: greeting.worker, host: hello.host, processID: hello.processID,
            threads: Int(hello.threads), sharesData: greeting.sharesData, now: now)
        handle(.worker(.hello(member, lane, credit: Int(clamping: envelope.credit))))
    }

    private func welcome(_ greeting: Greeting, _ peer: PeerID, _ lane: Lane) {
        reply(
            .welcome(
                Welcome(
                    name: greeting.name, epoch: epoch,
                    heartbeatMilliseconds: Coordinator.heartbeatMilliseconds,
                    sharesData: greeting.sharesData, queryEndpoint: endpoint(of: .query),
                    bulkEndpoint: endpoint(of: .bulk))),
            to: peer, on: lane)
    }

    func welcome(_ worker: WorkerID, on lane: Lane) {
        guard let peer = peers[worker], let greeting = greetings[peer] else { return }
        welcome(greeting, peer, lane)
    }

    /// A second worker has the name of one that is here.
    func refuseName(of worker: WorkerID, on lane: Lane) {
        log.warning("a second worker calls itself \(worker.name)")
        guard let peer = peers.removeValue(forKey: worker) else { return }
        greetings[peer] = nil
        reply(
            .failure(
                Failure(
                    code: .conflict,
                    message: """
                        A worker called “\(worker.name)” is already here. Start this one with \
                        another --name.
                        """)),
            to: peer, on: lane)
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
        case .worker: handle(.worker(.unreachable(greeting.worker)))
        default: clientLeft(peer)
        }
    }

    /// The names of the workers that a coordinator starts.
    static func workerNames(_ options: CoordinatorOptions) -> [String] {
        (0..<max(0, options.localWorkers)).map { "worker-\($0 + 1)" }
    }

    /// A process that this coordinator started has ended.
    func processEnded(name: String, processID: Int32) {
        guard let member = machine.roster.membership.member(named: name),
            member.processID == UInt32(processID)
        else { return }
        handle(.worker(.unreachable(member.id)))
    }

    /// Follows who can be reached; the machine has decided what else it means.
    func follow(_ change: Membership.Change) {
        switch change {
        case .joined(let worker): log.info("\(worker) joined")
        case .returned(let worker): log.info("\(worker) answers again")
        case .unavailable(let worker, let state):
            log.warning("\(worker) is \(state.rawValue)")
            queryEvents.yield(.lost(worker))
        case .displaced(let worker): log.warning("\(worker) stays away: its shards move")
        case .gone(let worker):
            log.warning("\(worker) is gone")
            queryEvents.yield(.lost(worker))
            if let peer = peers.removeValue(forKey: worker) { greetings[peer] = nil }
        }
    }

    /// Writes down who would be expected at the next start, beside the workers started from here.
    ///
    /// It is only a hint: where it cannot be written or is lost, nobody is waited for.
    func expect(_ names: [String]) {
        guard !isStopping else { return }
        let others = names.filter { processes?.isOurs($0) != true }
        try? DurableFile.write(JSONEncoder().encode(others), to: options.data.expected)
    }

    /// The workers that were here when the last coordinator was, and those that this one starts.
    static func expectedWorkers(_ options: CoordinatorOptions) -> Set<String> {
        let remembered = FileManager.default.contents(atPath: options.data.expected)
            .flatMap { try? JSONDecoder().decode(Set<String>.self, from: $0) }
        return (remembered ?? []).union(workerNames(options))
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
