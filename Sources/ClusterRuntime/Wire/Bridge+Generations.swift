// Protocol buffers in C and back: generations messages.

import CClusterProtocol
import ClusterCore

extension SegmentRef: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__SegmentRef>) {
        sheaf__v1__segment_ref__init(c)
    }

    func fill(_ c: inout Sheaf__V1__SegmentRef, _ arena: PackArena) {
        c.sha256 = arena.string(sha256)
        c.batch = batch
        c.first_ordinal = firstOrdinal
        c.rows = rows
        c.bytes = bytes
    }

    init(_ c: Sheaf__V1__SegmentRef) throws(WireError) {
        self.init(
            sha256: try Unpack.text(c.sha256, "SegmentRef.sha256"),
            batch: c.batch,
            firstOrdinal: c.first_ordinal,
            rows: c.rows,
            bytes: c.bytes)
    }
}

extension ShardSpec: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__ShardSpec>) {
        sheaf__v1__shard_spec__init(c)
    }

    func fill(_ c: inout Sheaf__V1__ShardSpec, _ arena: PackArena) {
        c.shard = shard
        (c.n_segments, c.segments) = arena.messages(segments)
    }

    init(_ c: Sheaf__V1__ShardSpec) throws(WireError) {
        self.init(
            shard: c.shard,
            segments: try Unpack.messages(c.segments, c.n_segments))
    }
}

extension LoadGeneration: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__LoadGeneration>) {
        sheaf__v1__load_generation__init(c)
    }

    func fill(_ c: inout Sheaf__V1__LoadGeneration, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.generation = generation
        c.dimension = dimension
        c.index = arena.message(index, unless: IndexSettings())
        (c.n_shards, c.shards) = arena.messages(shards)
        c.fingerprint = arena.string(fingerprint)
    }

    init(_ c: Sheaf__V1__LoadGeneration) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "LoadGeneration.collection"),
            generation: c.generation,
            dimension: c.dimension,
            index: try Unpack.message(c.index) ?? IndexSettings(),
            shards: try Unpack.messages(c.shards, c.n_shards),
            fingerprint: try Unpack.text(c.fingerprint, "LoadGeneration.fingerprint"))
    }
}

extension GenerationLoaded: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__GenerationLoaded>) {
        sheaf__v1__generation_loaded__init(c)
    }

    func fill(_ c: inout Sheaf__V1__GenerationLoaded, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.generation = generation
        (c.n_shards, c.shards) = arena.array(shards)
        c.failure = arena.string(failure)
        c.lasting = lasting ? 1 : 0
    }

    init(_ c: Sheaf__V1__GenerationLoaded) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "GenerationLoaded.collection"),
            generation: c.generation,
            shards: Unpack.numbers(c.shards, c.n_shards),
            failure: try Unpack.text(c.failure, "GenerationLoaded.failure"),
            lasting: c.lasting != 0)
    }
}

extension UnloadGeneration: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__UnloadGeneration>) {
        sheaf__v1__unload_generation__init(c)
    }

    func fill(_ c: inout Sheaf__V1__UnloadGeneration, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.generation = generation
    }

    init(_ c: Sheaf__V1__UnloadGeneration) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "UnloadGeneration.collection"),
            generation: c.generation)
    }
}

extension SegmentRequest: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__SegmentRequest>) {
        sheaf__v1__segment_request__init(c)
    }

    func fill(_ c: inout Sheaf__V1__SegmentRequest, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.sha256 = arena.string(sha256)
        c.offset = offset
    }

    init(_ c: Sheaf__V1__SegmentRequest) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "SegmentRequest.collection"),
            sha256: try Unpack.text(c.sha256, "SegmentRequest.sha256"),
            offset: c.offset)
    }
}

extension SegmentChunk: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__SegmentChunk>) {
        sheaf__v1__segment_chunk__init(c)
    }

    func fill(_ c: inout Sheaf__V1__SegmentChunk, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.sha256 = arena.string(sha256)
        c.offset = offset
        c.total = total
        c.missing = missing ? 1 : 0
    }

    init(_ c: Sheaf__V1__SegmentChunk) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "SegmentChunk.collection"),
            sha256: try Unpack.text(c.sha256, "SegmentChunk.sha256"),
            offset: c.offset,
            total: c.total,
            missing: c.missing != 0)
    }
}

extension CheckSegments: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__CheckSegments>) {
        sheaf__v1__check_segments__init(c)
    }

    func fill(_ c: inout Sheaf__V1__CheckSegments, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.source_digest = arena.string(sourceDigest)
        c.fingerprint = arena.string(fingerprint)
        (c.n_segments, c.segments) = arena.messages(segments)
    }

    init(_ c: Sheaf__V1__CheckSegments) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "CheckSegments.collection"),
            sourceDigest: try Unpack.text(c.source_digest, "CheckSegments.source_digest"),
            fingerprint: try Unpack.text(c.fingerprint, "CheckSegments.fingerprint"),
            segments: try Unpack.messages(c.segments, c.n_segments))
    }
}

extension SegmentsChecked: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__SegmentsChecked>) {
        sheaf__v1__segments_checked__init(c)
    }

    func fill(_ c: inout Sheaf__V1__SegmentsChecked, _ arena: PackArena) {
        c.collection = arena.string(collection)
        (c.n_sound, c.sound) = arena.strings(sound)
        (c.n_damaged, c.damaged) = arena.strings(damaged)
    }

    init(_ c: Sheaf__V1__SegmentsChecked) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "SegmentsChecked.collection"),
            sound: try Unpack.texts(c.sound, c.n_sound, "SegmentsChecked.sound"),
            damaged: try Unpack.texts(c.damaged, c.n_damaged, "SegmentsChecked.damaged"))
    }
}
