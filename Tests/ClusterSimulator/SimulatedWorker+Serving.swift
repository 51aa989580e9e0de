import ClusterCore
import TestSupport

extension SimulatedWorker {
    func load(_ order: LoadGeneration) {
        loads.removeAll { $0.generation == order.generation }
        loads.append(order)
        if !isLoading {
            isLoading = true
            loadNext()
        }
    }

    func unload(_ order: UnloadGeneration) {
        generations[order.generation] = nil
        loads.removeAll { $0.generation == order.generation }
    }

    private func loadNext() {
        guard !loads.isEmpty else {
            isLoading = false
            return
        }
        let order = loads.removeFirst()
        let wanted = Set(order.shards.map { ShardNumber(Int($0.shard)) })
        let kept = (generations[order.generation] ?? [:]).filter { wanted.contains($0.key) }
        load(order.shards[...], of: order, held: kept, hasFailed: false)
    }

    private func load(
        _ rest: ArraySlice<ShardSpec>, of order: LoadGeneration, held: [ShardNumber: UInt64],
        hasFailed: Bool
    ) {
        // A later order, for less, overtakes this one and is the one that is answered.
        if let later = loads.first(where: { $0.generation == order.generation }) {
            let wanted = Set(later.shards.map { ShardNumber(Int($0.shard)) })
            generations[order.generation] = held.filter { wanted.contains($0.key) }
            return loadNext()
        }
        guard let spec = rest.first else {
            generations[order.generation] = held
            send(
                .generationLoaded(
                    GenerationLoaded(
                        generation: order.generation,
                        shards: held.keys.sorted().map { UInt32($0.rawValue) },
                        failure: hasFailed ? "a segment is missing" : "")),
                on: .control)
            return loadNext()
        }
        let shard = ShardNumber(Int(spec.shard))
        guard held[shard] == nil else {
            return load(rest.dropFirst(), of: order, held: held, hasFailed: hasFailed)
        }
        open(spec.segments[...]) { [self] isWhole in
            var held = held
            if isWhole { held[shard] = spec.segments.reduce(0) { $0 + $1.rows } }
            load(rest.dropFirst(), of: order, held: held, hasFailed: hasFailed || !isWhole)
        }
    }

    /// Opens segments one by one; those of other machines are copied first.
    private func open(_ rest: ArraySlice<SegmentRef>, _ done: @escaping (Bool) -> Void) {
        guard let segment = rest.first else {
            busyCount += 1
            return compute(.milliseconds(dice.number(1...30) * machine.slowness)) { [self] in
                busyCount -= 1
                progress += 1
                done(true)
            }
        }
        if simulation.disks[folder, default: []].contains(segment.sha256) {
            return open(rest.dropFirst(), done)
        }
        lastRequest += 1
        let requestID = lastRequest
        segmentWaits[requestID] = { [self] isHere in
            guard isHere else { return done(false) }
            simulation.disks[folder, default: []].insert(segment.sha256)
            open(rest.dropFirst(), done)
        }
        send(
            .segmentRequest(SegmentRequest(sha256: segment.sha256)), on: .control,
            requestID: requestID)
        simulation.later(.seconds(10)) { [self] in
            if isAlive { segmentWaits.removeValue(forKey: requestID)?(false) }
        }
    }

    /// Answers for a segment in this worker's folder.
    func provide(_ request: SegmentRequest, _ requestID: UInt64) {
        let isHere = simulation.disks[folder, default: []].contains(request.sha256)
        send(
            .segmentChunk(SegmentChunk(sha256: request.sha256, missing: !isHere)), on: .bulk,
            requestID: requestID)
    }

    /// Answers for the shards it holds when the question arrives, each with itself as its hit.
    func search(_ request: Search, _ requestID: UInt64) {
        let served = generations[request.generation] ?? [:]
        let key = RequestKey(epoch: epoch, requestID: requestID)
        simulation.ledger.asked(
            id, key, for: Set(request.shards.map { ShardNumber(Int($0)) }),
            holding: Set(served.keys))
        let failed = request.shards.filter { _ in
            simulation.isAmiss(.failSearch) && dice.once(in: 4)
        }
        busyCount += 1
        compute(.milliseconds(dice.number(0...15) * machine.slowness)) { [self] in
            busyCount -= 1
            searchCount += 1
            progress += 1
            let coverage = request.shards.map { number in
                let rows = failed.contains(number) ? nil : served[ShardNumber(Int(number))]
                return ShardCoverage(shard: number, rows: rows ?? 0, answered: rows != nil)
            }
            let answered = coverage.filter(\.answered)
            simulation.ledger.answers(
                key, generation: request.generation, rows: answered.reduce(0) { $0 + $1.rows })
            send(
                .searchResult(SearchResult(shards: coverage)), on: .query, requestID: requestID,
                frames: [
                    [UInt8(truncatingIfNeeded: request.generation)],
                    answered.map { UInt8($0.shard) },
                ])
        }
    }
}
