/// How one collection is served: its shards, whether anybody wants them, why some cannot be loaded,
/// and who waits for a generation.
///
/// Invariants:
/// 1. Workers load generations of what somebody wants, and of nothing else.
/// 2. Whoever waits gets a generation as soon as one serves; at its deadline, or where nothing can
///    be loaded, part of one where that is taken, and else no answer at all.
package struct ServedShards: Sendable {
    private struct Waiter: Sendable {
        var number: UInt64
        var allowsPartial: Bool
        var deadline: Instant
    }

    /// The collection.
    package let name: String
    /// Who serves what.
    package internal(set) var table: ServingTable
    /// True from the first search on, or from the start.
    package private(set) var isWanted: Bool
    /// The number of the newest generation, 0 before the first.
    package private(set) var number: UInt64 = 0
    /// That generation; nil where it cannot be read.
    package private(set) var newest: ServingTable.Generation?
    /// Why shards cannot be loaded, by the name of who says so.
    package private(set) var failures: [String: String] = [:]
    /// Whether one of these must come again with the same segments and index kind.
    package private(set) var cannotBeBuilt = false
    private var waiters: [Waiter] = []

    init(_ name: String, shardCount: Int, isWanted: Bool, lastLoadID: UInt64) {
        self.name = name
        table = ServingTable(collection: name, shardCount: shardCount, lastLoadID: lastLoadID)
        self.isWanted = isWanted
    }

    /// Whether the failure of its build stands, with a reason to tell.
    package var buildFailure: String? { cannotBeBuilt ? failures.values.min() : nil }

    /// A generation is on disk: what could not be loaded before is made anew, or found wanting
    /// again.
    mutating func found(_ generation: ServingTable.Generation) -> [ServingTable.Effect] {
        number = generation.number
        newest = generation
        mended()
        cannotBeBuilt = false
        return isWanted ? table.publish(generation) : []
    }

    /// There is a generation, and it cannot be read.
    mutating func unreadable(_ number: UInt64, _ reason: String) {
        self.number = number
        failures["coordinator"] = reason
    }

    mutating func mended() { failures = [:] }

    /// Somebody searches it.
    mutating func wanted() -> [ServingTable.Effect] {
        guard !isWanted else { return [] }
        isWanted = true
        return newest.map { table.publish($0) } ?? []
    }

    mutating func loaded(
        _ answer: GenerationLoaded, by worker: WorkerID
    ) -> [ServingTable.Effect] {
        failures[worker.name] = answer.failure.isEmpty ? nil : answer.failure
        if !answer.failure.isEmpty, answer.lasting { cannotBeBuilt = true }
        return table.loaded(
            worker, generation: answer.generation,
            shards: Set(answer.shards.map { ShardNumber(Int($0)) }),
            loadID: answer.loadID, isLasting: answer.lasting)
    }

    mutating func forgetFailure(of worker: WorkerID) { failures[worker.name] = nil }

    /// A search begins.
    mutating func pin(
        waiter number: UInt64, allowsPartial: Bool, deadline: Instant, isClosing: Bool,
        now: Instant
    ) -> [CoordinatorMachine.Effect] {
        waiters.append(
            Waiter(number: number, allowsPartial: allowsPartial, deadline: deadline))
        return lookAgain(isClosing: isClosing, now: now)
    }

    /// Whoever waits is answered, where there is an answer by now.
    mutating func lookAgain(isClosing: Bool, now: Instant) -> [CoordinatorMachine.Effect] {
        let waiting = waiters
        waiters = []
        var effects: [CoordinatorMachine.Effect] = []
        for waiter in waiting {
            let isHopeless = now >= waiter.deadline || !failures.isEmpty || isClosing
            if let generation = table.pin()
                ?? (isHopeless && waiter.allowsPartial ? table.pinPartly() : nil)
            {
                effects.append(.pinned(waiter: waiter.number, generation))
            } else if isHopeless {
                effects.append(.cannotPin(waiter: waiter.number, name))
            } else {
                waiters.append(waiter)
            }
        }
        return effects
    }

    /// Nobody waits for a collection that is dropped.
    mutating func dropped() -> [CoordinatorMachine.Effect] {
        defer { waiters = [] }
        return waiters.map { .cannotPin(waiter: $0.number, name) }
    }

    /// Whether somebody waits.
    var isAwaited: Bool { !waiters.isEmpty }
}
