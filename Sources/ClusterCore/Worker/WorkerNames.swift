/// One granted lease as a worker speaks of it.
package struct LeaseKey: Hashable, Comparable, Sendable {
    /// The collection's name.
    package var collection: String
    /// The batch's position in its source.
    package var batch: UInt64
    /// The fencing token of the lease.
    package var attempt: UInt64

    /// Names a lease.
    package init(collection: String, batch: UInt64, attempt: UInt64) {
        self.collection = collection
        self.batch = batch
        self.attempt = attempt
    }

    /// Orders by time of the grant.
    package static func < (left: LeaseKey, right: LeaseKey) -> Bool {
        (left.attempt, left.batch, left.collection) < (right.attempt, right.batch, right.collection)
    }
}

/// One generation of one collection.
package struct GenerationKey: Hashable, Comparable, Sendable {
    /// The collection's name.
    package var collection: String
    /// The generation's number.
    package var generation: UInt64

    /// Names a generation.
    package init(collection: String, generation: UInt64) {
        self.collection = collection
        self.generation = generation
    }

    /// Orders by collection, then number.
    package static func < (left: GenerationKey, right: GenerationKey) -> Bool {
        (left.collection, left.generation) < (right.collection, right.generation)
    }
}

/// One segment file of one collection: two collections may hold the same segment, each its own
/// file.
package struct SegmentKey: Hashable, Comparable, Sendable {
    /// The collection's name.
    package var collection: String
    /// The segment's SHA-256, lower-case hex.
    package var sha256: String

    /// Names a segment file.
    package init(collection: String, sha256: String) {
        self.collection = collection
        self.sha256 = sha256
    }

    /// Orders by collection, then digest.
    package static func < (left: SegmentKey, right: SegmentKey) -> Bool {
        (left.collection, left.sha256) < (right.collection, right.sha256)
    }
}

/// What one loaded encoder can stand for: the fingerprint says all that decides vectors.
package struct EncoderKey: Hashable, Sendable {
    /// The SHA-256 of the model folder, lower-case hex.
    package var fingerprint: String
    /// How weights are kept in memory, as it travels.
    package var weights: String
    /// Whether weights that are not finite are let pass.
    package var allowsNonfinite: Bool

    /// Names the encoder of a fingerprint that is loaded with these settings.
    package init(fingerprint: String, settings: EncoderSettings) {
        self.fingerprint = fingerprint
        weights = settings.weights.isEmpty ? "f32" : settings.weights
        allowsNonfinite = settings.allowsNonfinite
    }
}

/// Numbers a piece of work that a shell was given; its completion names it.
///
/// No number is given twice, so what completes late is never taken for something else. The index of
/// a shard goes by the number of the work that built it.
package struct WorkID: Hashable, Comparable, Sendable {
    /// The number.
    package var rawValue: UInt64

    /// Takes a number.
    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Orders by time.
    package static func < (left: WorkID, right: WorkID) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension LoadGeneration {
    /// The generation that is to be loaded.
    package var key: GenerationKey {
        GenerationKey(collection: collection, generation: generation)
    }
}
