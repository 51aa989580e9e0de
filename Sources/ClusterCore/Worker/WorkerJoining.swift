/// How a worker comes to belong to a coordinator, and how it stays.
///
///     asking ──WELCOME──▶ welcome ──WELCOME on every lane──▶ member
///       ▲ │                  │                                  │
///       │ │                  └──silence, a broken lane, “not found”, “denied”──▶ asking
///       │ └──“conflict” for `conflictTime`──▶ done, with the reason
///       └── any of these ──DRAIN, GOODBYE, stop──▶ done
///
/// Invariants:
/// 1. One coordinator at a time: the cluster and epoch of the last WELCOME. What carries another
///    cluster or epoch is not of it, and is passed over.
/// 2. With another cluster or epoch all that the former one asked for is void; the caller forgets
///    it before anything of the new one is done.
/// 3. A member takes no WELCOME of an epoch before its own: that one is late, or of a coordinator
///    that is replaced. Where its own is silent it asks anew, and takes what answers.
/// 4. A member says a heartbeat each `heartbeat`, one that asks HELLO each `helloInterval`.
/// 5. Before it is a member, HELLO and GOODBYE alone are said on the control lane; what else is to
///    be said there waits, `heldLimit` messages at most. So a “not found” on that lane, behind the
///    WELCOME, is never the answer to what was said before it: it means what it says. On another
///    lane it may be late, and means nothing.
/// 6. `done` is final: nothing is done after it.
struct WorkerJoining: Sendable {
    typealias Effect = WorkerMachine.Effect

    /// Silence of the coordinator after which the worker introduces itself anew.
    static let coordinatorSilence: Duration = .seconds(3)
    /// Time between two HELLOs.
    static let helloInterval: Duration = .milliseconds(300)
    /// How long another worker of this name may be an earlier life that is dying: longer than a
    /// coordinator takes to find one silent.
    static let conflictTime: Duration = .seconds(4)
    /// Time between two notices that the coordinator does not let this one in.
    static let rejectionInterval: Duration = .seconds(30)

    /// Messages that wait until this worker is a member at most.
    static let heldLimit = 256

    private let greeting: Hello
    let incarnation: UInt64
    /// The name it goes by.
    private(set) var name: String
    private(set) var clusterID = ""
    private(set) var epoch: UInt64 = 0
    /// Whether it sees the coordinator's own data folder.
    private(set) var sharesData = false
    private(set) var isWelcome = false
    private(set) var isDone = false
    /// Lanes on which the coordinator has answered HELLO.
    private var lanes: Set<Lane> = []
    private(set) var held: [Effect] = []

    private var heartbeat: Duration = .milliseconds(500)
    private var endpoints: [Lane: String] = [:]
    private var lastHeard: Instant
    private var lastHello: Instant?
    /// Since when the coordinator says that another worker has this name.
    private var conflictSince: Instant?
    private var lastRejection: Instant?
    /// What was said last of a key that is no worker's.
    private var lastDenial: String?

    init(greeting: Hello, incarnation: UInt64, now: Instant) {
        self.greeting = greeting
        self.incarnation = incarnation
        name = greeting.name
        lastHeard = now
    }

    /// Whether the coordinator knows this worker on all lanes.
    var isMember: Bool { isWelcome && lanes.count == Lane.allCases.count }

    /// Signs what is sent, and holds what has to wait.
    mutating func leaving(_ effects: [Effect]) -> [Effect] {
        var leaving: [Effect] = []
        if isMember, !held.isEmpty {
            leaving = held.map(signed)
            held = []
        }
        for effect in effects {
            if case .send(_, .control) = effect, !isMember, !isDone {
                held.append(effect)
                if held.count > WorkerJoining.heldLimit { held.removeFirst() }
            } else {
                leaving.append(signed(effect))
            }
        }
        return leaving
    }

    private func signed(_ effect: Effect) -> Effect {
        switch effect {
        case .send(let envelope, let lane): .send(signed(envelope), on: lane)
        case .hello(let envelope, let lane): .hello(signed(envelope), on: lane)
        case .heartbeat(let envelope): .heartbeat(signed(envelope))
        default: effect
        }
    }

    private func signed(_ envelope: Envelope) -> Envelope {
        var envelope = envelope
        envelope.clusterID = clusterID
        envelope.sender = name
        envelope.incarnation = incarnation
        envelope.epoch = epoch
        return envelope
    }

    // MARK: Time

    /// Says HELLO or a heartbeat when one is due.
    mutating func tick(now: Instant, _ effects: inout [Effect]) {
        if now - lastHeard > WorkerJoining.coordinatorSilence { isWelcome = false }
        let interval = isMember ? heartbeat : WorkerJoining.helloInterval
        guard lastHello.map({ now - $0 >= interval }) ?? true else { return }
        if isMember {
            lastHello = now
            effects.append(.heartbeat(Envelope(message: .heartbeat(Heartbeat()))))
        } else if isWelcome {
            for lane in Lane.allCases where !lanes.contains(lane) {
                sayHello(on: lane, now: now, &effects)
            }
        } else {
            sayHello(on: .control, now: now, &effects)
        }
    }

    private mutating func sayHello(on lane: Lane, now: Instant, _ effects: inout [Effect]) {
        lastHello = now
        let credit = lane == .control ? WorkerEncoding.bulkCredit : 0
        effects.append(.hello(Envelope(credit: credit, message: .hello(greeting)), on: lane))
    }

    // MARK: What the coordinator says

    /// Whether the sender is the coordinator that this worker belongs to.
    func isOfCoordinator(_ envelope: Envelope, fencesEpochs: Bool) -> Bool {
        envelope.clusterID == clusterID && (envelope.epoch == epoch || !fencesEpochs)
    }

    /// The coordinator that this worker belongs to has spoken.
    mutating func heard(now: Instant) { lastHeard = now }

    /// Whether a welcome is taken, and whether it is of another coordinator: what the former one
    /// asked for is forgotten then.
    func judges(_ envelope: Envelope, on lane: Lane) -> (isTaken: Bool, isOther: Bool) {
        let isSameCluster = envelope.clusterID == clusterID
        let isOther = !isSameCluster || envelope.epoch != epoch
        guard lane == .control else { return (isWelcome && !isOther, false) }
        let isLate = isWelcome && isSameCluster && envelope.epoch < epoch
        return (!isLate, isOther)
    }

    /// The coordinator answers HELLO on a lane: on the control lane first.
    mutating func welcomed(
        _ welcome: Welcome, _ envelope: Envelope, on lane: Lane, now: Instant,
        _ effects: inout [Effect]
    ) {
        lastHeard = now
        guard lane == .control else {
            lanes.insert(lane)
            if isMember { conflictSince = nil }
            return
        }
        let isNews = !isWelcome || envelope.epoch != epoch || envelope.clusterID != clusterID
        lastDenial = nil
        clusterID = envelope.clusterID
        epoch = envelope.epoch
        name = welcome.name
        sharesData = welcome.sharesData
        heartbeat = .milliseconds(Int(welcome.heartbeatMilliseconds))
        if isNews { lanes = [.control] }
        for (lane, endpoint) in [
            (Lane.query, welcome.queryEndpoint), (.bulk, welcome.bulkEndpoint),
        ] {
            if endpoints[lane] != endpoint {
                endpoints[lane] = endpoint
                effects.append(.connect(lane, to: endpoint))
            }
            if isNews { sayHello(on: lane, now: now, &effects) }
        }
        if isNews { effects.append(.notice(.joined(clusterID: clusterID, name: name))) }
        isWelcome = true
    }

    /// What was to be said to an earlier coordinator is not said to this one.
    mutating func forget() { held.removeAll() }

    /// The coordinator does not know this worker: it was restarted, or gave it up.
    ///
    /// - Returns: Whether that is news, with which all that it asked for is forgotten.
    mutating func unknown() -> Bool {
        defer { isWelcome = false }
        return isWelcome
    }

    /// The key does not make a worker, for now: its entry may be changed, so HELLO is said again.
    ///
    /// - Returns: Whether that is news, with which all that was asked for is forgotten.
    mutating func denied(_ failure: Failure, _ effects: inout [Effect]) -> Bool {
        if failure.message != lastDenial {
            lastDenial = failure.message
            effects.append(.notice(.denied(failure.message)))
        }
        return unknown()
    }

    /// Another worker has this name, perhaps an earlier life of this one, which is dying; or the
    /// coordinator is of another release, perhaps until it is replaced.
    ///
    /// Where one lane was welcome already, this worker asks anew.
    mutating func doesNotFit(_ failure: Failure, now: Instant, _ effects: inout [Effect]) {
        isWelcome = false
        let since = conflictSince ?? now
        conflictSince = since
        guard now - since > WorkerJoining.conflictTime else {
            return effects.append(.notice(.misfit(failure.message)))
        }
        isDone = true
        effects.append(.end(failure))
    }

    // MARK: The connection

    /// What was said on the way is lost, and a coordinator that takes this one's place knows
    /// nothing of this worker.
    mutating func disconnected(_ lane: Lane, _ effects: inout [Effect]) {
        effects.append(.notice(.disconnected(lane)))
        isWelcome = false
    }

    /// The transport tries again by itself, so that a key allowed later lets this worker in.
    mutating func rejected(_ reason: String, now: Instant, _ effects: inout [Effect]) {
        if let lastRejection, now - lastRejection <= WorkerJoining.rejectionInterval { return }
        lastRejection = now
        effects.append(.notice(.rejected(reason)))
    }

    /// The next welcome tries again.
    mutating func notConnected(_ lane: Lane) { endpoints[lane] = nil }

    /// Leaves of its own will, or as it is told to.
    mutating func leave(_ effects: inout [Effect]) {
        isDone = true
        effects.append(.message(.goodbye(Goodbye(reason: "stopped")), on: .control))
        effects.append(.end(nil))
    }
}
