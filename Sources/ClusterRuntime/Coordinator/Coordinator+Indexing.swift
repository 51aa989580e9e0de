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
    /// Bytes of passages per message.
    static let chunkBytes = 1 << 20

    /// A client asks for a source to be indexed; it is told of progress until the end.
    func index(_ request: IndexRequest, for client: ClientAddress, of owner: Sender) {
        if var running = job {
            // The same request again is a client that comes back.
            guard running.request == request else {
                let how = running.collection == request.collection ? " with other settings" : ""
                return reply(
                    .failure(
                        ClusterError.busy(
                            """
                            “\(running.collection)” is being indexed\(how). Wait for it to end \
                            (see `sheaf status`) and try again.
                            """
                        ).failure), to: client)
            }
            running.client = client
            job = running
            return
        }
        lastJob += 1
        let number = lastJob
        job = IndexJob(number: number, request: request, client: client, owner: owner)
        background.enter()
        Task {
            await self.prepareWhenPossible(request, number)
            self.background.leave()
        }
    }

    /// Begins the run; on a full disk it waits for space, as one under way does.
    private func prepareWhenPossible(_ request: IndexRequest, _ number: Int) async {
        while job?.number == number {
            do {
                while writesUnderWay > 0 { try await Task.sleep(for: .milliseconds(5)) }
                return try await prepare(request, number)
            } catch {
                let error = ClusterError.wrap(error)
                guard job?.number == number else { return }
                guard error.code == .storage, SpaceReserve.isMissing(in: options.data.path) else {
                    return failJob(error)
                }
                pauseForStorage(error.description)
                try? await Task.sleep(for: Coordinator.storagePause)
            }
        }
    }

    private func prepare(_ request: IndexRequest, _ number: Int) async throws {
        let plan = try IndexPlan(request, data: options.data)
        if let record = try? catalog.collection(request.collection) {
            _ = await settle(record, until: nil)
        }
        var existing = try state(of: request.collection)
        if existing?.record.isComplete != true { prepareWorkers(plan, existing?.record) }
        let models = try await modelLane.run { [existing] in
            try plan.models(for: existing?.record)
        }
        if job?.number == number { job?.notes = models.notes }
        let source = try plan.source()
        let wanted = existing.map { plan.index(over: $0.record) } ?? plan.index
        if wanted.kind != existing?.record.kind {
            try await KindTrial.run(wanted, dimension: models.dimension)
        }
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
            let record = existing.record
            let digest = try await fileLane.run { [background] in
                try SourceScan.digest(of: source) { (_) throws(CorpusError) in
                    try background.checkReading()
                }
            }
            guard digest == record.sourceDigest else {
                throw ClusterError.otherSource(
                    collection: record.name, indexed: record.sourceDigest, given: digest)
            }
            guard job?.number == number,
                let found = try await check(existing, source, number)
            else { return }
            checked = found
            try adoptIndex(plan, &checked, addingQuestions: addsQuestions)
        } else {
            try SpaceReserve.expectRoom(in: options.data.path)
            checked = try await scan(plan, source, models)
            guard job?.number == number else { return }
            if collections[checked.record.name] == nil { serveCollection(checked.record) }
            // The folder may hold what an older catalog, put back, does not know.
            if await settle(checked.record, until: nil),
                let state = try state(of: checked.record.name)
            {
                guard let found = try await check(state, source, number) else { return }
                checked = found
            }
        }
        checked.healing.rows += takenOver.removeValue(forKey: checked.record.name) ?? 0
        begin(checked, source, number)
    }

    /// Goes on from what is there: everything that is missing is leased.
    private func begin(_ checked: CheckedCollection, _ source: CorpusSource, _ number: Int) {
        guard job?.number == number else { return }
        let record = checked.record
        job?.record = record
        job?.healing = checked.healing
        job?.isAlreadyComplete = record.isComplete && checked.healing.isEmpty
        for segment in checked.segments { job?.add(segment) }
        job?.reader = BatchReader(
            source: source, boundaries: checked.boundaries, skipMalformed: record.skipsMalformed)
        job?.leases = LeaseTable(
            batchCount: record.batchCount, committed: Set(checked.segments.map(\.batch)),
            shardCount: record.shardCount, epoch: epoch, grantsBefore: grantsOfEarlierRuns)
        job?.encodedBefore = heartbeats.mapValues(\.passagesEncoded)
        let committedRows = job?.committedRows ?? 0
        job?.committedBefore = committedRows
        if collections[record.name] == nil { serveCollection(record) }
        job?.publishedRows =
            collections[record.name]?.newest?.segments.reduce(0) { $0 + $1.rows } ?? 0
        job?.state = .encoding
        if record.isComplete, job?.leases?.isComplete == true, checked.isPublished,
            collections[record.name]?.newest != nil
        {
            return finishJob()
        }
        job?.isAlreadyComplete = false
        if job?.leases?.isComplete == true { publishJob() } else { feedWorkers() }
    }

    /// Has the workers load the encoder beside us.
    private func prepareWorkers(_ plan: IndexPlan, _ existing: CollectionRecord?) {
        let order = PrepareEncoder(
            model: plan.request.contextModel,
            settings: plan.options(of: .context, in: existing).settings)
        for worker in membership.ready.map(\.id) {
            send(.prepareEncoder(order), to: worker, on: .control)
        }
    }

    /// Reads the source once: digest, batches, duplicates; then enters the collection into the
    /// catalog.
    private func scan(
        _ plan: IndexPlan, _ source: CorpusSource, _ models: CollectionModels
    ) async throws -> CheckedCollection {
        let step = plan.request.batchSize > 0 ? Int(plan.request.batchSize) : Coordinator.batchStep
        let scratch = options.data.run + "/scan"
        try options.data.makeFolder(scratch)
        let skip = plan.request.skipMalformed
        let scan = try await fileLane.run { [background] in
            defer { try? FileManager.default.removeItem(atPath: scratch) }
            return try SourceScan.run(
                source: source, batchSize: step, skipMalformed: skip, scratchFolder: scratch
            ) { (passages, _) throws(CorpusError) in
                try background.checkReading()
                Task { await self.scanned(passages) }
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

    private func scanned(_ passages: UInt64) {
        guard let running = job, running.state == .scanning else { return }
        job?.passagesScanned = max(running.passagesScanned, passages)
    }

    // MARK: Leases

    /// Grants what can be granted; one such walk at a time, since reading a batch takes a while.
    func feedWorkers() {
        guard let running = job, running.state == .encoding, !running.isFeeding,
            running.pausedUntil == nil
        else { return }
        job?.isFeeding = true
        background.enter()
        Task {
            defer { self.background.leave() }
            while await self.feedOne(running.number) {}
            if self.job?.number == running.number { self.job?.isFeeding = false }
        }
    }

    /// Grants one lease and queues its passages; false when nobody may take one.
    private func feedOne(_ number: Int) async -> Bool {
        guard job?.number == number, job?.state == .encoding, job?.pausedUntil == nil,
            let lease = nextLease(),
            let record = job?.record, let reader = job?.reader
        else { return false }
        do {
            let block: [UInt8]
            if let kept = job?.blocks[lease.batch] {
                block = kept
            } else {
                block = try await fileLane.run { try reader.block(lease.batch) }
            }
            // Its deadline may have moved meanwhile: the attempt tells whether it is still this
            // lease.
            guard job?.number == number,
                job?.leases?.lease(lease.batch)?.attempt == lease.attempt
            else { return true }
            job?.blocks[lease.batch] = block
            grant(lease, record, block)
            return true
        } catch {
            if job?.number == number { failJob(ClusterError.wrap(error)) }
            return false
        }
    }

    /// The next lease, for the ready worker that holds the fewest.
    private func nextLease() -> LeaseTable.Lease? {
        guard let table = job?.leases else { return nil }
        let serving = job.flatMap { collections[$0.collection]?.serving }
        let workers = membership.ready.map(\.id)
            .map { (table.leases(of: $0).count, $0) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
        for (_, worker) in workers {
            let isShared = membership.member(named: worker.name)?.sharesData == true
            // Where files are shared, order beats ownership: the source is read forward only.
            let owned = isShared ? [] : serving?.owned(by: worker) ?? []
            if let lease = job?.leases?.offer(
                to: worker, preferring: owned, now: MonotonicClock.now())
            {
                return lease
            }
        }
        return nil
    }

    private func grant(_ lease: LeaseTable.Lease, _ record: CollectionRecord, _ block: [UInt8]) {
        let batch = UInt64(lease.batch.rawValue)
        let first = record.firstOrdinal(of: lease.batch)
        let rows = record.rows(of: lease.batch) ?? 0
        log.info("batch \(batch) of \(record.name) is leased to \(lease.worker)")
        send(
            .leaseGrant(
                LeaseGrant(
                    collection: record.name, batch: batch, attempt: lease.attempt.rawValue,
                    firstOrdinal: first, count: rows,
                    shard: UInt32(lease.batch.shard(of: record.shardCount).rawValue),
                    bodyBytes: UInt64(block.count), sourceDigest: record.sourceDigest,
                    encoder: EncoderSpec(
                        model: record.contextModel, fingerprint: record.contextFingerprint,
                        settings: record.options(of: .context).settings),
                    vectors: record.index.settings.vectors)),
            to: lease.worker, on: .control, attempt: lease.attempt.rawValue)
        for offset in stride(from: 0, to: block.count, by: Coordinator.chunkBytes) {
            let end = min(offset + Coordinator.chunkBytes, block.count)
            job?.outgoing[lease.worker, default: []].append(
                OutgoingChunk(
                    message: PassageChunk(
                        collection: record.name, batch: batch, attempt: lease.attempt.rawValue,
                        offset: UInt64(offset), last: end == block.count),
                    bytes: block[offset..<end]))
        }
        pump(lease.worker)
    }

    func granted(_ bytes: Int, by worker: WorkerID) {
        windows[worker]?.grant(bytes)
        pump(worker)
    }

    /// Sends queued chunks as far as the worker's credit goes.
    private func pump(_ worker: WorkerID) {
        while let chunk = job?.outgoing[worker]?.first,
            windows[worker]?.take(chunk.bytes.count) == true
        {
            job?.outgoing[worker]?.removeFirst()
            send(
                .passageChunk(chunk.message), to: worker, on: .bulk,
                attempt: chunk.message.attempt, frames: [Array(chunk.bytes)])
        }
    }

    func leasesLost(by worker: WorkerID) {
        job?.outgoing[worker] = nil
        windows[worker]?.renew()
        for lease in job?.leases?.workerLost(worker) ?? [] { revoke(lease) }
    }

    private func revoke(_ lease: LeaseTable.Lease) {
        guard let collection = job?.collection else { return }
        send(
            .leaseRevoke(
                LeaseRevoke(
                    collection: collection, batch: UInt64(lease.batch.rawValue),
                    attempt: lease.attempt.rawValue)),
            to: lease.worker, on: .control, attempt: lease.attempt.rawValue)
    }

    // MARK: The run as a whole

    func tickJob(now: Instant) {
        guard let running = job else { return }
        for lease in job?.leases?.expire(now: now) ?? [] {
            revoke(lease)
            job?.outgoing[lease.worker]?.removeAll {
                $0.message.attempt == lease.attempt.rawValue
            }
            windows[lease.worker]?.renew()
            pump(lease.worker)
        }
        if let until = running.pausedUntil, now >= until {
            job?.pausedUntil = nil
            job?.note = ""
        }
        publishWhatIsDue(now: now)
        finishIfServed()
        feedWorkers()
        if now - running.lastReport >= .milliseconds(200), let client = running.client {
            job?.lastReport = now
            reply(.indexProgress(progress()), to: client)
        }
    }

    /// Where the run is; empty when there is none.
    func progress() -> IndexProgress {
        guard let running = job else { return IndexProgress() }
        // A worker says how many, and late: no more are counted than were missing at the start.
        let passages = running.record?.passages ?? 0
        let most = passages - min(passages, running.committedBefore)
        let encoded = heartbeats.reduce(UInt64(0)) { sum, beat in
            let before = min(beat.value.passagesEncoded, running.encodedBefore[beat.key] ?? 0)
            return min(most, sum + min(most, beat.value.passagesEncoded - before))
        }
        return IndexProgress(
            collection: running.collection,
            state: running.pausedUntil == nil ? running.state : .paused,
            passagesTotal: running.record?.passages ?? running.passagesScanned,
            passagesCommitted: running.state == .checking
                ? segmentCheck?.audit.settledRows ?? 0 : running.committedRows,
            batchesTotal: UInt64(running.record?.batchCount ?? 0),
            batchesCommitted: UInt64(running.leases?.committedCount ?? 0),
            batchesRepeated: UInt64(running.leases?.repeatedCount ?? 0),
            skippedLines: UInt64(running.record?.skippedLines ?? 0),
            workers: UInt32(membership.ready.count), cuts: running.cuts,
            generation: collections[running.collection]?.record.generation ?? 0,
            note: running.note.isEmpty ? waitNote(running) : running.note,
            alreadyComplete: running.isAlreadyComplete,
            // Heartbeats lag behind commits.
            passagesEncoded: max(
                encoded,
                running.committedRows - min(running.committedRows, running.committedBefore)),
            healing: running.healing, notes: running.notes)
    }

    /// What a run waits for; empty where it works.
    private func waitNote(_ running: IndexJob) -> String {
        if running.state == .encoding, membership.ready.isEmpty { return "no worker is ready" }
        guard running.state == .checking, let absent = segmentCheck?.audit.absentHolders,
            !absent.isEmpty
        else { return "" }
        return "waits for \(absent.joined(separator: ", ")), which held segments"
    }

    func finishJob() {
        job?.state = .complete
        if let client = job?.client { reply(.indexProgress(progress()), to: client) }
        endJob()
    }

    func failJob(_ error: ClusterError) {
        log.error("indexing stopped: \(error)")
        if let client = job?.client { reply(.failure(error.failure), to: client) }
        pauseJob()
    }

    /// Ends the run as somebody asked, who need not be the one that waits for it.
    func endRun() {
        if let client = job?.client {
            let ended = ClusterError.unavailable(
                """
                The run was ended. What is done stays: give the same command again to go on from \
                there.
                """, nil)
            reply(.failure(ended.failure), to: client)
        }
        pauseJob()
    }

    /// Ends the run; what is committed stays, and the same request goes on from there.
    func pauseJob() {
        guard let running = job else { return }
        for worker in peers.keys.sorted() {
            for lease in running.leases?.leases(of: worker) ?? [] { revoke(lease) }
        }
        endJob()
    }

    private func endJob() {
        grantsOfEarlierRuns = job?.leases?.grantCount ?? grantsOfEarlierRuns
        job = nil
        endCheck()
    }
}
