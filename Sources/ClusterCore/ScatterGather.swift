/// One search over the shards of a generation: whom to ask, whom to ask next, and when to stop
/// waiting.
///
/// States of a shard and what moves it:
///
///     waiting ──start, retry──▶ asked(worker) ──answered──▶ answered(rows)
///                                   └── failed ──▶ asked(next holder), or missing
///
/// Invariants:
/// 1. A shard is asked of one worker at a time, of each holder at most once, and of none that has
///    failed.
/// 2. The search ends when every shard is answered or missing, or at its deadline, whichever is
///    first.
/// 3. Coverage counts rows of answered shards only; a shard without rows is answered from the
///    start.
public struct ScatterGather: Sendable {
    /// What must be done.
    public enum Action: Hashable, Sendable {
        /// Ask the worker for these shards in one message.
        case send(WorkerID, shards: [ShardNumber])
        /// The worker's answer is no longer wanted.
        case cancel(WorkerID)
        /// The search is over.
        case finish
    }

    private enum State: Sendable {
        case asked(WorkerID)
        case answered
        case missing
    }

    private let rows: [ShardNumber: UInt64]
    private var remaining: [ShardNumber: [WorkerID]]
    private var states: [ShardNumber: State] = [:]
    private var isFinished = false

    /// When waiting ends.
    public let deadline: Instant

    /// Makes a search.
    ///
    /// - Parameters:
    ///   - rows: Rows of each shard of the pinned generation.
    ///   - holders: Workers to ask for each shard, the best first; none for a shard nobody has
    ///     loaded.
    ///   - deadline: When waiting ends.
    public init(
        rows: [ShardNumber: UInt64], holders: [ShardNumber: [WorkerID]], deadline: Instant
    ) {
        self.rows = rows
        remaining = holders
        self.deadline = deadline
    }

    /// Asks the first holder of each shard.
    public mutating func start() -> [Action] {
        for (shard, count) in rows where count == 0 { states[shard] = .answered }
        return ask(rows.filter { $0.value > 0 }.keys.sorted())
    }

    /// True while the answer of `worker` to a request for these shards counts.
    ///
    /// A worker merges the hits of all shards of a request, so an answer is taken whole or not at
    /// all. A request is open as a whole until its worker has answered or failed, or time is up.
    public func expects(_ worker: WorkerID, requested: [ShardNumber]) -> Bool {
        requested.contains { states[$0].flatMap(asked) == worker }
    }

    /// A worker answered one request: shards it was asked for and does not name have failed there.
    public mutating func answered(
        _ worker: WorkerID, requested: [ShardNumber], shards: Set<ShardNumber>
    ) -> [Action] {
        guard !isFinished else { return [] }
        let open = requested.filter { states[$0].flatMap(asked) == worker }
        for shard in open where shards.contains(shard) { states[shard] = .answered }
        return ask(open.filter { !shards.contains($0) })
    }

    /// A worker failed, refused or cannot be reached: it is asked for nothing more.
    public mutating func failed(_ worker: WorkerID) -> [Action] {
        guard !isFinished else { return [] }
        for shard in remaining.keys { remaining[shard]?.removeAll { $0 == worker } }
        return ask(shardsAsked(of: worker))
    }

    /// Time passes: at the deadline whatever is missing stays missing.
    public mutating func tick(now: Instant) -> [Action] {
        guard !isFinished, now >= deadline else { return [] }
        let late = Set(states.values.compactMap(asked)).sorted()
        for (shard, state) in states where asked(state) != nil { states[shard] = .missing }
        isFinished = true
        return late.map { .cancel($0) } + [.finish]
    }

    /// What has answered so far.
    public var coverage: Coverage {
        var coverage = Coverage()
        for (shard, count) in rows {
            coverage.shardsTotal += 1
            coverage.rowsTotal += count
            if case .answered = states[shard] {
                coverage.shardsAnswered += 1
                coverage.rowsAnswered += count
            }
        }
        return coverage
    }

    /// The shards that `worker` is expected to answer for.
    public func shardsAsked(of worker: WorkerID) -> [ShardNumber] {
        states.filter { asked($0.value) == worker }.keys.sorted()
    }

    private mutating func ask(_ shards: [ShardNumber]) -> [Action] {
        var requests: [WorkerID: [ShardNumber]] = [:]
        for shard in shards {
            if let worker = remaining[shard]?.first {
                remaining[shard]?.removeFirst()
                states[shard] = .asked(worker)
                requests[worker, default: []].append(shard)
            } else {
                states[shard] = .missing
            }
        }
        var actions = requests.keys.sorted().map {
            Action.send($0, shards: requests[$0, default: []])
        }
        if !states.values.contains(where: { asked($0) != nil }) {
            isFinished = true
            actions.append(.finish)
        }
        return actions
    }

    private func asked(_ state: State) -> WorkerID? {
        if case .asked(let worker) = state { worker } else { nil }
    }
}
