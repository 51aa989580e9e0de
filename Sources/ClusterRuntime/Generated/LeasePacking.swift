// Written by scripts/generate-proto from proto/; not by hand.

import CClusterProtocol
import ClusterCore

extension EncoderSpec: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.bytes(4_096), canBeEmpty: true),  // model
        FieldLimits(.sha256),  // fingerprint
        FieldLimits(.message(EncoderSettings.limits)),  // settings
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__EncoderSpec>) {
        sheaf__v1__encoder_spec__init(c)
    }

    func fill(_ c: inout Sheaf__V1__EncoderSpec) throws(WireError) {
        try Pack.text(model, of: "EncoderSpec", &c.model)
        try Pack.text(fingerprint, of: "EncoderSpec", &c.fingerprint)
        try Pack.message(settings, unless: EncoderSettings(), &c.settings)
    }

    init(_ c: Sheaf__V1__EncoderSpec) throws(WireError) {
        try self.init(
            model: Unpack.text(c.model, "EncoderSpec.model"),
            fingerprint: Unpack.text(c.fingerprint, "EncoderSpec.fingerprint"),
            settings: Unpack.message(c.settings) ?? EncoderSettings())
    }
}

extension LeaseGrant: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.atMost(67_108_863)),  // batch
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // attempt
        FieldLimits(.atMost(4_398_046_511_104)),  // first_ordinal
        FieldLimits(.atMost(65_536)),  // count
        FieldLimits(.atMost(4_095)),  // shard
        FieldLimits(.atMost(68_719_476_736)),  // body_bytes
        FieldLimits(.sha256),  // source_digest
        FieldLimits(.message(EncoderSpec.limits)),  // encoder
        FieldLimits(.bytes(256), canBeEmpty: true),  // vectors
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__LeaseGrant>) {
        sheaf__v1__lease_grant__init(c)
    }

    func fill(_ c: inout Sheaf__V1__LeaseGrant) throws(WireError) {
        try Pack.text(collection, of: "LeaseGrant", &c.collection)
        c.batch = batch
        c.attempt = attempt
        c.first_ordinal = firstOrdinal
        c.count = count
        c.shard = shard
        c.body_bytes = bodyBytes
        try Pack.text(sourceDigest, of: "LeaseGrant", &c.source_digest)
        try Pack.message(encoder, &c.encoder)
        try Pack.text(vectors, of: "LeaseGrant", &c.vectors)
    }

    init(_ c: Sheaf__V1__LeaseGrant) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "LeaseGrant.collection"),
            batch: c.batch,
            attempt: c.attempt,
            firstOrdinal: c.first_ordinal,
            count: c.count,
            shard: c.shard,
            bodyBytes: c.body_bytes,
            sourceDigest: Unpack.text(c.source_digest, "LeaseGrant.source_digest"),
            encoder: Unpack.message(c.encoder),
            vectors: Unpack.text(c.vectors, "LeaseGrant.vectors"))
    }
}

extension PassageChunk: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.atMost(67_108_863)),  // batch
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // attempt
        FieldLimits(.atMost(68_719_476_736)),  // offset
        FieldLimits(.any),  // last
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__PassageChunk>) {
        sheaf__v1__passage_chunk__init(c)
    }

    func fill(_ c: inout Sheaf__V1__PassageChunk) throws(WireError) {
        try Pack.text(collection, of: "PassageChunk", &c.collection)
        c.batch = batch
        c.attempt = attempt
        c.offset = offset
        c.last = last ? 1 : 0
    }

    init(_ c: Sheaf__V1__PassageChunk) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "PassageChunk.collection"),
            batch: c.batch,
            attempt: c.attempt,
            offset: c.offset,
            last: c.last != 0)
    }
}

extension SegmentReady: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.atMost(67_108_863)),  // batch
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // attempt
        FieldLimits(.sha256),  // sha256
        FieldLimits(.atMost(65_536)),  // rows
        FieldLimits(.atMost(68_719_476_736)),  // bytes
        FieldLimits(.message(Cuts.limits)),  // cuts
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__SegmentReady>) {
        sheaf__v1__segment_ready__init(c)
    }

    func fill(_ c: inout Sheaf__V1__SegmentReady) throws(WireError) {
        try Pack.text(collection, of: "SegmentReady", &c.collection)
        c.batch = batch
        c.attempt = attempt
        try Pack.text(sha256, of: "SegmentReady", &c.sha256)
        c.rows = rows
        c.bytes = bytes
        try Pack.message(cuts, unless: Cuts(), &c.cuts)
    }

    init(_ c: Sheaf__V1__SegmentReady) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "SegmentReady.collection"),
            batch: c.batch,
            attempt: c.attempt,
            sha256: Unpack.text(c.sha256, "SegmentReady.sha256"),
            rows: c.rows,
            bytes: c.bytes,
            cuts: Unpack.message(c.cuts) ?? Cuts())
    }
}

extension Cuts: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(281_474_976_710_655)),  // texts
        FieldLimits(.atMost(281_474_976_710_655)),  // texts_cut
        FieldLimits(.atMost(281_474_976_710_655)),  // tokens
        FieldLimits(.atMost(281_474_976_710_655)),  // tokens_cut
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Cuts>) {
        sheaf__v1__cuts__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Cuts) throws(WireError) {
        c.texts = texts
        c.texts_cut = textsCut
        c.tokens = tokens
        c.tokens_cut = tokensCut
    }

    init(_ c: Sheaf__V1__Cuts) throws(WireError) {
        self.init(
            texts: c.texts,
            textsCut: c.texts_cut,
            tokens: c.tokens,
            tokensCut: c.tokens_cut)
    }
}

extension CommitAck: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.atMost(67_108_863)),  // batch
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // attempt
        FieldLimits(.any),  // committed
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__CommitAck>) {
        sheaf__v1__commit_ack__init(c)
    }

    func fill(_ c: inout Sheaf__V1__CommitAck) throws(WireError) {
        try Pack.text(collection, of: "CommitAck", &c.collection)
        c.batch = batch
        c.attempt = attempt
        c.committed = committed ? 1 : 0
    }

    init(_ c: Sheaf__V1__CommitAck) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "CommitAck.collection"),
            batch: c.batch,
            attempt: c.attempt,
            committed: c.committed != 0)
    }
}

extension LeaseFailed: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.atMost(67_108_863)),  // batch
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // attempt
        FieldLimits(.any),  // code
        FieldLimits(.bytes(1_048_576), canBeEmpty: true),  // message
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__LeaseFailed>) {
        sheaf__v1__lease_failed__init(c)
    }

    func fill(_ c: inout Sheaf__V1__LeaseFailed) throws(WireError) {
        try Pack.text(collection, of: "LeaseFailed", &c.collection)
        c.batch = batch
        c.attempt = attempt
        c.code = Sheaf__V1__FailureCode(UInt32(bitPattern: code.rawValue))
        try Pack.text(message, of: "LeaseFailed", &c.message)
    }

    init(_ c: Sheaf__V1__LeaseFailed) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "LeaseFailed.collection"),
            batch: c.batch,
            attempt: c.attempt,
            code: Unpack.choice(c.code.rawValue, "LeaseFailed.code"),
            message: Unpack.text(c.message, "LeaseFailed.message"))
    }
}

extension LeaseRevoke: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.atMost(67_108_863)),  // batch
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // attempt
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__LeaseRevoke>) {
        sheaf__v1__lease_revoke__init(c)
    }

    func fill(_ c: inout Sheaf__V1__LeaseRevoke) throws(WireError) {
        try Pack.text(collection, of: "LeaseRevoke", &c.collection)
        c.batch = batch
        c.attempt = attempt
    }

    init(_ c: Sheaf__V1__LeaseRevoke) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "LeaseRevoke.collection"),
            batch: c.batch,
            attempt: c.attempt)
    }
}

extension PrepareEncoder: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.bytes(4_096), canBeEmpty: true),  // model
        FieldLimits(.message(EncoderSettings.limits)),  // settings
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__PrepareEncoder>) {
        sheaf__v1__prepare_encoder__init(c)
    }

    func fill(_ c: inout Sheaf__V1__PrepareEncoder) throws(WireError) {
        try Pack.text(model, of: "PrepareEncoder", &c.model)
        try Pack.message(settings, unless: EncoderSettings(), &c.settings)
    }

    init(_ c: Sheaf__V1__PrepareEncoder) throws(WireError) {
        try self.init(
            model: Unpack.text(c.model, "PrepareEncoder.model"),
            settings: Unpack.message(c.settings) ?? EncoderSettings())
    }
}
