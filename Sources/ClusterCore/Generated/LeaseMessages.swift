// Written by scripts/generate-proto from proto/; not by hand.
// Batches on their way from coordinator to worker, and their segments back.

/// How a worker makes the vectors of a collection.
public struct EncoderSpec: Hashable, Sendable {
    /// The folder of the context tower.
    public var model: String
    /// The SHA-256 the folder must have, lower-case hex.
    public var fingerprint: String
    /// What was chosen beside the folder.
    public var settings: EncoderSettings

    /// Creates the message; every field left out has its default.
    public init(
        model: String = "", fingerprint: String = "", settings: EncoderSettings = EncoderSettings()
    ) {
        self.model = model
        self.fingerprint = fingerprint
        self.settings = settings
    }
}

/// A batch handed to a worker; its passages follow as ``PassageChunk``.
public struct LeaseGrant: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The batch's position in the source.
    public var batch: UInt64
    /// The fencing token of this lease.
    public var attempt: UInt64
    /// The ordinal of the batch's first passage.
    public var firstOrdinal: UInt64
    /// How many passages the batch holds.
    public var count: UInt64
    /// The shard the batch belongs to.
    public var shard: UInt32
    /// Bytes of the passage block that follows in chunks.
    public var bodyBytes: UInt64
    /// The digest of the source, lower-case hex.
    public var sourceDigest: String
    /// How to make the vectors; a grant without it is malformed.
    public var encoder: EncoderSpec?
    /// The numbers that the segment shall hold, such as `f32`.
    public var vectors: String

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", batch: UInt64 = 0, attempt: UInt64 = 0, firstOrdinal: UInt64 = 0,
        count: UInt64 = 0, shard: UInt32 = 0, bodyBytes: UInt64 = 0, sourceDigest: String = "",
        encoder: EncoderSpec? = nil, vectors: String = ""
    ) {
        self.collection = collection
        self.batch = batch
        self.attempt = attempt
        self.firstOrdinal = firstOrdinal
        self.count = count
        self.shard = shard
        self.bodyBytes = bodyBytes
        self.sourceDigest = sourceDigest
        self.encoder = encoder
        self.vectors = vectors
    }
}

/// Bytes of a lease's passage block; one raw frame: bytes `[offset, offset + length)` of it.
public struct PassageChunk: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The batch of the lease.
    public var batch: UInt64
    /// The fencing token of the lease.
    public var attempt: UInt64
    /// Where the frame's first byte lies in the block.
    public var offset: UInt64
    /// Whether the block ends with this chunk.
    public var last: Bool

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", batch: UInt64 = 0, attempt: UInt64 = 0, offset: UInt64 = 0,
        last: Bool = false
    ) {
        self.collection = collection
        self.batch = batch
        self.attempt = attempt
        self.offset = offset
        self.last = last
    }
}

/// A worker has written and synced the segment of its lease.
public struct SegmentReady: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The batch of the lease.
    public var batch: UInt64
    /// The fencing token of the lease.
    public var attempt: UInt64
    /// The segment's SHA-256, lower-case hex.
    public var sha256: String
    /// How many passages it holds.
    public var rows: UInt64
    /// The file's size.
    public var bytes: UInt64
    /// What was cut off its passages.
    public var cuts: Cuts

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", batch: UInt64 = 0, attempt: UInt64 = 0, sha256: String = "",
        rows: UInt64 = 0, bytes: UInt64 = 0, cuts: Cuts = Cuts()
    ) {
        self.collection = collection
        self.batch = batch
        self.attempt = attempt
        self.sha256 = sha256
        self.rows = rows
        self.bytes = bytes
        self.cuts = cuts
    }
}

/// How many texts were cut to an encoder's length, and what was lost of them.
public struct Cuts: Hashable, Sendable {
    /// Texts that were read.
    public var texts: UInt64
    /// Texts that were cut.
    public var textsCut: UInt64
    /// Tokens of all texts before they were cut.
    public var tokens: UInt64
    /// Tokens that did not fit.
    public var tokensCut: UInt64

    /// Creates the message; every field left out has its default.
    public init(
        texts: UInt64 = 0, textsCut: UInt64 = 0, tokens: UInt64 = 0, tokensCut: UInt64 = 0
    ) {
        self.texts = texts
        self.textsCut = textsCut
        self.tokens = tokens
        self.tokensCut = tokensCut
    }
}

/// The coordinator's answer to ``SegmentReady``.
public struct CommitAck: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The batch of the lease.
    public var batch: UInt64
    /// The fencing token answered.
    public var attempt: UInt64
    /// False where another attempt won and the file is garbage.
    public var committed: Bool

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", batch: UInt64 = 0, attempt: UInt64 = 0, committed: Bool = false
    ) {
        self.collection = collection
        self.batch = batch
        self.attempt = attempt
        self.committed = committed
    }
}

/// A worker gives a lease back, with the reason.
public struct LeaseFailed: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The batch of the lease.
    public var batch: UInt64
    /// The fencing token of the lease.
    public var attempt: UInt64
    /// Who or what is at fault.
    public var code: FailureCode
    /// What happened; ends with the remedy.
    public var message: String

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", batch: UInt64 = 0, attempt: UInt64 = 0,
        code: FailureCode = .unknown, message: String = ""
    ) {
        self.collection = collection
        self.batch = batch
        self.attempt = attempt
        self.code = code
        self.message = message
    }
}

/// The coordinator takes a lease back; the worker drops its work on it.
public struct LeaseRevoke: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The batch of the lease.
    public var batch: UInt64
    /// The fencing token of the lease.
    public var attempt: UInt64

    /// Creates the message; every field left out has its default.
    public init(collection: String = "", batch: UInt64 = 0, attempt: UInt64 = 0) {
        self.collection = collection
        self.batch = batch
        self.attempt = attempt
    }
}

/// Leases will ask for this encoder soon: a worker loads it while the source is still read.
public struct PrepareEncoder: Hashable, Sendable {
    /// Folder of the context tower.
    public var model: String
    /// How texts become vectors.
    public var settings: EncoderSettings

    /// Creates the message; every field left out has its default.
    public init(model: String = "", settings: EncoderSettings = EncoderSettings()) {
        self.model = model
        self.settings = settings
    }
}
