// Protocol buffers in C and back: status messages.

import CClusterProtocol
import ClusterCore

extension StatusRequest: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__StatusRequest>) {
        sheaf__v1__status_request__init(c)
    }

    func fill(_ c: inout Sheaf__V1__StatusRequest, _ arena: PackArena) {
        c.collection = arena.string(collection)
    }

    init(_ c: Sheaf__V1__StatusRequest) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "StatusRequest.collection"))
    }
}

extension WorkerStatus: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__WorkerStatus>) {
        sheaf__v1__worker_status__init(c)
    }

    func fill(_ c: inout Sheaf__V1__WorkerStatus, _ arena: PackArena) {
        c.name = arena.string(name)
        c.host = arena.string(host)
        c.process_id = processID
        c.state = arena.string(state)
        c.threads = threads
        c.passages_encoded = passagesEncoded
        c.searches = searches
        c.resident_bytes = residentBytes
        c.shards = shards
        c.leases = leases
        c.shares_data = sharesData ? 1 : 0
    }

    init(_ c: Sheaf__V1__WorkerStatus) throws(WireError) {
        self.init(
            name: try Unpack.text(c.name, "WorkerStatus.name"),
            host: try Unpack.text(c.host, "WorkerStatus.host"),
            processID: c.process_id,
            state: try Unpack.text(c.state, "WorkerStatus.state"),
            threads: c.threads,
            passagesEncoded: c.passages_encoded,
            searches: c.searches,
            residentBytes: c.resident_bytes,
            shards: c.shards,
            leases: c.leases,
            sharesData: c.shares_data != 0)
    }
}

extension ShardStatus: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__ShardStatus>) {
        sheaf__v1__shard_status__init(c)
    }

    func fill(_ c: inout Sheaf__V1__ShardStatus, _ arena: PackArena) {
        c.shard = shard
        c.rows = rows
        c.worker = arena.string(worker)
        c.loaded = loaded ? 1 : 0
    }

    init(_ c: Sheaf__V1__ShardStatus) throws(WireError) {
        self.init(
            shard: c.shard,
            rows: c.rows,
            worker: try Unpack.text(c.worker, "ShardStatus.worker"),
            loaded: c.loaded != 0)
    }
}

extension CollectionStatus: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__CollectionStatus>) {
        sheaf__v1__collection_status__init(c)
    }

    func fill(_ c: inout Sheaf__V1__CollectionStatus, _ arena: PackArena) {
        c.name = arena.string(name)
        c.state = arena.string(state)
        c.passages = passages
        c.committed = committed
        c.dimension = dimension
        c.index = arena.message(index, unless: IndexSettings())
        c.encoder = arena.message(encoder, unless: EncoderSettings())
        c.shard_count = shardCount
        c.generation = generation
        c.batches = batches
        c.batches_committed = batchesCommitted
        c.question_model = arena.string(questionModel)
        c.context_model = arena.string(contextModel)
        c.fingerprint = arena.string(fingerprint)
        c.source_digest = arena.string(sourceDigest)
        (c.n_paths, c.paths) = arena.strings(paths)
        c.bytes = bytes
        c.coverage = arena.message(coverage)
        (c.n_shards, c.shards) = arena.messages(shards)
        c.created = arena.string(created)
        c.question_encoder = arena.message(questionEncoder)
        c.context_encoder = arena.message(contextEncoder)
    }

    init(_ c: Sheaf__V1__CollectionStatus) throws(WireError) {
        self.init(
            name: try Unpack.text(c.name, "CollectionStatus.name"),
            state: try Unpack.text(c.state, "CollectionStatus.state"),
            passages: c.passages,
            committed: c.committed,
            dimension: c.dimension,
            index: try Unpack.message(c.index) ?? IndexSettings(),
            encoder: try Unpack.message(c.encoder) ?? EncoderSettings(),
            shardCount: c.shard_count,
            generation: c.generation,
            batches: c.batches,
            batchesCommitted: c.batches_committed,
            questionModel: try Unpack.text(c.question_model, "CollectionStatus.question_model"),
            contextModel: try Unpack.text(c.context_model, "CollectionStatus.context_model"),
            fingerprint: try Unpack.text(c.fingerprint, "CollectionStatus.fingerprint"),
            sourceDigest: try Unpack.text(c.source_digest, "CollectionStatus.source_digest"),
            paths: try Unpack.texts(c.paths, c.n_paths, "CollectionStatus.paths"),
            bytes: c.bytes,
            coverage: try Unpack.message(c.coverage),
            shards: try Unpack.messages(c.shards, c.n_shards),
            created: try Unpack.text(c.created, "CollectionStatus.created"),
            questionEncoder: try Unpack.message(c.question_encoder),
            contextEncoder: try Unpack.message(c.context_encoder))
    }
}

extension Status: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Status>) {
        sheaf__v1__status__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Status, _ arena: PackArena) {
        c.cluster_id = arena.string(clusterID)
        c.epoch = epoch
        c.process_id = processID
        c.release = arena.string(release)
        (c.n_workers, c.workers) = arena.messages(workers)
        (c.n_collections, c.collections) = arena.messages(collections)
        c.indexing = arena.message(indexing)
        c.resident_bytes = residentBytes
        (c.n_problems, c.problems) = arena.strings(problems)
    }

    init(_ c: Sheaf__V1__Status) throws(WireError) {
        self.init(
            clusterID: try Unpack.text(c.cluster_id, "Status.cluster_id"),
            epoch: c.epoch,
            processID: c.process_id,
            release: try Unpack.text(c.release, "Status.release"),
            workers: try Unpack.messages(c.workers, c.n_workers),
            collections: try Unpack.messages(c.collections, c.n_collections),
            indexing: try Unpack.message(c.indexing),
            residentBytes: c.resident_bytes,
            problems: try Unpack.texts(c.problems, c.n_problems, "Status.problems"))
    }
}

extension DropRequest: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__DropRequest>) {
        sheaf__v1__drop_request__init(c)
    }

    func fill(_ c: inout Sheaf__V1__DropRequest, _ arena: PackArena) {
        c.collection = arena.string(collection)
    }

    init(_ c: Sheaf__V1__DropRequest) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "DropRequest.collection"))
    }
}

extension Done: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Done>) {
        sheaf__v1__done__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Done, _ arena: PackArena) {
        c.note = arena.string(note)
    }

    init(_ c: Sheaf__V1__Done) throws(WireError) {
        self.init(
            note: try Unpack.text(c.note, "Done.note"))
    }
}

extension Shutdown: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Shutdown>) {
        sheaf__v1__shutdown__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Shutdown, _ arena: PackArena) {
        c.drain = drain ? 1 : 0
    }

    init(_ c: Sheaf__V1__Shutdown) throws(WireError) {
        self.init(
            drain: c.drain != 0)
    }
}
