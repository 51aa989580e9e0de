import ClusterCore
import Corpus
import Foundation
import Logging
import Models
import VectorIndex

extension Coordinator {
    /// Passages per batch at most, where the user names no number.
    static let largestBatch = 1024
    /// Batch boundaries are found in steps of this many passages.
    static let batchStep = 32
    /// Batches aimed at, so that a small corpus still divides evenly over workers.
    static let batchesWanted = 256

    /// Another run is under way, perhaps of the same collection with other settings.
    func refuseBusy(_ client: ClientAddress, _ collection: String, isSameCollection: Bool) {
        let how = isSameCollection ? " with other settings" : ", and one is indexed at a time"
        let busy = ClusterError.busy(
            """
            “\(collection)” is being indexed\(how). Wait for it to end (see `sheaf status`) and \
            try again.
            """)
        reply(.failure(busy.failure), to: client)
    }

    /// Finds out what a run goes on from, and tells the machine however that ends.
    func prepare(_ run: IndexRun) {
        runFiles = RunFiles(number: run.number)
        background.enter()
        Task {
            defer { self.background.leave() }
            do {
                guard let start = try await self.start(of: run) else {
                    return self.handle(.index(.prepareLeft(run: run.number)))
                }
                self.handle(.index(.prepared(run: run.number, start)))
            } catch {
                let error = ClusterError.wrap(error)
                let wantsSpace =
                    error.code == .storage && SpaceReserve.isMissing(in: self.options.data.path)
                self.handle(
                    .index(
                        .prepareFailed(
                            run: run.number, error.failure, wantsSpace: wantsSpace)))
            }
        }
    }

    /// Whether a run still goes on.
    func goesOn(_ number: Int) -> Bool { machine.run?.number == number }

    /// What a run goes on from; nil where it was ended meanwhile.
    private func start(of run: IndexRun) async throws -> RunStart? {
        let (request, number) = (run.request, run.number)
        let plan = try IndexPlan(request, data: options.data)
        if let record = try? catalog.collection(request.collection) {
            _ = await settle(record, until: nil)
        }
        var existing = try state(of: request.collection)
        if existing?.record.isComplete != true { prepareWorkers(plan, existing?.record) }
        let models = try await modelLane.run { [existing] in
            try plan.models(for: existing?.record)
        }
        handle(.index(.noted(run: number, models.notes)))
        let source = try plan.source()
        let wanted = existing.map { plan.index(over: $0.record) } ?? plan.index
        if wanted.kind != existing?.record.kind {
            try await KindTrial.run(wanted, dimension: models.dimension)
        }
        guard goesOn(number) else { return nil }
        var checked: CheckedCollection
        var addsQuestions = false
        if var found = existing {
            try plan.check(found.record, models)
            addsQuestions =
                found.record.questionFingerprint.isEmpty && !models.questionFingerprint.isEmpty
            remember(found.record.name) { $0 = $0.with(models) }
            found.record = found.record.with(models)
            existing = found
        }
        if let existing {
            try await expect(source, toBe: existing.record)
            guard goesOn(number), let found = try await check(existing, source, number) else {
                return nil
            }
            checked = found
            try adoptIndex(plan, &checked, addingQuestions: addsQuestions)
        } else {
            try SpaceReserve.expectRoom(in: options.data.path)
            guard let scanned = try await scan(plan, source, models, number) else { return nil }
            checked = scanned
            if collections[checked.record.name] == nil { open(checked.record) }
            // The folder may hold what an older catalog, put back, does not know.
            if await settle(checked.record, until: nil),
                let state = try state(of: checked.record.name)
            {
                guard let found = try await check(state, source, number) else { return nil }
                checked = found
            }
        }
        guard goesOn(number) else { return nil }
        return start(checked, source)
    }

    /// A run goes on over the source it began with.
    private func expect(_ source: CorpusSource, toBe record: CollectionRecord) async throws {
        let work = runFiles?.work
        let digest = try await fileLane.run { [background] in
            try SourceScan.digest(of: source) { (_) throws(CorpusError) in
                try background.checkReading()
                try work?.checkReading()
            }
        }
        guard digest == record.sourceDigest else {
            throw ClusterError.otherSource(
                collection: record.name, indexed: record.sourceDigest, given: digest)
        }
    }

    private func start(_ checked: CheckedCollection, _ source: CorpusSource) -> RunStart {
        let record = checked.record
        var healing = checked.healing
        healing.rows += takenOver.removeValue(forKey: record.name) ?? 0
        runFiles?.record = record
        runFiles?.reader = BatchReader(
            source: source, boundaries: checked.boundaries, skipMalformed: record.skipsMalformed)
        if collections[record.name] == nil { open(record) }
        return RunStart(
            shape: record.shape, segments: checked.segments, healing: healing,
            isComplete: record.isComplete, isPublished: checked.isPublished)
    }

    /// Has the workers load the encoder beside us.
    private func prepareWorkers(_ plan: IndexPlan, _ existing: CollectionRecord?) {
        let order = PrepareEncoder(
            model: plan.request.contextModel,
            settings: plan.options(of: .context, in: existing).settings)
        for worker in machine.roster.membership.ready.map(\.id) {
            send(.prepareEncoder(order), to: worker, on: .control)
        }
    }

    /// Reads the source once: digest, batches, duplicates; then enters the collection into the
    /// catalog; nil where the run was ended meanwhile.
    private func scan(
        _ plan: IndexPlan, _ source: CorpusSource, _ models: CollectionModels, _ number: Int
    ) async throws -> CheckedCollection? {
        let step = plan.request.batchSize > 0 ? Int(plan.request.batchSize) : Coordinator.batchStep
        let scratch = options.data.run + "/scan"
        try options.data.makeFolder(scratch)
        let skip = plan.request.skipMalformed
        let work = runFiles?.work
        let scan = try await fileLane.run { [background] in
            defer { try? FileManager.default.removeItem(atPath: scratch) }
            return try SourceScan.run(
                source: source, batchSize: step, skipMalformed: skip, scratchFolder: scratch
            ) { (passages, _) throws(CorpusError) in
                try background.checkReading()
                try work?.checkReading()
                Task { await self.handle(.index(.scanned(run: number, passages: passages))) }
            }
        }
        let factor =
            plan.request.batchSize > 0
            ? 1
            : min(
                Coordinator.largestBatch / step,
                max(
                    1,
                    (scan.batches.count + Coordinator.batchesWanted - 1) / Coordinator.batchesWanted
                ))
        let batches = stride(from: 0, to: scan.batches.count, by: factor).map { first in
            let parts = scan.batches[first..<min(first + factor, scan.batches.count)]
            return BatchBoundary(
                start: scan.batches[first].start, firstOrdinal: scan.batches[first].firstOrdinal,
                count: parts.reduce(0) { $0 + $1.count })
        }
        guard batches.count <= IndexPlan.largestBatchCount else {
            throw ClusterError.input(
                """
                \(batches.count) batches: at most \(IndexPlan.largestBatchCount) are allowed. Name \
                a larger --batch-size.
                """)
        }
        guard goesOn(number) else { return nil }
        let record = plan.record(
            scan: scan, batchSize: step * factor, batches: batches, source: source,
            models: models)
        try record.checkTraining(of: record.index)
        try checkFolder(of: record)
        try options.data.makeFolder(options.data.segments(record.name))
        try options.data.makeFolder(options.data.generations(record.name))
        try catalog.create(record, batches: batches)
        return CheckedCollection(record: record, boundaries: batches)
    }

    // MARK: Passages

    func read(_ batch: BatchNumber, of run: Int) {
        guard let reader = runFiles?.reader, runFiles?.number == run else { return }
        background.enter()
        Task {
            defer { self.background.leave() }
            do {
                let block = try await self.fileLane.run { try reader.block(batch) }
                guard self.goesOn(run) else { return }
                self.runFiles?.blocks[batch] = block
                self.handle(.index(.batchRead(run: run, batch, bytes: block.count)))
            } catch {
                let failure = ClusterError.wrap(error).failure
                self.handle(.index(.readFailed(run: run, failure)))
            }
        }
    }

    func grant(_ lease: LeaseTable.Lease, bytes: Int) {
        guard let record = runFiles?.record else { return }
        let batch = UInt64(lease.batch.rawValue)
        log.info("batch \(batch) of \(record.name) is leased to \(lease.worker)")
        send(
            .leaseGrant(
                LeaseGrant(
                    collection: record.name, batch: batch, attempt: lease.attempt.rawValue,
                    firstOrdinal: record.shape.firstOrdinal(of: lease.batch),
                    count: record.shape.rows(of: lease.batch) ?? 0,
                    shard: UInt32(lease.batch.shard(of: record.shardCount).rawValue),
                    bodyBytes: UInt64(bytes), sourceDigest: record.sourceDigest,
                    encoder: EncoderSpec(
                        model: record.contextModel, fingerprint: record.contextFingerprint,
                        settings: record.options(of: .context).settings),
                    vectors: record.index.settings.vectors)),
            to: lease.worker, on: .control, attempt: lease.attempt.rawValue)
    }

    func send(_ piece: PassageFlow.Piece) {
        guard let name = runFiles?.record?.name,
            let block = runFiles?.blocks[piece.lease.batch]
        else { return }
        let attempt = piece.lease.attempt.rawValue
        send(
            .passageChunk(
                PassageChunk(
                    collection: name, batch: UInt64(piece.lease.batch.rawValue), attempt: attempt,
                    offset: UInt64(piece.range.lowerBound), last: piece.isLast)),
            to: piece.lease.worker, on: .bulk, attempt: attempt,
            frames: [Array(block[piece.range])])
    }

    // MARK: The end

    /// Tells whoever waits how a run ended, and lets go of what it kept.
    func ended(_ run: IndexRun, _ end: RunEnd, _ progress: IndexProgress) {
        runFiles?.work.stop()
        runFiles = nil
        guard let error = error(of: end, run.collection) else {
            for client in run.clients { reply(.indexProgress(progress), to: client) }
            return
        }
        log.notice("indexing stopped: \(error)")
        for client in run.clients { reply(.failure(error.failure), to: client) }
    }

    private func error(of end: RunEnd, _ name: String) -> ClusterError? {
        switch end {
        case .complete: nil
        case .ended:
            .unavailable(
                """
                The run was ended. What is done stays: give the same command again to go on from \
                there.
                """, nil)
        case .failed(let failure): .answered(failure)
        case .cannotBuild: .input(buildFailure(of: name) ?? "“\(name)” cannot be built.")
        case .cannotLoad(let reason):
            .unavailable("“\(name)” is indexed, but cannot be loaded: \(reason)", nil)
        }
    }
}
