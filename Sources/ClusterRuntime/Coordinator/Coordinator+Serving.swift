import ClusterCore
import Corpus
import Foundation
import Logging

/// What the coordinator keeps of a collection; the machine knows how it is served.
struct StoredCollection: Sendable {
    var record: CollectionRecord
    /// Manifests of the generations that workers hold or load.
    var manifests: [UInt64: GenerationManifest] = [:]

    var newest: GenerationManifest? { manifests[record.generation] }
}

extension Coordinator {
    /// Generations kept on disk: the newest and the one before it.
    static let manifestsKept: UInt64 = 2

    /// Reads what the catalog knows, before the sockets open.
    func openCollections() throws(ClusterError) {
        for row in try catalog.rows() {
            let state = try CollectionState.read(row, options.data, catalog: catalog)
            open(state.record)
            if state.isRowWrong { log.error("the catalog's row of \(row.name) is damaged") }
            if let manifest = state.manifest {
                serve(manifest, isComplete: state.record.isComplete)
            } else if let problem = state.problem {
                log.error("collection \(row.name) cannot be served: \(problem)")
                handle(
                    .serving(
                        .unreadable(
                            row.name, generation: state.record.generation,
                            reason: problem.description)))
            }
        }
    }

    /// A collection is known from now on; its generations are loaded from the first search on, or
    /// from the start.
    func open(_ record: CollectionRecord) {
        collections[record.name] = StoredCollection(record: record)
        handle(
            .serving(
                .opened(
                    record.name, shardCount: record.shardCount,
                    isWanted: !options.loadsOnDemand)))
    }

    /// A generation is on disk: workers load it, and searches use it as soon as they have.
    func serve(_ manifest: GenerationManifest, isComplete: Bool) {
        keep(manifest, isComplete: isComplete)
        handle(
            .serving(
                .found(
                    manifest.collection,
                    ServingTable.Generation(
                        number: manifest.generation, rows: manifest.rows))))
    }

    /// Keeps what the machine's words on a generation stand for.
    func keep(_ manifest: GenerationManifest, isComplete: Bool) {
        guard var collection = collections[manifest.collection] else { return }
        collection.record.generation = manifest.generation
        collection.record.isComplete = isComplete
        if let record = manifest.record {
            (collection.record.kind, collection.record.memory) = (record.kind, record.memory)
        }
        collection.manifests[manifest.generation] = manifest
        if machine.collections[manifest.collection]?.isWanted == false {
            collection.manifests = [manifest.generation: manifest]
        }
        collections[manifest.collection] = collection
        removeOldManifests(manifest)
    }

    func unload(_ generation: UInt64, of name: String) {
        // On the lane of the loads, so that none overtakes it.
        for worker in machine.roster.membership.all {
            send(
                .unloadGeneration(UnloadGeneration(collection: name, generation: generation)),
                to: worker.id, on: .query)
        }
        collections[name]?.manifests[generation] = nil
    }

    /// Why the index of a collection cannot be built, and what settles that; nil where it can, or
    /// may yet.
    func buildFailure(of name: String) -> String? {
        guard let reason = machine.collections[name]?.buildFailure,
            let record = collections[name]?.record
        else { return nil }
        let kind = record.kind ?? IndexOptions.defaultKind
        return """
            “\(name)” is encoded, but an index of kind “\(kind)” cannot be built of it: \(reason) \
            Give the same `sheaf index` command again with another --index: nothing is encoded \
            again.
            """
    }

    /// What those who searched a generation ought to know: that no newer one can answer; else
    /// empty, also while a newer one is being loaded.
    func note(onSearchOf generation: UInt64, of name: String) -> String {
        guard let newest = collections[name]?.record.generation, generation < newest,
            let failure = buildFailure(of: name)
        else { return "" }
        return "\(failure) Until then generation \(generation) answers, as it was built before."
    }

    private func removeOldManifests(_ manifest: GenerationManifest) {
        guard manifest.generation > Coordinator.manifestsKept else { return }
        GenerationManifest.remove(
            options.data, manifest.collection,
            through: manifest.generation - Coordinator.manifestsKept)
    }

    func unknownCollection(_ name: String) -> ClusterError {
        .unknownCollection(name, existing: collections.keys.sorted())
    }

    /// A worker lacks a segment: answered from the data folder, where it is there.
    func lookUp(_ request: SegmentRequest, _ requestID: UInt64, for worker: WorkerID) {
        let own = SegmentFiles.part(request, count: SegmentRelays.pieceBytes) {
            options.data.segments($0)
        }
        guard own.isMissing else {
            let chunk = SegmentChunk(
                collection: request.collection, sha256: request.sha256, offset: request.offset,
                total: own.total, missing: false)
            send(
                .segmentChunk(chunk), to: worker, on: .bulk, requestID: requestID,
                frames: [own.bytes])
            return
        }
        let names = (try? catalog.holders(request.sha256, collection: request.collection)) ?? []
        handle(.worker(.holders(names, request, requestID: requestID, for: worker)))
    }
}

extension GenerationManifest {
    /// A load of this generation, in the words of the wire.
    func message(_ load: ServingTable.Load) -> LoadGeneration {
        LoadGeneration(
            collection: collection, generation: generation, dimension: UInt32(dimension),
            index: index.settings,
            shards: load.shards.map { shard in
                ShardSpec(
                    shard: UInt32(shard.rawValue),
                    segments: segments(of: shard).map {
                        SegmentRef(
                            sha256: $0.sha256, batch: UInt64($0.batch.rawValue),
                            firstOrdinal: firstOrdinal(of: $0.batch), rows: $0.rows,
                            bytes: $0.bytes)
                    })
            },
            fingerprint: fingerprint, loadID: load.id)
    }
}
