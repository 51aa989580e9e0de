/// One search over the shards of a generation that several requests share: each of them with a
/// deadline of its own.
///
/// Member: waits → settled, or waits → left.
///
/// Invariants:
/// 1. Workers are asked once for all members, as ``ScatterGather`` says.
/// 2. A member is settled once: when the search is over, or at its own deadline, whichever is
///    first. What its answer may hold is what ``coverage`` counts at that moment, as if it had
///    searched alone.
/// 3. A deadline, or a leaving, of one member changes nothing for the others.
/// 4. Once nobody waits, what is still asked is cancelled.
public struct SharedSearch: Sendable {
    /// What must be done.
    public enum Effect: Hashable, Sendable {
        /// Ask the worker for these shards in one message; the number tells requests apart.
        case send(WorkerID, request: Int, shards: [ShardNumber])
        /// The worker's answer to the request is no longer wanted.
        case cancel(WorkerID, request: Int)
        /// These members wait no longer: they get what has come until now.
        case settle([UInt64])
    }

    private var machine: ScatterGather
    private var members: [UInt64: Instant]

    /// Makes a search.
    ///
    /// - Parameters:
    ///   - rows: Rows of each shard of the pinned generation.
    ///   - holders: Workers to ask for each shard, the best first.
    ///   - isPatient: True waits for shards that nobody holds now; false answers without them.
    ///   - members: The requests that share it, one or more, and their deadlines.
    public init(
        rows: [ShardNumber: UInt64], holders: [ShardNumber: [WorkerID]], isPatient: Bool,
        members: [UInt64: Instant]
    ) {
        precondition(!members.isEmpty, "a search for nobody")
        self.members = members
        machine = ScatterGather(
            rows: rows, holders: holders, isPatient: isPatient,
            deadline: members.values.reduce(Instant(nanoseconds: .min)) { max($0, $1) })
    }

    /// When the last member's time is over.
    public var deadline: Instant { machine.deadline }

    /// The shards of the search.
    public var shards: [ShardNumber] { machine.shards }

    /// The rows of some of the shards.
    public func rows(of shards: [ShardNumber]) -> UInt64 { machine.rows(of: shards) }

    /// What has answered so far.
    public var coverage: Coverage { machine.coverage }

    /// Whether nobody waits.
    public var isOver: Bool { members.isEmpty }

    /// Who waits.
    public var waiting: [UInt64] { members.keys.sorted() }

    /// Whether a shard has answered.
    public func isAnswered(_ shard: ShardNumber) -> Bool { machine.isAnswered(shard) }

    /// The worker that `request` was sent to; nil where its answer does not count any more.
    public func worker(of request: Int) -> WorkerID? { machine.worker(of: request) }

    /// Asks the first holder of each shard.
    ///
    /// - Parameter lost: Shards that nobody holds and nobody is going to.
    public mutating func start(lost: Set<ShardNumber> = []) -> [Effect] {
        effects(of: machine.start(lost: lost))
    }

    /// A request was answered: shards it asked for and the answer does not name have failed there.
    public mutating func answered(_ request: Int, shards: Set<ShardNumber>) -> [Effect] {
        effects(of: machine.answered(request, shards: shards))
    }

    /// A worker failed, refused or cannot be reached: it is asked for nothing more.
    public mutating func failed(_ worker: WorkerID) -> [Effect] {
        effects(of: machine.failed(worker))
    }

    /// Other workers may hold the shards now: those that are new are asked for what is missing.
    public mutating func held(
        by current: [ShardNumber: [WorkerID]], lost: Set<ShardNumber> = []
    ) -> [Effect] {
        effects(of: machine.held(by: current, lost: lost))
    }

    /// Time passes: members whose deadline it is are settled.
    public mutating func tick(now: Instant) -> [Effect] {
        let late = members.filter { $0.value <= now }.keys.sorted()
        guard !late.isEmpty else { return [] }
        for member in late { members[member] = nil }
        return [.settle(late)] + cancelIfOver()
    }

    /// A member waits no longer, and wants nothing.
    public mutating func left(_ member: UInt64) -> [Effect] {
        guard members.removeValue(forKey: member) != nil else { return [] }
        return cancelIfOver()
    }

    private mutating func cancelIfOver() -> [Effect] {
        members.isEmpty ? effects(of: machine.tick(now: machine.deadline)) : []
    }

    private mutating func effects(of effects: [ScatterGather.Effect]) -> [Effect] {
        effects.compactMap { effect in
            switch effect {
            case .send(let worker, let request, let shards):
                return .send(worker, request: request, shards: shards)
            case .cancel(let worker, let request): return .cancel(worker, request: request)
            case .finish:
                guard !members.isEmpty else { return nil }
                defer { members = [:] }
                return .settle(members.keys.sorted())
            }
        }
    }
}
