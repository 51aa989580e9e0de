// Protocol buffers in C and back: leases messages.

import CClusterProtocol
import ClusterCore

extension EncoderSpec: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__EncoderSpec>) {
        sheaf__v1__encoder_spec__init(c)
    }

    func fill(_ c: inout Sheaf__V1__EncoderSpec, _ arena: PackArena) {
        c.model = arena.string(model)
        c.fingerprint = arena.string(fingerprint)
        c.settings = arena.message(settings, unless: EncoderSettings())
    }

    init(_ c: Sheaf__V1__EncoderSpec) throws(WireError) {
        self.init(
            model: try Unpack.text(c.model, "EncoderSpec.model"),
            fingerprint: try Unpack.text(c.fingerprint, "EncoderSpec.fingerprint"),
            settings: try Unpack.message(c.settings) ?? EncoderSettings())
    }
}

extension LeaseGrant: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__LeaseGrant>) {
        sheaf__v1__lease_grant__init(c)
    }

    func fill(_ c: inout Sheaf__V1__LeaseGrant, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.batch = batch
        c.attempt = attempt
        c.first_ordinal = firstOrdinal
        c.count = count
        c.shard = shard
        c.body_bytes = bodyBytes
        c.source_digest = arena.string(sourceDigest)
        c.encoder = arena.message(encoder)
        c.vectors = arena.string(vectors)
    }

    init(_ c: Sheaf__V1__LeaseGrant) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "LeaseGrant.collection"),
            batch: c.batch,
            attempt: c.attempt,
            firstOrdinal: c.first_ordinal,
            count: c.count,
            shard: c.shard,
            bodyBytes: c.body_bytes,
            sourceDigest: try Unpack.text(c.source_digest, "LeaseGrant.source_digest"),
            encoder: try Unpack.message(c.encoder),
            vectors: try Unpack.text(c.vectors, "LeaseGrant.vectors"))
    }
}

extension PassageChunk: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__PassageChunk>) {
        sheaf__v1__passage_chunk__init(c)
    }

    func fill(_ c: inout Sheaf__V1__PassageChunk, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.batch = batch
        c.attempt = attempt
        c.offset = offset
        c.last = last ? 1 : 0
    }

    init(_ c: Sheaf__V1__PassageChunk) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "PassageChunk.collection"),
            batch: c.batch,
            attempt: c.attempt,
            offset: c.offset,
            last: c.last != 0)
    }
}

extension SegmentReady: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__SegmentReady>) {
        sheaf__v1__segment_ready__init(c)
    }

    func fill(_ c: inout Sheaf__V1__SegmentReady, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.batch = batch
        c.attempt = attempt
        c.sha256 = arena.string(sha256)
        c.rows = rows
        c.bytes = bytes
        c.cuts = arena.message(cuts, unless: Cuts())
    }

    init(_ c: Sheaf__V1__SegmentReady) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "SegmentReady.collection"),
            batch: c.batch,
            attempt: c.attempt,
            sha256: try Unpack.text(c.sha256, "SegmentReady.sha256"),
            rows: c.rows,
            bytes: c.bytes,
            cuts: try Unpack.message(c.cuts) ?? Cuts())
    }
}

extension Cuts: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Cuts>) {
        sheaf__v1__cuts__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Cuts, _ arena: PackArena) {
        c.texts = texts
        c.texts_cut = textsCut
        c.tokens = tokens
        c.tokens_cut = tokensCut
    }

    init(_ c: Sheaf__V1__Cuts) throws(WireError) {
        self.init(
            texts: c.texts, textsCut: c.texts_cut, tokens: c.tokens, tokensCut: c.tokens_cut)
    }
}

extension CommitAck: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__CommitAck>) {
        sheaf__v1__commit_ack__init(c)
    }

    func fill(_ c: inout Sheaf__V1__CommitAck, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.batch = batch
        c.attempt = attempt
        c.committed = committed ? 1 : 0
    }

    init(_ c: Sheaf__V1__CommitAck) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "CommitAck.collection"),
            batch: c.batch,
            attempt: c.attempt,
            committed: c.committed != 0)
    }
}

extension LeaseFailed: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__LeaseFailed>) {
        sheaf__v1__lease_failed__init(c)
    }

    func fill(_ c: inout Sheaf__V1__LeaseFailed, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.batch = batch
        c.attempt = attempt
        c.code = Sheaf__V1__FailureCode(UInt32(bitPattern: code.rawValue))
        c.message = arena.string(message)
    }

    init(_ c: Sheaf__V1__LeaseFailed) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "LeaseFailed.collection"),
            batch: c.batch,
            attempt: c.attempt,
            code: try Unpack.choice(c.code.rawValue, "LeaseFailed.code"),
            message: try Unpack.text(c.message, "LeaseFailed.message"))
    }
}

extension LeaseRevoke: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__LeaseRevoke>) {
        sheaf__v1__lease_revoke__init(c)
    }

    func fill(_ c: inout Sheaf__V1__LeaseRevoke, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.batch = batch
        c.attempt = attempt
    }

    init(_ c: Sheaf__V1__LeaseRevoke) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "LeaseRevoke.collection"),
            batch: c.batch,
            attempt: c.attempt)
    }
}

extension PrepareEncoder: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__PrepareEncoder>) {
        sheaf__v1__prepare_encoder__init(c)
    }

    func fill(_ c: inout Sheaf__V1__PrepareEncoder, _ arena: PackArena) {
        c.model = arena.string(model)
        c.settings = arena.message(settings, unless: EncoderSettings())
    }

    init(_ c: Sheaf__V1__PrepareEncoder) throws(WireError) {
        self.init(
            model: try Unpack.text(c.model, "PrepareEncoder.model"),
            settings: try Unpack.message(c.settings) ?? EncoderSettings())
    }
}
