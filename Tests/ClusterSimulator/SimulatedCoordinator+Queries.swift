import ClusterCore

/// A search that waits for a generation.
struct SimulatedWaiter {
    var isStrict: Bool
    var deadline: Instant
}

/// A search on its way over the workers.
struct SimulatedSearch {
    var machine: ScatterGather
    var generation: ServingTable.Generation
    var isStrict: Bool
    /// True while holders are those of this moment; asked later, one may have dropped the shard.
    var isBeginning = true
    var requested: [UInt64: Int] = [:]
    /// The answers taken, and their hits.
    var taken: [RequestKey] = []
    var hits: [(generation: UInt8, shard: UInt8)] = []
}

extension SimulatedCoordinator {
    /// A search waits for a generation to serve, pins it, and goes over the workers.
    func search(isStrict: Bool, budget: Duration) {
        let deadline = simulation.now + budget
        let waiter = newRequestID()
        waiting[waiter] = SimulatedWaiter(isStrict: isStrict, deadline: deadline)
        handle(
            .serving(
                .pin(
                    SimulatedCoordinator.collection, waiter: waiter, allowsPartial: !isStrict,
                    deadline: deadline)))
        later(budget) { coordinator in
            if coordinator.waiting[waiter] != nil { coordinator.handle(.tick) }
        }
    }

    func begin(_ waiter: UInt64, _ generation: ServingTable.Generation) {
        guard let waiting = waiting.removeValue(forKey: waiter) else { return }
        searches[waiter] = SimulatedSearch(
            machine: ScatterGather(
                rows: generation.rows, holders: holders(of: generation),
                isPatient: waiting.isStrict, deadline: waiting.deadline),
            generation: generation, isStrict: waiting.isStrict)
        perform(searches[waiter]?.machine.start(lost: lost(of: generation)) ?? [], waiter)
        searches[waiter]?.isBeginning = false
    }

    private func holders(
        of generation: ServingTable.Generation
    ) -> [ShardNumber: [WorkerID]] {
        var holders: [ShardNumber: [WorkerID]] = [:]
        for shard in generation.rows.keys {
            holders[shard] = (serving?.holders(of: shard, generation: generation.number) ?? [])
                .filter { membership.isReady($0) }
        }
        return holders
    }

    private func lost(of generation: ServingTable.Generation) -> Set<ShardNumber> {
        serving?.lost(of: generation.number) ?? []
    }

    /// Other workers hold the shards now, or none will.
    func searchesFollow() {
        for searchID in searches.keys.sorted() {
            guard let generation = searches[searchID]?.generation else { continue }
            perform(
                searches[searchID]?.machine.held(
                    by: holders(of: generation), lost: lost(of: generation)) ?? [],
                searchID)
        }
    }

    func searchesLost(by worker: WorkerID) {
        for searchID in searches.keys.sorted() {
            perform(searches[searchID]?.machine.failed(worker) ?? [], searchID)
        }
    }

    private func perform(_ effects: [ScatterGather.Effect], _ searchID: UInt64) {
        for effect in effects {
            switch effect {
            case .send(let worker, let request, let shards):
                guard let number = searches[searchID]?.generation.number else { continue }
                let requestID = newRequestID()
                searches[searchID]?.requested[requestID] = request
                simulation.checkRoute(to: worker)
                if searches[searchID]?.isBeginning == true {
                    simulation.ledger.expectsShards(RequestKey(epoch: epoch, requestID: requestID))
                }
                send(
                    .search(
                        Search(
                            collection: SimulatedCoordinator.collection, generation: number,
                            shards: shards.map { UInt32($0.rawValue) })),
                    to: worker, on: .query, requestID: requestID)
            case .cancel: break
            case .finish: finish(searchID)
            }
        }
    }

    func searchAnswered(_ result: SearchResult, _ envelope: Envelope, by worker: WorkerID) {
        let requestID = envelope.requestID
        let owner = searches.first { $0.value.requested[requestID] != nil }?.key
        guard let searchID = owner,
            let request = searches[searchID]?.requested.removeValue(forKey: requestID),
            searches[searchID]?.machine.worker(of: request) == worker
        else { return }
        searches[searchID]?.taken.append(RequestKey(epoch: epoch, requestID: requestID))
        let generation = envelope.frames.first?.first ?? 0
        for shard in envelope.frames.last ?? [] {
            searches[searchID]?.hits.append((generation, shard))
        }
        let answered = Set(result.shards.filter(\.answered).map { ShardNumber(Int($0.shard)) })
        perform(
            searches[searchID]?.machine.answered(request, shards: answered) ?? [], searchID)
    }

    func tickSearches() {
        for searchID in searches.keys.sorted() {
            perform(searches[searchID]?.machine.tick(now: simulation.now) ?? [], searchID)
        }
    }

    private func finish(_ searchID: UInt64) {
        guard let search = searches.removeValue(forKey: searchID) else { return }
        let coverage = search.machine.coverage
        simulation.searchEnded(
            SearchOutcome(
                isStrict: search.isStrict, deadline: search.machine.deadline,
                generation: search.generation, coverage: coverage, requests: search.taken,
                hits: search.hits, isAnswer: coverage.isComplete || !search.isStrict))
        handle(
            .serving(.unpin(SimulatedCoordinator.collection, search.generation.number)))
    }
}
