/// Which workers there are, and which of them answer.
///
/// States of one life of a worker and what moves it:
///
///     hello ──▶ ready ◀──heartbeat── silent
///                 │  ──tick, unreachable──▶ silent ──tick──▶ gone
///                 │  ──busy without progress──▶ stalled ──progress──▶ ready
///                 └──exited, goodbye──▶ gone
///
/// Invariants:
/// 1. At most one life per name; a newer incarnation ends the older one.
/// 2. Only a `ready` worker is given work or searches.
/// 3. A `silent` or `stalled` worker keeps its shards for a while: moving a shard costs more than a
///    short absence. A worker that shares the coordinator's folder is `displaced` soon, since any
///    other opens the same files; another keeps them until it is `gone`.
/// 4. What a life that is not on record says is ignored by the caller, who asks `isCurrent` first.
public struct Membership: Sendable {
    /// The times that decide.
    public struct Rules: Sendable {
        /// Silence after which a worker is routed around.
        public var silentAfter: Duration
        /// Busy without progress after which a worker is routed around.
        public var stalledAfter: Duration
        /// Silence after which the shards of a worker that shares the coordinator's folder move.
        public var displacedAfter: Duration
        /// Silence after which a worker is given up and its shards move.
        public var goneAfter: Duration

        /// Makes rules; the defaults are those of the failure matrix.
        public init(
            silentAfter: Duration = .seconds(2), stalledAfter: Duration = .seconds(5),
            displacedAfter: Duration = .seconds(2), goneAfter: Duration = .seconds(10)
        ) {
            self.silentAfter = silentAfter
            self.stalledAfter = stalledAfter
            self.displacedAfter = displacedAfter
            self.goneAfter = goneAfter
        }
    }

    /// Where a worker stands.
    public enum State: String, Sendable {
        /// Answers.
        case ready
        /// Has not been heard of, or cannot be reached.
        case silent
        /// Answers but computes nothing although it is busy.
        case stalled
        /// Takes nothing new; about to leave.
        case draining
    }

    /// What is known of one worker.
    public struct Member: Sendable {
        /// This life of it.
        public var id: WorkerID
        /// The host it said it runs on.
        public var host: String
        /// Its process id there.
        public var processID: UInt32
        /// Compute threads, its weight when shards are placed.
        public var threads: Int
        /// True when it sees the coordinator's own data folder.
        public var sharesData: Bool
        /// Where it stands.
        public var state: State
        /// When it was last heard.
        public var lastHeard: Instant
        /// True while its shards have moved to others since it is silent.
        public internal(set) var isDisplaced = false
        var progress: UInt64
        var lastProgress: Instant
        var isBusy: Bool

        /// Makes the record of a worker that has just said HELLO.
        public init(
            id: WorkerID, host: String, processID: UInt32, threads: Int, sharesData: Bool,
            now: Instant
        ) {
            self.id = id
            self.host = host
            self.processID = processID
            self.threads = threads
            self.sharesData = sharesData
            state = .ready
            lastHeard = now
            progress = 0
            lastProgress = now
            isBusy = false
        }
    }

    /// A change that leases, searches and placement must follow.
    public enum Change: Hashable, Sendable {
        /// A new life may take work.
        case joined(WorkerID)
        /// A routed-around worker answers again; its former leases are fenced off.
        case returned(WorkerID)
        /// Route around it: leases return, searches fail over.
        case unavailable(WorkerID, State)
        /// It stays away: its shards move, and come back with it.
        case displaced(WorkerID)
        /// It will not come back: its shards move.
        case gone(WorkerID)
    }

    /// The rules in force.
    public let rules: Rules
    private var members: [String: Member] = [:]

    /// Makes a membership without members.
    public init(rules: Rules = Rules()) {
        self.rules = rules
    }

    /// All members, by name.
    public var all: [Member] { members.values.sorted { $0.id < $1.id } }

    /// The members that may be given work, by name.
    public var ready: [Member] { all.filter { $0.state == .ready } }

    /// The members that keep their shards: all but the draining and the displaced.
    public var placed: [Member] { all.filter { $0.state != .draining && !$0.isDisplaced } }

    /// The record of the worker called `name`.
    public func member(named name: String) -> Member? { members[name] }

    /// True when `worker` is the life on record.
    public func isCurrent(_ worker: WorkerID) -> Bool { members[worker.name]?.id == worker }

    /// True when `worker` may be given work.
    public func isReady(_ worker: WorkerID) -> Bool {
        isCurrent(worker) && members[worker.name]?.state == .ready
    }

    /// A worker introduced itself: a new life replaces an older one of the same name.
    public mutating func hello(_ member: Member) -> [Change] {
        var changes: [Change] = []
        if let former = members[member.id.name] {
            if former.id == member.id { return heard(member.id, now: member.lastHeard) }
            changes.append(.gone(former.id))
        }
        members[member.id.name] = member
        changes.append(.joined(member.id))
        return changes
    }

    /// A worker was heard.
    public mutating func heard(_ worker: WorkerID, now: Instant) -> [Change] {
        guard isCurrent(worker), var member = members[worker.name] else { return [] }
        member.lastHeard = now
        let returns = member.state == .silent
        if returns {
            member.state = .ready
            member.isDisplaced = false
            member.lastProgress = now
        }
        members[worker.name] = member
        return returns ? [.returned(worker)] : []
    }

    /// A worker said how far it has computed.
    public mutating func heartbeat(
        _ worker: WorkerID, progress: UInt64, isBusy: Bool, now: Instant
    ) -> [Change] {
        var changes = heard(worker, now: now)
        guard isCurrent(worker), var member = members[worker.name] else { return changes }
        if progress != member.progress || !isBusy || !member.isBusy {
            member.lastProgress = now
            if member.state == .stalled {
                member.state = .ready
                changes.append(.returned(worker))
            }
        }
        member.progress = progress
        member.isBusy = isBusy
        members[worker.name] = member
        return changes
    }

    /// The socket, or whoever started the process, says that a worker cannot be reached now.
    ///
    /// It keeps its shards for a while, since whoever watches it may start it again.
    public mutating func unreachable(_ worker: WorkerID) -> [Change] {
        guard isReady(worker) else { return [] }
        members[worker.name]?.state = .silent
        return [.unavailable(worker, .silent)]
    }

    /// A worker's process has ended or said goodbye.
    public mutating func left(_ worker: WorkerID) -> [Change] {
        guard isCurrent(worker) else { return [] }
        members[worker.name] = nil
        return [.gone(worker)]
    }

    /// A worker takes nothing new from now on.
    public mutating func draining(_ worker: WorkerID) -> [Change] {
        guard isCurrent(worker), members[worker.name]?.state != .draining else { return [] }
        members[worker.name]?.state = .draining
        return [.unavailable(worker, .draining)]
    }

    /// Time passes.
    public mutating func tick(now: Instant) -> [Change] {
        var changes: [Change] = []
        for member in all {
            let silence = now - member.lastHeard
            switch member.state {
            case .ready, .stalled:
                if silence >= rules.silentAfter {
                    members[member.id.name]?.state = .silent
                    if member.state == .ready { changes.append(.unavailable(member.id, .silent)) }
                } else if member.state == .ready, member.isBusy,
                    now - member.lastProgress >= rules.stalledAfter
                {
                    members[member.id.name]?.state = .stalled
                    changes.append(.unavailable(member.id, .stalled))
                }
            case .silent, .draining:
                if silence >= rules.goneAfter {
                    members[member.id.name] = nil
                    changes.append(.gone(member.id))
                }
            }
            changes += displacement(of: member.id.name, silence)
        }
        return changes
    }

    /// Whether the shards of a silent worker move by now.
    private mutating func displacement(of name: String, _ silence: Duration) -> [Change] {
        guard let member = members[name], member.state == .silent, member.sharesData,
            !member.isDisplaced,
            silence >= rules.displacedAfter
        else { return [] }
        members[name]?.isDisplaced = true
        return [.displaced(member.id)]
    }
}
