/// Collections, and who serves them.
extension CoordinatorMachine {
    mutating func handle(_ event: ServingEvent, now: Instant) -> [Effect] {
        switch event {
        case .opened(let name, let shardCount, let isWanted):
            // A collection of this name may have been dropped, and answers of it be under way.
            let last = max(lastLoadIDDropped, collections[name]?.table.lastLoadID ?? 0)
            collections[name] = ServedShards(
                name, shardCount: shardCount, isWanted: isWanted, lastLoadID: last)
            collections[name]?.table.broken = broken
            return place(now: now)
        case .unreadable(let name, let generation, let reason):
            collections[name]?.unreadable(generation, reason)
            return []
        case .found(let name, let generation): return found(generation, of: name, now: now)
        case .mended(let name):
            collections[name]?.mended()
            return []
        case .wanted(let name): return shards(name, now: now) { $0.wanted() }
        case .dropped(let name):
            let effects = collections[name]?.dropped() ?? []
            lastLoadIDDropped = max(
                lastLoadIDDropped, collections[name]?.table.lastLoadID ?? 0)
            collections[name] = nil
            return effects
        case .pin(let name, let waiter, let allowsPartial, let deadline):
            guard collections[name] != nil else { return [.cannotPin(waiter: waiter, name)] }
            return collections[name]?.pin(
                waiter: waiter, allowsPartial: allowsPartial, deadline: deadline,
                isClosing: isClosing, now: now) ?? []
        case .unpin(let name, let generation):
            return unpin(generation, of: name, now: now)
        }
    }

    /// A generation is on disk: workers load it, and searches use it as soon as they have.
    mutating func found(
        _ generation: ServingTable.Generation, of name: String, now: Instant
    ) -> [Effect] {
        shards(name, now: now) { $0.found(generation) }
    }

    mutating func loaded(
        _ answer: GenerationLoaded, by worker: WorkerID, now: Instant
    ) -> [Effect] {
        guard collections[answer.collection] != nil else { return [] }
        let failure = answer.failure
        let told: [Effect] =
            failure.isEmpty ? [] : [.cannotLoad(worker, answer.collection, reason: failure)]
        return told + shards(answer.collection, now: now) { $0.loaded(answer, by: worker) }
    }

    private mutating func unpin(
        _ generation: UInt64, of name: String, now: Instant
    ) -> [Effect] {
        let effects = collections[name]?.table.unpin(generation) ?? []
        // All searches under way are looked at where something changes for them: the end of one
        // alone changes nothing, and they are many.
        return effects.isEmpty ? [] : followed(effects, name, now: now)
    }

    /// Changes who serves a collection, and says what follows.
    mutating func shards(
        _ name: String, now: Instant,
        _ change: (inout ServedShards) -> [ServingTable.Effect]
    ) -> [Effect] {
        guard var shards = collections[name] else { return [] }
        let effects = change(&shards)
        collections[name] = shards
        return followed(effects, name, now: now)
    }

    mutating func followed(
        _ effects: [ServingTable.Effect], _ name: String, now: Instant
    ) -> [Effect] {
        var result: [Effect] = effects.map { effect in
            switch effect {
            case .load(let worker, let load): .load(worker, name, load)
            case .unload(let generation): .unload(name, generation: generation)
            case .serve(let generation): .serves(name, generation: generation)
            }
        }
        for case .serve in effects { collections[name]?.mended() }
        if collections[name]?.isAwaited == true {
            result += collections[name]?.lookAgain(isClosing: isClosing, now: now) ?? []
        }
        return result + [.moved(name)]
    }
}
