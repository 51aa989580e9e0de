import ClusterCore
import Corpus
import Foundation
import Logging

/// A collection as the coordinator serves it.
struct ServedCollection: Sendable {
    var record: CollectionRecord
    var serving: ServingTable
    /// True from the first search on, or from the start: workers load its generations.
    var isWanted: Bool
    /// Manifests of the generations that workers hold or load.
    var manifests: [UInt64: GenerationManifest] = [:]
    /// Searches that wait for the first generation to be loaded.
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// Why shards cannot be loaded, by the name of who says so.
    var loadFailures: [String: String] = [:]
    /// Whether one of these must come again with the same segments and index kind.
    var hasLastingFailure = false

    var newest: GenerationManifest? { manifests[record.generation] }

    /// Why its index cannot be built, and what settles that; nil where it can, or may yet.
    var buildFailure: String? {
        guard hasLastingFailure, let reason = loadFailures.values.min() else { return nil }
        return """
            “\(record.name)” is encoded, but an index of kind \
            “\(record.kind ?? IndexOptions.defaultKind)” cannot be built of it: \(reason) Give the \
            same `sheaf index` command again with another --index: nothing is encoded again.
            """
    }

    /// What those who searched a generation ought to know: that no newer one can answer; else
    /// empty, also while a newer one is being loaded.
    func note(onSearchOf generation: UInt64) -> String {
        guard generation < record.generation, let buildFailure else { return "" }
        return
            "\(buildFailure) Until then generation \(generation) answers, as it was built before."
    }
}

/// A worker's request for a piece of a segment, passed on to a holder.
struct SegmentRelay: Sendable {
    var worker: WorkerID
    var requestID: UInt64
    var request: SegmentRequest
    var otherHolders: [WorkerID]
    /// Who was asked last.
    var holder: WorkerID?
}

extension Coordinator {
    /// Generations kept on disk: the newest and the one before it.
    static let manifestsKept: UInt64 = 2

    /// Reads what the catalog knows, before the sockets open.
    func openCollections() throws(ClusterError) {
        for row in try catalog.rows() {
            let state = try CollectionState.read(row, options.data, catalog: catalog)
            serveCollection(state.record)
            if state.isRowWrong { log.error("the catalog's row of \(row.name) is damaged") }
            if let manifest = state.manifest {
                serve(manifest, isComplete: state.record.isComplete)
            } else if let problem = state.problem {
                log.error("collection \(row.name) cannot be served: \(problem)")
                collections[row.name]?.loadFailures["coordinator"] = problem.description
            }
        }
    }

    func serveCollection(_ record: CollectionRecord) {
        collections[record.name] = ServedCollection(
            record: record,
            serving: ServingTable(collection: record.name, shardCount: record.shardCount),
            isWanted: !options.loadsOnDemand)
        place()
    }

    /// A generation is on disk: workers load it, and searches use it as soon as they have.
    func serve(_ manifest: GenerationManifest, isComplete: Bool) {
        guard var collection = collections[manifest.collection] else { return }
        collection.record.generation = manifest.generation
        collection.record.isComplete = isComplete
        // What could not be loaded before is made anew, or is found wanting again.
        collection.loadFailures = [:]
        collection.hasLastingFailure = false
        if let record = manifest.record {
            (collection.record.kind, collection.record.memory) = (record.kind, record.memory)
        }
        collection.manifests[manifest.generation] = manifest
        if !collection.isWanted {
            collection.manifests = collection.manifests.filter { $0.key == manifest.generation }
        }
        collections[manifest.collection] = collection
        if collection.isWanted { load(manifest) }
        removeOldManifests(manifest)
    }

    private func load(_ manifest: GenerationManifest) {
        let orders =
            collections[manifest.collection]?.serving.publish(
                ServingTable.Generation(number: manifest.generation, rows: manifest.rows)) ?? []
        carryOut(orders, manifest.collection)
    }

    /// Somebody searches the collection: from now on its generations are loaded.
    func want(_ name: String) {
        guard let collection = collections[name], !collection.isWanted else { return }
        collections[name]?.isWanted = true
        if let newest = collection.newest { load(newest) }
    }

    private func removeOldManifests(_ manifest: GenerationManifest) {
        guard manifest.generation > Coordinator.manifestsKept else { return }
        GenerationManifest.remove(
            options.data, manifest.collection,
            through: manifest.generation - Coordinator.manifestsKept)
    }

    /// Places every collection on the members there are now, once those of the time before are
    /// here or have not come in time.
    func place() {
        let members = membership.placed
        let here = Set(members.map(\.id.name))
        isPlaced = expected.mayPlace(here: here, now: MonotonicClock.now())
        guard isPlaced else { return }
        for name in collections.keys.sorted() {
            let orders = collections[name]?.serving.place(on: members) ?? []
            carryOut(orders, name)
        }
    }

    func generationLoaded(_ loaded: GenerationLoaded, by worker: WorkerID) {
        guard collections[loaded.collection] != nil else { return }
        collections[loaded.collection]?.loadFailures[worker.name] =
            loaded.failure.isEmpty ? nil : loaded.failure
        if !loaded.failure.isEmpty {
            log.warning("\(worker) cannot load \(loaded.collection): \(loaded.failure)")
            if loaded.lasting { collections[loaded.collection]?.hasLastingFailure = true }
            wake(loaded.collection)
        }
        let orders =
            collections[loaded.collection]?.serving.loaded(
                worker, generation: loaded.generation,
                shards: Set(loaded.shards.map { ShardNumber(Int($0)) }),
                isLasting: loaded.lasting) ?? []
        carryOut(orders, loaded.collection)
    }

    /// Asks again for what was asked and is not loaded.
    func tickServing(now: Instant) {
        if !isPlaced { place() }
        rememberWorkers()
        for name in collections.keys {
            carryOut(collections[name]?.serving.tick(now: now) ?? [], name)
        }
    }

    /// Writes down who would be expected at the next start, beside the workers started from here.
    ///
    /// It is only a hint: where it cannot be written or is lost, nobody is waited for.
    private func rememberWorkers() {
        let names = membership.placed.map(\.id.name).filter { processes?.isOurs($0) != true }
        guard isPlaced, !isStopping, names != remembered else { return }
        remembered = names
        try? DurableFile.write(JSONEncoder().encode(names), to: options.data.expected)
    }

    /// The workers that were here when the last coordinator was, and those that this one starts.
    static func expectedWorkers(_ options: CoordinatorOptions) -> Set<String> {
        let remembered = FileManager.default.contents(atPath: options.data.expected)
            .flatMap { try? JSONDecoder().decode(Set<String>.self, from: $0) }
        return (remembered ?? []).union(workerNames(options))
    }

    func carryOut(_ orders: [ServingTable.Order], _ name: String) {
        for order in orders {
            switch order {
            case .load(let worker, let generation, let shards):
                guard let manifest = collections[name]?.manifests[generation] else { continue }
                // On the query lane: the list of a large collection is longer than a control
                // message.
                send(
                    .loadGeneration(manifest.loadOrder(shards)), to: worker, on: .query)
            case .unload(let generation):
                // On the lane of the loads, so that none overtakes it.
                for worker in membership.all {
                    send(
                        .unloadGeneration(
                            UnloadGeneration(collection: name, generation: generation)),
                        to: worker.id, on: .query)
                }
                collections[name]?.manifests[generation] = nil
            case .serve(let generation):
                log.info("\(name): generation \(generation) serves")
                collections[name]?.loadFailures = [:]
                wake(name)
            }
        }
        searchesFollow(name)
    }

    func wake(_ name: String) {
        let waiting = collections[name]?.waiting ?? []
        collections[name]?.waiting = []
        waiting.forEach { $0.resume() }
    }

    func unknownCollection(_ name: String) -> ClusterError {
        .unknownCollection(name, existing: collections.keys.sorted())
    }

    // MARK: Segments on their way between hosts

    /// A worker lacks a segment: answered from the data folder, or by another worker that holds it.
    func relay(_ request: SegmentRequest, _ requestID: UInt64, to worker: WorkerID) {
        let own = SegmentFiles.part(request, count: Worker.segmentPartBytes) {
            options.data.segments($0)
        }
        if !own.isMissing {
            return send(own, request, requestID, to: worker)
        }
        let names = (try? catalog.holders(request.sha256, collection: request.collection)) ?? []
        // A catalog that was made anew knows no holder until the next run asks them: ask all.
        let known = names.isEmpty ? membership.ready.map(\.id.name) : names
        let holders = known.compactMap { membership.member(named: $0)?.id }
            .filter { membership.isReady($0) && $0 != worker }
        askHolder(
            SegmentRelay(
                worker: worker, requestID: requestID, request: request, otherHolders: holders))
    }

    private func askHolder(_ relay: SegmentRelay) {
        var relay = relay
        guard let holder = relay.otherHolders.popLast() else {
            return send(
                SegmentPart(bytes: [], total: 0, isMissing: true), relay.request, relay.requestID,
                to: relay.worker)
        }
        let requestID = newRequestID()
        relay.holder = holder
        relays[requestID] = relay
        send(.segmentRequest(relay.request), to: holder, on: .control, requestID: requestID)
    }

    func relay(
        _ chunk: SegmentChunk, _ requestID: UInt64, _ frames: [[UInt8]], from holder: WorkerID
    ) {
        guard relays[requestID]?.holder == holder,
            let relay = relays.removeValue(forKey: requestID)
        else { return }
        let bytes = frames.first ?? []
        let isWhatWasAsked =
            chunk.collection == relay.request.collection && chunk.sha256 == relay.request.sha256
            && chunk.offset == relay.request.offset && bytes.count <= Worker.segmentPartBytes
        if chunk.missing || !isWhatWasAsked { return askHolder(relay) }
        send(
            SegmentPart(bytes: bytes, total: chunk.total, isMissing: false), relay.request,
            relay.requestID, to: relay.worker)
        if chunk.offset + UInt64(bytes.count) == chunk.total {
            try? catalog.addCopy(
                chunk.sha256, collection: chunk.collection, holder: relay.worker.name)
        }
    }

    private func send(
        _ part: SegmentPart, _ request: SegmentRequest, _ requestID: UInt64, to worker: WorkerID
    ) {
        send(
            .segmentChunk(
                SegmentChunk(
                    collection: request.collection, sha256: request.sha256, offset: request.offset,
                    total: part.total, missing: part.isMissing)),
            to: worker, on: .bulk, requestID: requestID, frames: [part.bytes])
    }
}

extension GenerationManifest {
    /// What a worker must hold, in the words of the wire.
    func loadOrder(_ shards: [ShardNumber]) -> LoadGeneration {
        LoadGeneration(
            collection: collection, generation: generation, dimension: UInt32(dimension),
            index: index.settings,
            shards: shards.map { shard in
                ShardSpec(
                    shard: UInt32(shard.rawValue),
                    segments: segments(of: shard).map {
                        SegmentRef(
                            sha256: $0.sha256, batch: UInt64($0.batch.rawValue),
                            firstOrdinal: firstOrdinal(of: $0.batch), rows: $0.rows,
                            bytes: $0.bytes)
                    })
            },
            fingerprint: fingerprint)
    }
}
