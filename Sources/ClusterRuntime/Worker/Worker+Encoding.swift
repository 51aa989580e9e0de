import ClusterCore
import Corpus
import Logging
import Models
import VectorIndex

/// One granted lease as a worker speaks of it.
struct LeaseKey: Hashable, Sendable {
    var collection: String
    var batch: UInt64
    var attempt: UInt64
}

/// A lease whose passages are arriving.
struct IncomingLease: Sendable {
    var grant: LeaseGrant?
    var bytes: [UInt8] = []

    var isWhole: Bool { grant.map { UInt64(bytes.count) == $0.bodyBytes } ?? false }
}

extension EncoderSpec {
    /// What one loaded encoder can stand for: the fingerprint says all that decides vectors.
    struct Key: Hashable, Sendable {
        var fingerprint: String
        var weights: WeightStorage
        var allowsNonfinite: Bool

        init(fingerprint: String, options: EncoderOptions) {
            self.fingerprint = fingerprint
            weights = options.weights
            allowsNonfinite = options.allowsNonfinite
        }
    }
}

extension Worker {
    /// The grant and its chunks come on two lanes, in either order.
    func granted(_ grant: LeaseGrant) {
        let key = LeaseKey(
            collection: grant.collection, batch: grant.batch, attempt: grant.attempt)
        incoming[key, default: IncomingLease()].grant = grant
        boundIncoming()
        encodeWhenWhole(key)
    }

    /// A coordinator has two leases under way to a worker; one that says more is not remembered.
    private func boundIncoming() {
        while incoming.count > Worker.incomingLeases,
            let oldest = incoming.keys.min(by: { $0.attempt < $1.attempt })
        {
            log.warning("batch \(oldest.batch) of \(oldest.collection) is given up: too many come")
            incoming[oldest] = nil
        }
    }

    func received(_ chunk: PassageChunk, _ frames: [[UInt8]]) {
        let key = LeaseKey(
            collection: chunk.collection, batch: chunk.batch, attempt: chunk.attempt)
        let bytes = frames.first ?? []
        // Credit is for the way, not for the keeping: it returns as soon as the bytes are here.
        send(.credit(Credit(bytes: UInt64(bytes.count))), on: .control)
        let kept = incoming[key]?.bytes.count ?? 0
        let most = incoming[key]?.grant?.bodyBytes ?? Worker.bulkCredit
        guard UInt64(kept) == chunk.offset, UInt64(kept + bytes.count) <= most else { return }
        incoming[key, default: IncomingLease()].bytes += bytes
        boundIncoming()
        encodeWhenWhole(key)
    }

    func revoked(_ revoke: LeaseRevoke) {
        let key = LeaseKey(
            collection: revoke.collection, batch: revoke.batch, attempt: revoke.attempt)
        incoming[key] = nil
        encodeQueue.removeAll { $0 == key }
        unacknowledged[key] = nil
    }

    func acknowledged(_ ack: CommitAck) {
        unacknowledged[
            LeaseKey(collection: ack.collection, batch: ack.batch, attempt: ack.attempt)] = nil
    }

    /// An acknowledgement may be lost with its connection: the report is repeated until it comes.
    func repeatUnacknowledged(now: Instant) {
        for (key, report) in unacknowledged where now - report.sent > .seconds(2) {
            unacknowledged[key]?.sent = now
            send(.segmentReady(report.message), on: .control, attempt: key.attempt)
        }
    }

    private func encodeWhenWhole(_ key: LeaseKey) {
        guard incoming[key]?.isWhole == true else { return }
        // Chunks come in the order of their grants: what is not whole by now was revoked.
        incoming = incoming.filter { $0.key.attempt >= key.attempt || $0.value.isWhole }
        encodeQueue.append(key)
        if !isEncoding {
            isEncoding = true
            background.enter()
            Task {
                await self.encodeAll()
                self.background.leave()
            }
        }
    }

    private func encodeAll() async {
        while !encodeQueue.isEmpty {
            let key = encodeQueue.removeFirst()
            guard let lease = incoming.removeValue(forKey: key), let grant = lease.grant else {
                continue
            }
            do {
                let (content, cuts) = try await encode(grant, block: lease.bytes)
                // One segment on its way to the disk at most, while the next is encoded.
                await segmentWrite?.value
                background.enter()
                segmentWrite = Task {
                    await self.write(content, cuts, of: grant, key)
                    self.background.leave()
                }
            } catch {
                report(error, of: key)
            }
        }
        isEncoding = false
    }

    /// Passages to vectors, and what was cut off the passages.
    private func encode(
        _ grant: LeaseGrant, block: [UInt8]
    ) async throws -> (SegmentContent, Cuts) {
        guard let spec = grant.encoder else {
            throw ClusterError.internal("A lease came without its encoder.")
        }
        let encoder = try await encoder(for: spec)
        let precision: VectorPrecision = try choice(grant.vectors, "precision") ?? .float32
        let (threads, counters, background) = (options.threads, counters, background)
        return try await encodeLane.run {
            try counters.whileBusy {
                let passages = try PassageBlock.decode(block)
                guard UInt64(passages.count) == grant.count else {
                    throw ClusterError.internal(
                        "A lease of \(grant.count) passages came with \(passages.count).")
                }
                var counted = 0
                var cuts = TextCuts()
                let vectors = try encoder.encode(
                    passages: passages.map { ($0.title, $0.text) }, threads: threads, cuts: &cuts
                ) { done in
                    try background.check()
                    counters.encoded(passages: done - counted)
                    counted = done
                }
                counters.encoded(passages: passages.count - counted)
                let content = SegmentContent(
                    firstOrdinal: Ordinal(grant.firstOrdinal), dimension: encoder.dimension,
                    vectors: vectors, passages: passages, sourceDigest: grant.sourceDigest,
                    batch: Int(grant.batch), fingerprint: spec.fingerprint, precision: precision)
                return (content, Cuts(cuts))
            }
        }
    }

    /// Vectors to a segment on this worker's disk, which the coordinator is told of.
    private func write(
        _ content: SegmentContent, _ cuts: Cuts, of grant: LeaseGrant, _ key: LeaseKey
    ) async {
        let folder = segmentFolder(grant.collection)
        let (counters, data) = (counters, options.data)
        do {
            let file = try await writeLane.run {
                try counters.whileBusy {
                    try data.makeFolder(folder)
                    try SpaceReserve.expectRoom(for: content.fileBytes, in: folder)
                    return try Segment.write(content, folder: folder)
                }
            }
            let ready = SegmentReady(
                collection: key.collection, batch: key.batch, attempt: key.attempt,
                sha256: file.sha256, rows: UInt64(file.rows), bytes: UInt64(file.bytes),
                cuts: cuts)
            unacknowledged[key] = (ready, MonotonicClock.now())
            send(.segmentReady(ready), on: .control, attempt: key.attempt)
        } catch {
            report(error, of: key)
        }
    }

    private func report(_ error: any Error, of key: LeaseKey) {
        let failure = ClusterError.wrap(error)
        log.error("batch \(key.batch) of \(key.collection): \(failure)")
        send(
            .leaseFailed(
                LeaseFailed(
                    collection: key.collection, batch: key.batch, attempt: key.attempt,
                    code: failure.code, message: failure.description)),
            on: .control, attempt: key.attempt)
    }

    private func encoder(for spec: EncoderSpec) async throws -> TextEncoder {
        let options = try EncoderOptions(spec.settings)
        let key = EncoderSpec.Key(fingerprint: spec.fingerprint, options: options)
        await preparation?.value
        if let encoder = encoders[key] { return encoder }
        let encoder = try await load(spec.model, options, fingerprint: spec.fingerprint)
        guard encoder.fingerprint == spec.fingerprint else {
            throw ClusterError.input(
                """
                \(spec.model): this worker's model has fingerprint \(encoder.fingerprint), the \
                collection needs \(spec.fingerprint). Copy the coordinator's model folder to this \
                host, or name it with `sheaf worker --context-model DIR`.
                """)
        }
        return encoder
    }

    private func load(
        _ folder: String, _ options: EncoderOptions, fingerprint: String? = nil
    ) async throws -> TextEncoder {
        let places =
            [self.options.contextModel].filter { !$0.isEmpty } + [folder]
            + ModelSearchPath.candidates(for: folder)
        let encoder = try await encodeLane.run {
            guard let fingerprint else {
                // A guess: what it is worth is seen when the first lease comes.
                return try TextEncoder.load(
                    folder: places[0], tower: .context, options: options)
            }
            return try TextEncoder.load(
                anyOf: places, tower: .context, options: options, fingerprint: fingerprint
            ).encoder
        }
        encoders[EncoderSpec.Key(fingerprint: encoder.fingerprint, options: options)] = encoder
        return encoder
    }

    /// Loads an encoder while the corpus is still read; what is wrong with it, a lease says.
    func prepare(_ order: PrepareEncoder) {
        guard let options = try? EncoderOptions(order.settings) else { return }
        background.enter()
        preparation = Task {
            _ = try? await self.load(order.model, options)
            self.background.leave()
        }
    }

    /// Where this worker keeps the segments of `collection`: the shared folder, or one of its own.
    func segmentFolder(_ collection: String) -> String {
        sharesData
            ? options.data.segments(collection) : options.data.workerSegments(name, collection)
    }
}
