// Written by scripts/generate-proto from proto/; not by hand.

import CClusterProtocol
import ClusterCore

extension SegmentRef: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.sha256),  // sha256
        FieldLimits(.atMost(67_108_863)),  // batch
        FieldLimits(.atMost(4_398_046_511_104)),  // first_ordinal
        FieldLimits(.atMost(65_536)),  // rows
        FieldLimits(.atMost(68_719_476_736)),  // bytes
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__SegmentRef>) {
        sheaf__v1__segment_ref__init(c)
    }

    func fill(_ c: inout Sheaf__V1__SegmentRef) throws(WireError) {
        try Pack.text(sha256, of: "SegmentRef", &c.sha256)
        c.batch = batch
        c.first_ordinal = firstOrdinal
        c.rows = rows
        c.bytes = bytes
    }

    init(_ c: Sheaf__V1__SegmentRef) throws(WireError) {
        try self.init(
            sha256: Unpack.text(c.sha256, "SegmentRef.sha256"),
            batch: c.batch,
            firstOrdinal: c.first_ordinal,
            rows: c.rows,
            bytes: c.bytes)
    }
}

extension ShardSpec: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(4_095)),  // shard
        FieldLimits(.message(SegmentRef.limits), count: 65_536),  // segments
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__ShardSpec>) {
        sheaf__v1__shard_spec__init(c)
    }

    func fill(_ c: inout Sheaf__V1__ShardSpec) throws(WireError) {
        c.shard = shard
        try Pack.messages(segments, &c.segments, &c.n_segments)
    }

    init(_ c: Sheaf__V1__ShardSpec) throws(WireError) {
        try self.init(
            shard: c.shard,
            segments: Unpack.messages(c.segments, c.n_segments))
    }
}

extension LoadGeneration: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.atMost(281_474_976_710_655)),  // generation
        FieldLimits(.atMost(65_536)),  // dimension
        FieldLimits(.message(ShardSpec.limits), count: 4_096),  // shards
        FieldLimits(.sha256),  // fingerprint
        FieldLimits(.message(IndexSettings.limits)),  // index
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // load_id
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__LoadGeneration>) {
        sheaf__v1__load_generation__init(c)
    }

    func fill(_ c: inout Sheaf__V1__LoadGeneration) throws(WireError) {
        try Pack.text(collection, of: "LoadGeneration", &c.collection)
        c.generation = generation
        c.dimension = dimension
        try Pack.message(index, unless: IndexSettings(), &c.index)
        try Pack.messages(shards, &c.shards, &c.n_shards)
        try Pack.text(fingerprint, of: "LoadGeneration", &c.fingerprint)
        c.load_id = loadID
    }

    init(_ c: Sheaf__V1__LoadGeneration) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "LoadGeneration.collection"),
            generation: c.generation,
            dimension: c.dimension,
            index: Unpack.message(c.index) ?? IndexSettings(),
            shards: Unpack.messages(c.shards, c.n_shards),
            fingerprint: Unpack.text(c.fingerprint, "LoadGeneration.fingerprint"),
            loadID: c.load_id)
    }
}

extension GenerationLoaded: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.atMost(281_474_976_710_655)),  // generation
        FieldLimits(.atMost(4_095), count: 4_096),  // shards
        FieldLimits(.bytes(1_048_576), canBeEmpty: true),  // failure
        FieldLimits(.any),  // lasting
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // load_id
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__GenerationLoaded>) {
        sheaf__v1__generation_loaded__init(c)
    }

    func fill(_ c: inout Sheaf__V1__GenerationLoaded) throws(WireError) {
        try Pack.text(collection, of: "GenerationLoaded", &c.collection)
        c.generation = generation
        Pack.numbers(shards, &c.shards, &c.n_shards)
        try Pack.text(failure, of: "GenerationLoaded", &c.failure)
        c.lasting = lasting ? 1 : 0
        c.load_id = loadID
    }

    init(_ c: Sheaf__V1__GenerationLoaded) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "GenerationLoaded.collection"),
            generation: c.generation,
            shards: Unpack.numbers(c.shards, c.n_shards),
            failure: Unpack.text(c.failure, "GenerationLoaded.failure"),
            lasting: c.lasting != 0,
            loadID: c.load_id)
    }
}

extension UnloadGeneration: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.atMost(281_474_976_710_655)),  // generation
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__UnloadGeneration>) {
        sheaf__v1__unload_generation__init(c)
    }

    func fill(_ c: inout Sheaf__V1__UnloadGeneration) throws(WireError) {
        try Pack.text(collection, of: "UnloadGeneration", &c.collection)
        c.generation = generation
    }

    init(_ c: Sheaf__V1__UnloadGeneration) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "UnloadGeneration.collection"),
            generation: c.generation)
    }
}

extension SegmentRequest: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.sha256),  // sha256
        FieldLimits(.atMost(68_719_476_736)),  // offset
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__SegmentRequest>) {
        sheaf__v1__segment_request__init(c)
    }

    func fill(_ c: inout Sheaf__V1__SegmentRequest) throws(WireError) {
        try Pack.text(collection, of: "SegmentRequest", &c.collection)
        try Pack.text(sha256, of: "SegmentRequest", &c.sha256)
        c.offset = offset
    }

    init(_ c: Sheaf__V1__SegmentRequest) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "SegmentRequest.collection"),
            sha256: Unpack.text(c.sha256, "SegmentRequest.sha256"),
            offset: c.offset)
    }
}

extension SegmentChunk: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.sha256),  // sha256
        FieldLimits(.atMost(68_719_476_736)),  // offset
        FieldLimits(.atMost(68_719_476_736)),  // total
        FieldLimits(.any),  // missing
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__SegmentChunk>) {
        sheaf__v1__segment_chunk__init(c)
    }

    func fill(_ c: inout Sheaf__V1__SegmentChunk) throws(WireError) {
        try Pack.text(collection, of: "SegmentChunk", &c.collection)
        try Pack.text(sha256, of: "SegmentChunk", &c.sha256)
        c.offset = offset
        c.total = total
        c.missing = missing ? 1 : 0
    }

    init(_ c: Sheaf__V1__SegmentChunk) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "SegmentChunk.collection"),
            sha256: Unpack.text(c.sha256, "SegmentChunk.sha256"),
            offset: c.offset,
            total: c.total,
            missing: c.missing != 0)
    }
}

extension CheckSegments: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.sha256),  // source_digest
        FieldLimits(.sha256),  // fingerprint
        FieldLimits(.message(SegmentRef.limits), count: 64),  // segments
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__CheckSegments>) {
        sheaf__v1__check_segments__init(c)
    }

    func fill(_ c: inout Sheaf__V1__CheckSegments) throws(WireError) {
        try Pack.text(collection, of: "CheckSegments", &c.collection)
        try Pack.text(sourceDigest, of: "CheckSegments", &c.source_digest)
        try Pack.text(fingerprint, of: "CheckSegments", &c.fingerprint)
        try Pack.messages(segments, &c.segments, &c.n_segments)
    }

    init(_ c: Sheaf__V1__CheckSegments) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "CheckSegments.collection"),
            sourceDigest: Unpack.text(c.source_digest, "CheckSegments.source_digest"),
            fingerprint: Unpack.text(c.fingerprint, "CheckSegments.fingerprint"),
            segments: Unpack.messages(c.segments, c.n_segments))
    }
}

extension SegmentsChecked: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.sha256, count: 64),  // sound
        FieldLimits(.sha256, count: 64),  // damaged
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__SegmentsChecked>) {
        sheaf__v1__segments_checked__init(c)
    }

    func fill(_ c: inout Sheaf__V1__SegmentsChecked) throws(WireError) {
        try Pack.text(collection, of: "SegmentsChecked", &c.collection)
        try Pack.texts(sound, of: "SegmentsChecked", &c.sound, &c.n_sound)
        try Pack.texts(damaged, of: "SegmentsChecked", &c.damaged, &c.n_damaged)
    }

    init(_ c: Sheaf__V1__SegmentsChecked) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "SegmentsChecked.collection"),
            sound: Unpack.texts(c.sound, c.n_sound, "SegmentsChecked.sound"),
            damaged: Unpack.texts(c.damaged, c.n_damaged, "SegmentsChecked.damaged"))
    }
}
