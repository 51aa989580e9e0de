import ClusterCore

/// A worker's request for a segment, passed on to a holder.
struct SimulatedRelay {
    var worker: WorkerID
    var requestID: UInt64
    var request: SegmentRequest
    var otherHolders: [WorkerID]
}

extension SimulatedCoordinator {
    /// A generation is on disk: workers load it, and searches use it as soon as they have.
    func serve(_ manifest: Manifest) {
        newest = manifest.number
        manifests[manifest.number] = manifest
        carryOut(
            serving.publish(
                ServingTable.Generation(number: manifest.number, rows: manifest.rows)))
    }

    func carryOut(_ orders: [ServingTable.Order]) {
        for order in orders {
            simulation.note("\(order)")
            switch order {
            case .load(let worker, let generation, let shards):
                guard let manifest = manifests[generation] else { continue }
                send(.loadGeneration(manifest.order(shards)), to: worker, on: .query)
            case .unload(let generation):
                // On the lane of the orders to load: a worker must not read this before them.
                for worker in membership.all {
                    send(
                        .unloadGeneration(UnloadGeneration(generation: generation)), to: worker.id,
                        on: .query)
                }
                manifests[generation] = nil
            case .serve(let generation):
                simulation.checkServing(generation)
                hasLoadFailed = false
                wake()
            }
        }
        searchesFollow()
    }

    /// Places the shards, once the workers of the time before are here or have not come in time.
    func place() {
        let here = Set(membership.placed.map(\.id.name))
        isPlaced = expected.mayPlace(here: here, now: simulation.now)
        guard isPlaced else { return }
        simulation.catalog.expectedWorkers = here
        carryOut(serving.place(on: membership.placed))
    }

    func generationLoaded(_ loaded: GenerationLoaded, by worker: WorkerID) {
        if !loaded.failure.isEmpty {
            hasLoadFailed = true
            wake()
        }
        carryOut(
            serving.loaded(
                worker, generation: loaded.generation,
                shards: Set(loaded.shards.map { ShardNumber(Int($0)) })))
    }

    /// Searches that wait look again.
    func wake() {
        let resumed = waiting
        waiting = []
        for resume in resumed { resume() }
    }

    /// A worker lacks a segment: answered from the data folder, or by another worker that holds it.
    func relay(_ request: SegmentRequest, _ requestID: UInt64, to worker: WorkerID) {
        if simulation.disks[SimulatedCatalog.sharedHolder]?.contains(request.sha256) == true {
            let chunk = SegmentChunk(
                sha256: request.sha256, offset: request.offset,
                total: simulation.settings.bytes(of: request.sha256))
            return answer(chunk, requestID, to: worker, [simulation.settings.part(of: request)])
        }
        let names = (simulation.catalog.copies[request.sha256] ?? []).sorted()
        let holders = names.compactMap { membership.member(named: $0)?.id }
            .filter { membership.isReady($0) && $0 != worker }
        askHolder(
            SimulatedRelay(
                worker: worker, requestID: requestID, request: request, otherHolders: holders))
    }

    private func askHolder(_ relay: SimulatedRelay) {
        var relay = relay
        guard let holder = relay.otherHolders.popLast() else {
            let chunk = SegmentChunk(sha256: relay.request.sha256, missing: true)
            return answer(chunk, relay.requestID, to: relay.worker, [])
        }
        let requestID = newRequestID()
        relays[requestID] = relay
        send(.segmentRequest(relay.request), to: holder, on: .control, requestID: requestID)
    }

    func relay(_ chunk: SegmentChunk, _ requestID: UInt64, _ frames: [[UInt8]]) {
        guard let relay = relays.removeValue(forKey: requestID) else { return }
        if chunk.missing { return askHolder(relay) }
        answer(chunk, relay.requestID, to: relay.worker, frames)
    }

    private func answer(
        _ chunk: SegmentChunk, _ requestID: UInt64, to worker: WorkerID, _ frames: [[UInt8]]
    ) {
        send(.segmentChunk(chunk), to: worker, on: .bulk, requestID: requestID, frames: frames)
    }
}
