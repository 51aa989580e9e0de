/// One search over the shards of a generation: whom to ask, whom next, whom to wait for, and when
/// to stop.
///
/// States of a shard and what moves it:
///
///     waiting ──start, held──▶ asked(request) ──answered──▶ answered
///        ▲                           │
///        └──── failed, no holder ────┘
///     waiting ──lost, refused, deadline, or not patient──▶ missing ──held──▶ waiting
///
/// Invariants:
/// 1. A shard is asked of one worker at a time, and of a worker once for each time that it became a
///    holder: a worker that failed is asked again only after it was none.
/// 2. The search ends when every shard is answered or missing, or at its deadline, whichever is
///    first.
/// 3. A shard without a holder is waited for where the search is patient, unless it is lost, or all
///    its holders have answered without it: who reaches nobody may be back soon, who refuses will
///    refuse again. Once a shard is missing nothing is waited for but what is asked.
/// 4. Coverage counts rows of answered shards only; a shard without rows is answered from the
///    start.
public struct ScatterGather: Sendable {
    /// What must be done.
    public enum Effect: Hashable, Sendable {
        /// Ask the worker for these shards in one message; the number tells requests apart.
        case send(WorkerID, request: Int, shards: [ShardNumber])
        /// The worker's answer to the request is no longer wanted.
        case cancel(WorkerID, request: Int)
        /// The search is over.
        case finish
    }

    private enum State: Hashable, Sendable {
        case waiting
        case asked(request: Int)
        case answered
        case missing
    }

    private struct Request: Sendable {
        var worker: WorkerID
        var shards: [ShardNumber]
    }

    private let rows: [ShardNumber: UInt64]
    private let isPatient: Bool
    /// Who held each shard at the last look, whether it was asked or not.
    private var holders: [ShardNumber: Set<WorkerID>]
    /// Holders that have answered without the shard.
    private var refused: [ShardNumber: Set<WorkerID>] = [:]
    /// Shards that nobody holds and nobody is going to, at the last look.
    private var lost: Set<ShardNumber> = []
    /// Who may still be asked for each shard, the best first.
    private var remaining: [ShardNumber: [WorkerID]]
    private var states: [ShardNumber: State] = [:]
    /// The requests that were neither answered nor given up.
    private var requests: [Int: Request] = [:]
    private var lastRequest = 0
    private var isFinished = false

    /// When waiting ends.
    public let deadline: Instant

    /// Makes a search.
    ///
    /// - Parameters:
    ///   - rows: Rows of each shard of the pinned generation.
    ///   - holders: Workers to ask for each shard, the best first; none for a shard nobody has
    ///     loaded.
    ///   - isPatient: True waits for shards that nobody holds now; false answers without them.
    ///   - deadline: When waiting ends.
    public init(
        rows: [ShardNumber: UInt64], holders: [ShardNumber: [WorkerID]], isPatient: Bool,
        deadline: Instant
    ) {
        self.rows = rows
        self.isPatient = isPatient
        self.deadline = deadline
        self.holders = holders.mapValues { Set($0) }
        remaining = holders
    }

    /// Asks the first holder of each shard.
    ///
    /// - Parameter lost: Shards that nobody holds and nobody is going to.
    public mutating func start(lost: Set<ShardNumber> = []) -> [Effect] {
        for (shard, count) in rows { states[shard] = count == 0 ? .answered : .waiting }
        self.lost = lost
        return ask() + end()
    }

    /// The shards of the search.
    public var shards: [ShardNumber] { rows.keys.sorted() }

    /// Whether a shard has answered.
    public func isAnswered(_ shard: ShardNumber) -> Bool { states[shard] == .answered }

    /// The rows of some of the shards.
    public func rows(of shards: [ShardNumber]) -> UInt64 {
        shards.reduce(0) { $0 + (rows[$1] ?? 0) }
    }

    /// The worker that `request` was sent to; nil where its answer does not count any more.
    public func worker(of request: Int) -> WorkerID? { requests[request]?.worker }

    /// True while the answer to `request` counts.
    ///
    /// A worker merges the hits of all shards of a request, so an answer is taken whole or not at
    /// all. A request is open as a whole until its worker has answered or failed, or time is up.
    public func expects(_ request: Int) -> Bool { requests[request] != nil }

    /// A request was answered: shards it asked for and the answer does not name have failed there.
    public mutating func answered(_ request: Int, shards: Set<ShardNumber>) -> [Effect] {
        guard let open = requests.removeValue(forKey: request) else { return [] }
        for shard in open.shards {
            states[shard] = shards.contains(shard) ? .answered : .waiting
            if !shards.contains(shard) { refused[shard, default: []].insert(open.worker) }
        }
        return ask() + end()
    }

    /// A worker failed, refused or cannot be reached: it is asked for nothing more.
    public mutating func failed(_ worker: WorkerID) -> [Effect] {
        guard !isFinished else { return [] }
        for shard in remaining.keys { remaining[shard]?.removeAll { $0 == worker } }
        for (number, request) in requests where request.worker == worker {
            requests[number] = nil
            for shard in request.shards { states[shard] = .waiting }
        }
        return ask() + end()
    }

    /// Other workers may hold the shards now: those that are new are asked for what is missing.
    ///
    /// - Parameters:
    ///   - current: The workers that hold each shard and may be asked, the best first.
    ///   - lost: Shards that nobody holds and nobody is going to.
    public mutating func held(
        by current: [ShardNumber: [WorkerID]], lost: Set<ShardNumber> = []
    ) -> [Effect] {
        guard !isFinished else { return [] }
        for shard in rows.keys {
            let now = current[shard] ?? []
            let new = now.filter { holders[shard]?.contains($0) != true }
            remaining[shard, default: []].removeAll { !now.contains($0) }
            remaining[shard, default: []] += new
            holders[shard] = Set(now)
            refused[shard]?.formIntersection(now)
            if !new.isEmpty, states[shard] == .missing { states[shard] = .waiting }
        }
        self.lost = lost
        return ask() + end()
    }

    /// Time passes: at the deadline whatever is missing stays missing.
    public mutating func tick(now: Instant) -> [Effect] {
        guard !isFinished, now >= deadline else { return [] }
        let late = requests.sorted { $0.key < $1.key }.map {
            Effect.cancel($0.value.worker, request: $0.key)
        }
        for (shard, state) in states where state != .answered { states[shard] = .missing }
        requests = [:]
        isFinished = true
        return late + [.finish]
    }

    /// What has answered so far.
    public var coverage: Coverage {
        var coverage = Coverage()
        for (shard, count) in rows {
            coverage.shardsTotal += 1
            coverage.rowsTotal += count
            if states[shard] == .answered {
                coverage.shardsAnswered += 1
                coverage.rowsAnswered += count
            }
        }
        return coverage
    }

    /// Asks the best holder of each shard that waits for one.
    private mutating func ask() -> [Effect] {
        guard !isFinished else { return [] }
        var wanted: [WorkerID: [ShardNumber]] = [:]
        for (shard, state) in states where state == .waiting {
            guard let worker = remaining[shard]?.first else { continue }
            remaining[shard]?.removeFirst()
            wanted[worker, default: []].append(shard)
        }
        return wanted.sorted { $0.key < $1.key }.map { worker, shards in
            lastRequest += 1
            let shards = shards.sorted()
            requests[lastRequest] = Request(worker: worker, shards: shards)
            for shard in shards { states[shard] = .asked(request: lastRequest) }
            return .send(worker, request: lastRequest, shards: shards)
        }
    }

    /// Gives up what cannot come, and ends the search where nothing is asked or waited for.
    private mutating func end() -> [Effect] {
        guard !isFinished else { return [] }
        for (shard, state) in states where state == .waiting {
            let held = holders[shard] ?? []
            let isRefused = !held.isEmpty && held.isSubset(of: refused[shard] ?? [])
            if !isPatient || isRefused || lost.contains(shard) { states[shard] = .missing }
        }
        guard requests.isEmpty else { return [] }
        let waits = states.values.contains(.waiting) && !states.values.contains(.missing)
        guard !waits else { return [] }
        for (shard, state) in states where state == .waiting { states[shard] = .missing }
        isFinished = true
        return [.finish]
    }
}
