import ClusterCore
import TestSupport

/// What a worker's disk and indexes do for generations and requests, in time that passes.
extension SimulatedWorker {
    func performLoading(_ effect: Effect) {
        switch effect {
        case .openSegment(let work, let key): open(key.sha256, work)
        case .storeCopy(let work, let key):
            simulation.sees(.copiedSegment)
            write(key.sha256) {
            } synced: { [self] in
                happened(.segmentStored(work))
            }
        case .buildShard(let work, _, let keys): build(work, keys.map(\.sha256))
        case .dropIndexes(let works): for work in works { indexes[work] = nil }
        default: break
        }
    }

    private func open(_ sha256: String, _ work: WorkID) {
        compute(dice.milliseconds(0...3)) { [self] in
            if disk.isTorn(sha256) {
                disk.setAside(sha256)
                simulation.sees(.tornFile)
                happened(.loadFailed(work, reason: "torn", isLasting: false))
            } else if disk.contains(sha256) {
                happened(.segmentOpened(work, facts(sha256)))
            } else {
                happened(.segmentAbsent(work))
            }
        }
    }

    private func build(_ work: WorkID, _ segments: [String]) {
        busyCount += 1
        compute(.milliseconds(dice.number(1...30) * machine.slowness)) { [self] in
            busyCount -= 1
            progress += 1
            indexes[work] = segments
            happened(.shardBuilt(work))
        }
    }

    func performRequest(_ effect: Effect) {
        switch effect {
        case .search(let work, let request, _, let held):
            search(work, request, held.compactMapValues { indexes[$0] })
        case .fetch(let work, let request, let frames, let held):
            fetch(work, request, frames.first ?? [], held.compactMap { indexes[$0] })
        case .cancel(let work):
            if case .cancel? = envelope?.message {
                simulation.sees(.cancelledSearch)
            } else {
                simulation.sees(.deadCoordinatorsSearch)
            }
            cancelled.insert(work)
        case .readPart(let work, let request): readPart(work, request)
        case .checkSegments(let work, let request): check(work, request)
        default: break
        }
    }

    /// Answers for the shards it holds when the question arrives, each with itself as its hit.
    private func search(_ work: WorkID, _ request: Search, _ held: [UInt32: [String]]) {
        guard let envelope else { return }
        let key = RequestKey(epoch: envelope.epoch, requestID: envelope.requestID)
        let shards = Set(request.shards.map { ShardNumber(Int($0)) })
        simulation.ledger.asked(
            id, key, for: shards, holding: Set(held.keys.map { ShardNumber(Int($0)) }),
            of: core.epoch)
        let failed = request.shards.filter { _ in
            simulation.isAmiss(.failSearch) && dice.once(in: 4)
        }
        busyCount += 1
        compute(.milliseconds(dice.number(0...15) * machine.slowness)) { [self] in
            busyCount -= 1
            if cancelled.remove(work) != nil { return happened(.passedOver(work)) }
            searchCount += 1
            progress += 1
            let coverage = request.shards.map { number in
                let segments = failed.contains(number) ? nil : held[number]
                return ShardCoverage(
                    shard: number, rows: simulation.settings.rows(of: segments ?? []),
                    answered: segments != nil)
            }
            let answered = coverage.filter(\.answered)
            let generation = generation(of: held, asked: request.generation)
            simulation.ledger.answers(
                key, generation: generation, rows: answered.reduce(0) { $0 + $1.rows })
            var (passages, bytes) = (0, 0)
            for shard in answered.map({ UInt8($0.shard) }) {
                bytes +=
                    SimulatedGathering.count(of: ShardNumber(Int(shard)))
                    * SimulatedGathering.bytes(of: shard)
                if bytes > Int(request.passageBytes) { break }
                passages += 1
            }
            happened(
                .searched(
                    work, SearchResult(shards: coverage, passages: UInt32(passages)),
                    frames: [
                        [UInt8(truncatingIfNeeded: generation)], answered.map { UInt8($0.shard) },
                    ]))
        }
    }

    /// Sends the passages of shards that it held when it was asked, as many as have room.
    private func fetch(
        _ work: WorkID, _ request: Fetch, _ passages: [UInt8], _ held: [[String]]
    ) {
        let manifest = simulation.catalog.manifests[request.generation]
        let isHeld = passages.allSatisfy { shard in
            let segments = manifest?.segments(of: ShardNumber(Int(shard)))
            return held.contains { Set($0) == segments }
        }
        let fails = !isHeld || (simulation.isAmiss(.failSearch) && dice.once(in: 4))
        compute(.milliseconds(dice.number(0...5) * machine.slowness)) { [self] in
            guard !fails else {
                return happened(.requestFailed(work, Failure(code: .unavailable)))
            }
            var result = FetchResult()
            var bytes = 0
            for shard in passages {
                bytes += SimulatedGathering.bytes(of: shard)
                guard bytes <= Int(request.mostBytes) else {
                    result.nextBytes = UInt32(SimulatedGathering.bytes(of: shard))
                    break
                }
                result.count += 1
            }
            progress += 1
            happened(
                .fetched(work, result, frames: [Array(passages.prefix(Int(result.count)))]))
        }
    }

    /// The generation whose segments are searched, by what its manifest says; 0 where it is another
    /// than was asked for.
    private func generation(of held: [UInt32: [String]], asked: UInt64) -> UInt64 {
        let manifest = simulation.catalog.manifests[asked]
        let isAsOrdered = held.allSatisfy { shard, segments in
            Set(segments) == manifest?.segments(of: ShardNumber(Int(shard)))
        }
        return isAsOrdered ? asked : 0
    }

    /// Answers for a segment in this worker's folder.
    private func readPart(_ work: WorkID, _ request: SegmentRequest) {
        compute(dice.milliseconds(0...3)) { [self] in
            let isHere = disk.contains(request.sha256)
            let part = isHere ? simulation.settings.part(of: request) : []
            let total = isHere ? simulation.settings.bytes(of: request.sha256) : 0
            let chunk = SegmentChunk(
                collection: request.collection, sha256: request.sha256, offset: request.offset,
                total: total, missing: part.isEmpty)
            happened(.partRead(work, chunk, frames: [part]))
        }
    }

    private func check(_ work: WorkID, _ request: CheckSegments) {
        compute(dice.milliseconds(0...20)) { [self] in
            let names = request.segments.map(\.sha256)
            let torn = names.filter(disk.isTorn)
            for name in torn { disk.setAside(name) }
            let answer = SegmentsChecked(
                collection: request.collection, sound: names.filter(disk.contains), damaged: torn)
            happened(.checked(work, answer))
        }
    }
}
