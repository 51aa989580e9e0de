import ClusterCore
import Corpus
import Models
import VectorIndex

/// What a worker's encoder and disk do for a lease.
extension Worker {
    func performEncoding(_ effect: Effect) {
        switch effect {
        case .keepPassages(let key, let bytes): passages[key, default: []] += bytes
        case .dropPassages(let key): passages[key] = nil
        case .prepareEncoder(let encoder): prepare(encoder)
        case .loadEncoder(let spec, let key): load(spec, for: key)
        case .dropEncoder(let key): encoders[key] = nil
        case .encode(let key, let grant, let encoder): encode(key, grant, encoder)
        case .writeSegment(let key): write(key)
        case .dropSegment(let key): contents[key] = nil
        default: break
        }
    }

    // MARK: Encoders

    private func places(of folder: String) -> [String] {
        [options.contextModel].filter { !$0.isEmpty } + [folder]
            + ModelSearchPath.candidates(for: folder)
    }

    /// A guess at the next encoder: what it is worth is seen when the first lease comes.
    private func prepare(_ order: PrepareEncoder) {
        let folder = places(of: order.model)[0]
        background.enter()
        Task {
            let encoder = try? await self.encodeLane.run {
                try TextEncoder.load(
                    folder: folder, tower: .context, options: try EncoderOptions(order.settings))
            }
            let key = encoder.map {
                EncoderKey(fingerprint: $0.fingerprint, settings: order.settings)
            }
            if let key { self.encoders[key] = encoder }
            self.happened(.encoderPrepared(key))
            self.background.leave()
        }
    }

    private func load(_ spec: EncoderSpec, for key: LeaseKey) {
        let places = places(of: spec.model)
        background.enter()
        Task {
            do {
                let encoder = try await self.encodeLane.run {
                    try TextEncoder.load(
                        anyOf: places, tower: .context,
                        options: try EncoderOptions(spec.settings), fingerprint: spec.fingerprint
                    ).encoder
                }
                guard encoder.fingerprint == spec.fingerprint else {
                    throw Worker.otherModel(spec, encoder.fingerprint)
                }
                let loaded = EncoderKey(fingerprint: spec.fingerprint, settings: spec.settings)
                self.encoders[loaded] = encoder
                self.happened(.encoderLoaded(loaded, for: key))
            } catch {
                self.happened(.leaseFailed(key, Worker.failure(error)))
            }
            self.background.leave()
        }
    }

    private static func otherModel(_ spec: EncoderSpec, _ fingerprint: String) -> ClusterError {
        .input(
            """
            \(spec.model): this worker's model has fingerprint \(fingerprint), the collection \
            needs \(spec.fingerprint). Copy the coordinator's model folder to this host, or name \
            it with `sheaf worker --context-model DIR`.
            """)
    }

    /// An error as a lease that fails tells it.
    private static func failure(_ error: any Error) -> Failure {
        let failure = ClusterError.wrap(error)
        return Failure(code: failure.code, message: failure.description)
    }

    // MARK: Passages to a segment

    private func encode(_ key: LeaseKey, _ grant: LeaseGrant, _ encoderKey: EncoderKey) {
        let block = passages.removeValue(forKey: key) ?? []
        let encoder = encoders[encoderKey]
        let (threads, counters, ending) = (options.threads, counters, background)
        background.enter()
        Task {
            do {
                let (content, cuts) = try await self.encodeLane.run {
                    guard let encoder else {
                        throw ClusterError.internal("A lease came to an encoder that is gone.")
                    }
                    return try counters.whileBusy {
                        try Worker.encode(grant, block, encoder, threads, counters, ending)
                    }
                }
                self.contents[key] = content
                self.happened(.encoded(key, cuts))
            } catch {
                self.happened(.leaseFailed(key, Worker.failure(error)))
            }
            self.background.leave()
        }
    }

    /// Passages to vectors, and what was cut off the passages.
    private static func encode(
        _ grant: LeaseGrant, _ block: [UInt8], _ encoder: TextEncoder, _ threads: Int,
        _ counters: WorkerCounters, _ background: BackgroundWork
    ) throws -> (SegmentContent, Cuts) {
        let precision: VectorPrecision = try choice(grant.vectors, "precision") ?? .float32
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
            batch: Int(grant.batch), fingerprint: encoder.fingerprint, precision: precision)
        return (content, Cuts(cuts))
    }

    /// Vectors to a segment on this worker's disk: its name is given after its bytes are synced,
    /// and the folder is synced then, so that both events are true when they come.
    private func write(_ key: LeaseKey) {
        guard let content = contents.removeValue(forKey: key) else {
            let gone = ClusterError.internal("A segment was written that is gone.")
            return happened(.leaseFailed(key, Worker.failure(gone)))
        }
        let folder = segmentFolder(key.collection)
        let (counters, data) = (counters, options.data)
        background.enter()
        Task {
            do {
                let file = try await self.writeLane.run {
                    try counters.whileBusy {
                        try data.makeFolder(folder)
                        try SpaceReserve.expectRoom(for: content.fileBytes, in: folder)
                        return try Segment.write(content, folder: folder)
                    }
                }
                let facts = WorkerMachine.SegmentFacts(
                    sha256: file.sha256, rows: UInt64(file.rows), bytes: UInt64(file.bytes))
                self.happened(.segmentWritten(key, facts))
                self.happened(.segmentSynced(key))
            } catch {
                self.happened(.leaseFailed(key, Worker.failure(error)))
            }
            self.background.leave()
        }
    }
}
