/// Which worker serves which shard of one collection's published generation, and what each must
/// load.
///
/// Placement says who *should* hold a shard; this table follows who *does*. While a shard moves,
/// its former holder keeps serving until the new one has loaded it. A new generation serves only
/// when every shard of it is loaded somewhere, and the former one stays until then: a search sees
/// one or the other, never both.
///
/// Invariants:
/// 1. `serving` is nil or a generation whose shards were all loaded when it took over.
/// 2. A worker is asked for one load of a generation at a time: the next one follows its answer,
///    and the same shards are asked for again when no answer, or only part of what was asked, has
///    come for `patience`, unless the worker has said that it must fail again.
///    Only a load of less may overtake: the worker need not load what another owns by now. What
///    answers another load than the last one tells of the past, and changes nothing.
/// 3. A generation is unloaded only when it is neither serving nor next, and no search pins it.
/// 4. A worker is named as a holder only of shards it reported and was not told to drop since.
public struct ServingTable: Sendable {
    /// A published generation: rows of each shard.
    ///
    /// Shards without rows are legal and need no worker.
    public struct Generation: Hashable, Sendable {
        /// Its number.
        public var number: UInt64
        /// Rows per shard, by shard number.
        public var rows: [ShardNumber: UInt64]

        /// Makes the generation `number`.
        public init(number: UInt64, rows: [ShardNumber: UInt64]) {
            self.number = number
            self.rows = rows
        }

        /// Rows in all.
        public var rowCount: UInt64 { rows.values.reduce(0, +) }
    }

    /// What a worker is to hold of a generation: exactly these shards.
    public struct Load: Hashable, Sendable {
        /// Tells it from every other load of the collection.
        public var id: UInt64
        /// The generation's number.
        public var generation: UInt64
        /// The shards, in their order.
        public var shards: [ShardNumber]

        /// Makes the load `id`.
        public init(id: UInt64, generation: UInt64, shards: [ShardNumber]) {
            self.id = id
            self.generation = generation
            self.shards = shards
        }
    }

    /// What must be told to a worker.
    public enum Effect: Hashable, Sendable {
        /// Hold exactly the shards of the load.
        case load(WorkerID, Load)
        /// Forget the generation.
        case unload(generation: UInt64)
        /// From now on searches use this generation.
        case serve(generation: UInt64)
    }

    /// What one worker was last asked to hold of one generation.
    private struct Ask: Sendable {
        var loadID: UInt64 = 0
        var shards: Set<ShardNumber> = []
        var isAnswered = true
        /// Whether the worker has said that it can never carry it out.
        var isRefused = false
        /// Since when it is known not to be carried out.
        var openSince: Instant?
    }

    /// Time after which a load not carried out is asked for again: it, or its answer, may be lost.
    public static let patience: Duration = .seconds(5)

    /// The collection's name, which enters placement.
    public let collection: String
    /// Its number of shards.
    public let shardCount: Int
    /// The generation that searches use.
    public private(set) var serving: Generation?
    /// The generation being loaded, to serve next.
    public private(set) var next: Generation?
    private var owners: [ShardNumber: String] = [:]
    private var workers: [String: WorkerID] = [:]
    private var loaded: [UInt64: [WorkerID: Set<ShardNumber>]] = [:]
    private var asked: [UInt64: [WorkerID: Ask]] = [:]
    private var pins: [UInt64: Int] = [:]
    private var retired: Set<UInt64> = []
    /// The id of the last load that was asked for.
    package private(set) var lastLoadID: UInt64
    /// Which rule is broken, by a simulation alone.
    package var broken: ProtocolRule?

    /// Makes the table of a collection nobody serves yet.
    ///
    /// - Parameter lastLoadID: The ids of its loads are higher than this one.
    public init(collection: String, shardCount: Int, lastLoadID: UInt64 = 0) {
        self.collection = collection
        self.shardCount = shardCount
        self.lastLoadID = lastLoadID
    }

    /// The workers that keep shards have changed.
    public mutating func place(on members: [Membership.Member]) -> [Effect] {
        workers = Dictionary(uniqueKeysWithValues: members.map { ($0.id.name, $0.id) })
        owners = Placement.owners(
            collection: collection, shardCount: shardCount,
            candidates: members.map { .init(name: $0.id.name, weight: $0.threads) })
        let current = Set(workers.values)
        for number in Array(loaded.keys) {
            loaded[number] = loaded[number]?.filter { current.contains($0.key) }
        }
        for number in Array(asked.keys) {
            asked[number] = asked[number]?.filter { current.contains($0.key) }
        }
        return effects()
    }

    /// A generation was published.
    public mutating func publish(_ generation: Generation) -> [Effect] {
        if let next, next.number != generation.number { retired.insert(next.number) }
        next = generation
        return effects()
    }

    /// A worker has carried out a load: these shards of it are loaded now, others failed; or some
    /// of those that were loaded were damaged since.
    ///
    /// - Parameters:
    ///   - loadID: Which load; another than the last that was asked for is passed over.
    ///   - isLasting: Whether the others must fail again, so that they are not asked for again.
    public mutating func loaded(
        _ worker: WorkerID, generation: UInt64, shards: Set<ShardNumber>, loadID: UInt64,
        isLasting: Bool = false
    ) -> [Effect] {
        guard workers[worker.name] == worker, knows(generation),
            var ask = asked[generation]?[worker], ask.loadID == loadID
        else { return [] }
        loaded[generation, default: [:]][worker] = shards.intersection(ask.shards)
        ask.isAnswered = true
        ask.isRefused = isLasting
        asked[generation, default: [:]][worker] = ask
        return effects()
    }

    /// Time passes: what was asked for and is not carried out is asked for again.
    public mutating func tick(now: Instant) -> [Effect] {
        var result: [Effect] = []
        for number in [serving, next].compactMap({ $0?.number }) {
            for worker in workers.values.sorted() {
                guard var ask = asked[number]?[worker] else { continue }
                let since = ask.openSince ?? now
                let isDone = ask.shards == loaded[number]?[worker] ?? []
                if ask.isAnswered, isDone || ask.isRefused {
                    ask.openSince = nil
                } else if now - since < ServingTable.patience {
                    ask.openSince = since
                } else {
                    let load = load(ask.shards, of: number)
                    ask.openSince = now
                    ask.isAnswered = false
                    ask.loadID = load.id
                    result.append(.load(worker, load))
                }
                asked[number]?[worker] = ask
            }
        }
        return result
    }

    /// The workers that can answer for `shard` of `generation`, the owner first.
    public func holders(of shard: ShardNumber, generation: UInt64) -> [WorkerID] {
        let all = (loaded[generation] ?? [:]).filter { $0.value.contains(shard) }.keys.sorted()
        return all.filter { owners[shard] == $0.name } + all.filter { owners[shard] != $0.name }
    }

    /// The shards of `generation` that nobody holds, and nobody is going to for now.
    ///
    /// The worker that should has said that it cannot, or nobody loads the generation any more.
    /// A shard whose worker is away, or loads it just now, is not among them.
    public func lost(of generation: UInt64) -> Set<ShardNumber> {
        let isLoading = serving?.number == generation || next?.number == generation
        let held = (loaded[generation] ?? [:]).values.reduce(into: Set()) { $0.formUnion($1) }
        return Set(
            (0..<shardCount).map { ShardNumber($0) }.filter { shard in
                guard !held.contains(shard) else { return false }
                guard isLoading else { return true }
                guard let owner = owners[shard].flatMap({ workers[$0] }),
                    let ask = asked[generation]?[owner]
                else { return false }
                return ask.isAnswered && ask.shards.contains(shard)
            })
    }

    /// The shards that placement gives to `worker`, served or not: its preference for leases.
    public func owned(by worker: WorkerID) -> Set<ShardNumber> {
        Set(owners.filter { $0.value == worker.name }.keys)
    }

    /// The worker that placement names for `shard`.
    public func owner(of shard: ShardNumber) -> String? { owners[shard] }

    /// A search begins: the serving generation stays until `unpin`.
    public mutating func pin() -> Generation? {
        guard let serving else { return nil }
        pins[serving.number, default: 0] += 1
        return serving
    }

    /// A search begins that takes part of an answer: where nothing serves yet, it gets the
    /// generation that is being loaded, as far as that has come.
    public mutating func pinPartly() -> Generation? {
        guard serving == nil, let next else { return pin() }
        pins[next.number, default: 0] += 1
        return next
    }

    /// A search has ended.
    public mutating func unpin(_ generation: UInt64) -> [Effect] {
        pins[generation, default: 0] -= 1
        if pins[generation, default: 0] <= 0 { pins[generation] = nil }
        return sweep()
    }

    /// What is not as the invariants say.
    package var violations: [String] {
        var found = pins.keys.filter { !knows($0) }.sorted().map {
            "generation \($0) is searched and was unloaded"
        }
        for (number, holders) in loaded.sorted(by: { $0.key < $1.key }) {
            for (worker, shards) in holders.sorted(by: { $0.key < $1.key })
            where !shards.isSubset(of: asked[number]?[worker]?.shards ?? []) {
                found.append("\(worker) is named for shards that it was not asked to hold")
            }
        }
        return found
    }

    private func knows(_ number: UInt64) -> Bool {
        serving?.number == number || next?.number == number || retired.contains(number)
    }

    /// Shards that hold rows and must be loaded somewhere.
    private func shards(of generation: Generation) -> [ShardNumber] {
        generation.rows.filter { $0.value > 0 }.keys.sorted()
    }

    private mutating func effects() -> [Effect] {
        var result: [Effect] = []
        if let next, isLoaded(next) {
            if let serving, serving.number != next.number { retired.insert(serving.number) }
            serving = next
            self.next = nil
            result.append(.serve(generation: next.number))
        }
        for generation in [serving, next].compactMap({ $0 }) {
            let held = loaded[generation.number] ?? [:]
            for worker in workers.values.sorted() {
                let wanted = Set(
                    shards(of: generation).filter { shard in
                        if owners[shard] == worker.name { return true }
                        guard held[worker]?.contains(shard) == true else { return false }
                        let owner = owners[shard].flatMap { workers[$0] }
                        return owner.map { held[$0]?.contains(shard) != true } ?? true
                    })
                let last = asked[generation.number]?[worker] ?? Ask()
                guard wanted != last.shards,
                    last.isAnswered || wanted.isSubset(of: last.shards)
                else { continue }
                let load = load(wanted, of: generation.number)
                asked[generation.number, default: [:]][worker] = Ask(
                    loadID: load.id, shards: wanted, isAnswered: false)
                // What is dropped must not be offered to searches from this moment on.
                loaded[generation.number]?[worker]?.formIntersection(wanted)
                result.append(.load(worker, load))
            }
        }
        return result + sweep()
    }

    private mutating func load(_ shards: Set<ShardNumber>, of generation: UInt64) -> Load {
        lastLoadID += 1
        return Load(id: lastLoadID, generation: generation, shards: shards.sorted())
    }

    private func isLoaded(_ generation: Generation) -> Bool {
        if broken == .loadBeforeServe { return true }
        let held = loaded[generation.number] ?? [:]
        return shards(of: generation).allSatisfy { shard in
            held.values.contains { $0.contains(shard) }
        }
    }

    private mutating func sweep() -> [Effect] {
        let done = retired.filter { pins[$0] == nil || broken == .unloadUnderPin }.sorted()
        for number in done {
            retired.remove(number)
            loaded[number] = nil
            asked[number] = nil
        }
        return done.map { .unload(generation: $0) }
    }
}
