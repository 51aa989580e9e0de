// Written by scripts/generate-proto from proto/; not by hand.

import CClusterProtocol
import ClusterCore

extension StatusRequest: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName, canBeEmpty: true)  // collection
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__StatusRequest>) {
        sheaf__v1__status_request__init(c)
    }

    func fill(_ c: inout Sheaf__V1__StatusRequest) throws(WireError) {
        try Pack.text(collection, of: "StatusRequest", &c.collection)
    }

    init(_ c: Sheaf__V1__StatusRequest) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "StatusRequest.collection"))
    }
}

extension WorkerStatus: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.processName),  // name
        FieldLimits(.bytes(255), canBeEmpty: true),  // host
        FieldLimits(.atMost(2_147_483_647)),  // process_id
        FieldLimits(.bytes(256), canBeEmpty: true),  // state
        FieldLimits(.atMost(4_096)),  // threads
        FieldLimits(.atMost(281_474_976_710_655)),  // passages_encoded
        FieldLimits(.atMost(281_474_976_710_655)),  // searches
        FieldLimits(.atMost(281_474_976_710_655)),  // resident_bytes
        FieldLimits(.atMost(2_147_483_647)),  // shards
        FieldLimits(.atMost(65_536)),  // leases
        FieldLimits(.any),  // shares_data
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__WorkerStatus>) {
        sheaf__v1__worker_status__init(c)
    }

    func fill(_ c: inout Sheaf__V1__WorkerStatus) throws(WireError) {
        try Pack.text(name, of: "WorkerStatus", &c.name)
        try Pack.text(host, of: "WorkerStatus", &c.host)
        c.process_id = processID
        try Pack.text(state, of: "WorkerStatus", &c.state)
        c.threads = threads
        c.passages_encoded = passagesEncoded
        c.searches = searches
        c.resident_bytes = residentBytes
        c.shards = shards
        c.leases = leases
        c.shares_data = sharesData ? 1 : 0
    }

    init(_ c: Sheaf__V1__WorkerStatus) throws(WireError) {
        try self.init(
            name: Unpack.text(c.name, "WorkerStatus.name"),
            host: Unpack.text(c.host, "WorkerStatus.host"),
            processID: c.process_id,
            state: Unpack.text(c.state, "WorkerStatus.state"),
            threads: c.threads,
            passagesEncoded: c.passages_encoded,
            searches: c.searches,
            residentBytes: c.resident_bytes,
            shards: c.shards,
            leases: c.leases,
            sharesData: c.shares_data != 0)
    }
}

extension ShardStatus: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(4_095)),  // shard
        FieldLimits(.atMost(4_398_046_511_104)),  // rows
        FieldLimits(.processName, canBeEmpty: true),  // worker
        FieldLimits(.any),  // loaded
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__ShardStatus>) {
        sheaf__v1__shard_status__init(c)
    }

    func fill(_ c: inout Sheaf__V1__ShardStatus) throws(WireError) {
        c.shard = shard
        c.rows = rows
        try Pack.text(worker, of: "ShardStatus", &c.worker)
        c.loaded = loaded ? 1 : 0
    }

    init(_ c: Sheaf__V1__ShardStatus) throws(WireError) {
        try self.init(
            shard: c.shard,
            rows: c.rows,
            worker: Unpack.text(c.worker, "ShardStatus.worker"),
            loaded: c.loaded != 0)
    }
}

extension CollectionStatus: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // name
        FieldLimits(.bytes(256), canBeEmpty: true),  // state
        FieldLimits(.atMost(4_398_046_511_104)),  // passages
        FieldLimits(.atMost(4_398_046_511_104)),  // committed
        FieldLimits(.atMost(65_536)),  // dimension
        FieldLimits(.atMost(4_096)),  // shard_count
        FieldLimits(.atMost(281_474_976_710_655)),  // generation
        FieldLimits(.atMost(67_108_864)),  // batches
        FieldLimits(.atMost(67_108_864)),  // batches_committed
        FieldLimits(.bytes(4_096), canBeEmpty: true),  // question_model
        FieldLimits(.bytes(4_096), canBeEmpty: true),  // context_model
        FieldLimits(.bytes(256), canBeEmpty: true),  // fingerprint
        FieldLimits(.bytes(256), canBeEmpty: true),  // source_digest
        FieldLimits(.bytes(4_096), canBeEmpty: true, count: 65_536),  // paths
        FieldLimits(.atMost(4_611_686_018_427_387_904)),  // bytes
        FieldLimits(.message(Coverage.limits)),  // coverage
        FieldLimits(.message(ShardStatus.limits), count: 4_096),  // shards
        FieldLimits(.bytes(256), canBeEmpty: true),  // created
        FieldLimits(.message(IndexSettings.limits)),  // index
        FieldLimits(.message(EncoderSettings.limits)),  // encoder
        FieldLimits(.message(EncoderSettings.limits)),  // question_encoder
        FieldLimits(.message(EncoderSettings.limits)),  // context_encoder
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__CollectionStatus>) {
        sheaf__v1__collection_status__init(c)
    }

    func fill(_ c: inout Sheaf__V1__CollectionStatus) throws(WireError) {
        try Pack.text(name, of: "CollectionStatus", &c.name)
        try Pack.text(state, of: "CollectionStatus", &c.state)
        c.passages = passages
        c.committed = committed
        c.dimension = dimension
        try Pack.message(index, unless: IndexSettings(), &c.index)
        try Pack.message(encoder, unless: EncoderSettings(), &c.encoder)
        c.shard_count = shardCount
        c.generation = generation
        c.batches = batches
        c.batches_committed = batchesCommitted
        try Pack.text(questionModel, of: "CollectionStatus", &c.question_model)
        try Pack.text(contextModel, of: "CollectionStatus", &c.context_model)
        try Pack.text(fingerprint, of: "CollectionStatus", &c.fingerprint)
        try Pack.text(sourceDigest, of: "CollectionStatus", &c.source_digest)
        try Pack.texts(paths, of: "CollectionStatus", &c.paths, &c.n_paths)
        c.bytes = bytes
        try Pack.message(coverage, &c.coverage)
        try Pack.messages(shards, &c.shards, &c.n_shards)
        try Pack.text(created, of: "CollectionStatus", &c.created)
        try Pack.message(questionEncoder, &c.question_encoder)
        try Pack.message(contextEncoder, &c.context_encoder)
    }

    init(_ c: Sheaf__V1__CollectionStatus) throws(WireError) {
        try self.init(
            name: Unpack.text(c.name, "CollectionStatus.name"),
            state: Unpack.text(c.state, "CollectionStatus.state"),
            passages: c.passages,
            committed: c.committed,
            dimension: c.dimension,
            index: Unpack.message(c.index) ?? IndexSettings(),
            encoder: Unpack.message(c.encoder) ?? EncoderSettings(),
            shardCount: c.shard_count,
            generation: c.generation,
            batches: c.batches,
            batchesCommitted: c.batches_committed,
            questionModel: Unpack.text(c.question_model, "CollectionStatus.question_model"),
            contextModel: Unpack.text(c.context_model, "CollectionStatus.context_model"),
            fingerprint: Unpack.text(c.fingerprint, "CollectionStatus.fingerprint"),
            sourceDigest: Unpack.text(c.source_digest, "CollectionStatus.source_digest"),
            paths: Unpack.texts(c.paths, c.n_paths, "CollectionStatus.paths"),
            bytes: c.bytes,
            coverage: Unpack.message(c.coverage),
            shards: Unpack.messages(c.shards, c.n_shards),
            created: Unpack.text(c.created, "CollectionStatus.created"),
            questionEncoder: Unpack.message(c.question_encoder),
            contextEncoder: Unpack.message(c.context_encoder))
    }
}

extension Status: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.bytes(64), canBeEmpty: true),  // cluster_id
        FieldLimits(.atMost(2_147_483_647)),  // epoch
        FieldLimits(.atMost(2_147_483_647)),  // process_id
        FieldLimits(.bytes(64), canBeEmpty: true),  // release
        FieldLimits(.message(WorkerStatus.limits), count: 65_536),  // workers
        FieldLimits(.message(CollectionStatus.limits), count: 65_536),  // collections
        FieldLimits(.message(IndexProgress.limits)),  // indexing
        FieldLimits(.atMost(281_474_976_710_655)),  // resident_bytes
        FieldLimits(.bytes(1_048_576), canBeEmpty: true, count: 32),  // problems
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Status>) {
        sheaf__v1__status__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Status) throws(WireError) {
        try Pack.text(clusterID, of: "Status", &c.cluster_id)
        c.epoch = epoch
        c.process_id = processID
        try Pack.text(release, of: "Status", &c.release)
        try Pack.messages(workers, &c.workers, &c.n_workers)
        try Pack.messages(collections, &c.collections, &c.n_collections)
        try Pack.message(indexing, &c.indexing)
        c.resident_bytes = residentBytes
        try Pack.texts(problems, of: "Status", &c.problems, &c.n_problems)
    }

    init(_ c: Sheaf__V1__Status) throws(WireError) {
        try self.init(
            clusterID: Unpack.text(c.cluster_id, "Status.cluster_id"),
            epoch: c.epoch,
            processID: c.process_id,
            release: Unpack.text(c.release, "Status.release"),
            workers: Unpack.messages(c.workers, c.n_workers),
            collections: Unpack.messages(c.collections, c.n_collections),
            indexing: Unpack.message(c.indexing),
            residentBytes: c.resident_bytes,
            problems: Unpack.texts(c.problems, c.n_problems, "Status.problems"))
    }
}

extension DropRequest: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName)  // collection
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__DropRequest>) {
        sheaf__v1__drop_request__init(c)
    }

    func fill(_ c: inout Sheaf__V1__DropRequest) throws(WireError) {
        try Pack.text(collection, of: "DropRequest", &c.collection)
    }

    init(_ c: Sheaf__V1__DropRequest) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "DropRequest.collection"))
    }
}

extension Done: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.bytes(1_048_576), canBeEmpty: true)  // note
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Done>) {
        sheaf__v1__done__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Done) throws(WireError) {
        try Pack.text(note, of: "Done", &c.note)
    }

    init(_ c: Sheaf__V1__Done) throws(WireError) {
        try self.init(
            note: Unpack.text(c.note, "Done.note"))
    }
}

extension Shutdown: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.any)  // drain
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Shutdown>) {
        sheaf__v1__shutdown__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Shutdown) throws(WireError) {
        c.drain = drain ? 1 : 0
    }

    init(_ c: Sheaf__V1__Shutdown) throws(WireError) {
        self.init(
            drain: c.drain != 0)
    }
}
