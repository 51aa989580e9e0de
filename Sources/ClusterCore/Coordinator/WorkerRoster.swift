/// The workers of a coordinator: which there are, what they said last, and whether shards may be
/// placed on them yet.
///
/// A worker belongs to the cluster once it has introduced itself on every lane.
package struct WorkerRoster: Sendable {
    /// How long a life of a worker that was heard keeps its name from another.
    package static let nameTime: Duration = .milliseconds(1500)

    /// Who belongs to the cluster.
    package internal(set) var membership = Membership()
    /// What each worker said last.
    package private(set) var heartbeats: [WorkerID: Heartbeat] = [:]
    /// Whether shards are placed, once those of the time before are here or have not come in time.
    package private(set) var isPlaced = false

    /// A life that has introduced itself on some lanes.
    private struct Arrival: Sendable {
        var lanes: Set<Lane> = []
        var credit = 0
    }

    /// Arrivals that are remembered at most: who only ever begins to come says HELLO anew.
    private static let arrivalsKept = 4096

    private var arrivals: [WorkerID: Arrival] = [:]
    private var expected: ExpectedWorkers
    private var remembered: [String] = []

    init(expected: Set<String>, now: Instant) {
        self.expected = ExpectedWorkers(expected, now: now)
    }

    /// Whether another worker has the name, and was heard a moment ago.
    func isTaken(_ worker: WorkerID, now: Instant) -> Bool {
        guard let member = membership.member(named: worker.name) else { return false }
        return member.id != worker && member.state == .ready
            && now - member.lastHeard < WorkerRoster.nameTime
    }

    /// A worker is here on a lane; what changes once it is on all.
    ///
    /// - Parameter credit: Bytes that it takes at once, as the control lane says.
    mutating func entered(
        _ member: Membership.Member, on lane: Lane, credit: Int
    ) -> [Membership.Change] {
        if arrivals.count > WorkerRoster.arrivalsKept {
            arrivals = arrivals.filter { membership.isCurrent($0.key) }
        }
        arrivals[member.id, default: Arrival()].lanes.insert(lane)
        if lane == .control { arrivals[member.id]?.credit = credit }
        guard arrivals[member.id]?.lanes.count == Lane.allCases.count,
            !membership.isCurrent(member.id)
        else { return [] }
        return membership.hello(member)
    }

    /// Bytes that a worker takes at once.
    func credit(of worker: WorkerID) -> Int { arrivals[worker]?.credit ?? 0 }

    /// A worker said how far it is; whether it has encoded meanwhile.
    mutating func beat(_ heartbeat: Heartbeat, of worker: WorkerID) -> Bool {
        // Searches make progress too, but only encoding brings a lease forward.
        let before = heartbeats.updateValue(heartbeat, forKey: worker)
        return before?.passagesEncoded != heartbeat.passagesEncoded
    }

    mutating func tick(now: Instant) -> [Membership.Change] { membership.tick(now: now) }

    /// A life is over.
    mutating func forget(_ worker: WorkerID) {
        arrivals[worker] = nil
        heartbeats[worker] = nil
    }

    /// The members to place shards on; nil while more are waited for.
    mutating func placed(now: Instant) -> [Membership.Member]? {
        let members = membership.placed
        isPlaced = expected.mayPlace(here: Set(members.map(\.id.name)), now: now)
        return isPlaced ? members : nil
    }

    /// The workers to expect at the next start; nil where those are known.
    mutating func newlyExpected() -> [String]? {
        let names = membership.placed.map(\.id.name)
        guard isPlaced, names != remembered else { return nil }
        remembered = names
        return names
    }
}
