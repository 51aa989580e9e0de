import ClusterCore
import TestSupport

/// One indexing run.
struct SimulatedJob {
    let number: Int
    var leases: LeaseTable?
    var segments: [BatchNumber: SegmentRow] = [:]
    var outgoing: [WorkerID: [(message: PassageChunk, bytes: Int)]] = [:]
    var isFeeding = false
    var isPublishing = false
    var isEncoding = false
    var pausedUntil: Instant?
    var publishedRows: UInt64 = 0
    var lastPublished = Instant(nanoseconds: 0)

    var committedRows: UInt64 { segments.values.reduce(0) { $0 + $1.rows } }
}

extension SimulatedCoordinator {
    /// The user asks for the source to be indexed, or for the run to go on.
    func index() {
        guard job == nil else { return }
        jobCount += 1
        job = SimulatedJob(number: jobCount)
        prepare(jobCount)
    }

    private func prepare(_ number: Int) {
        later(dice.milliseconds(5...100)) { coordinator in
            guard coordinator.job?.number == number else { return }
            // What an earlier run still writes belongs to what this one begins with.
            guard coordinator.writesUnderWay == 0 else { return coordinator.prepare(number) }
            coordinator.begin()
        }
    }

    private func begin() {
        let (catalog, settings) = (simulation.catalog, simulation.settings)
        job?.segments = catalog.segments
        job?.leases = LeaseTable(
            batchCount: settings.batchCount, committed: Set(catalog.segments.keys),
            shardCount: settings.shardCount, epoch: epoch, rules: settings.leaseRules,
            grantsBefore: grantCount)
        job?.publishedRows = manifests[newest]?.rows.values.reduce(0, +) ?? 0
        job?.isEncoding = true
        if catalog.isComplete {
            job = nil
        } else if job?.leases?.isComplete == true {
            publishJob()
        } else {
            feedWorkers()
        }
    }

    /// Ends the run; what is committed stays, and so does what is being committed.
    func interrupt() {
        guard let table = job?.leases else { return job = nil }
        for worker in peers.sorted() {
            for lease in table.leases(of: worker) { revoke(lease) }
        }
        simulation.ledger.allReturned(except: staged)
        job = nil
    }

    // MARK: Leases

    /// Grants what can be granted; one such walk at a time, since reading a batch takes a while.
    func feedWorkers() {
        guard let running = job, running.isEncoding, !running.isFeeding, running.pausedUntil == nil
        else { return }
        job?.isFeeding = true
        feedOne(running.number)
    }

    private func feedOne(_ number: Int) {
        guard job?.number == number else { return }
        guard job?.isEncoding == true, job?.pausedUntil == nil, let lease = nextLease() else {
            job?.isFeeding = false
            return
        }
        later(dice.milliseconds(0...5)) { coordinator in
            guard coordinator.job?.number == number else { return }
            if coordinator.job?.leases?.lease(lease.batch)?.attempt == lease.attempt {
                coordinator.grant(lease)
            }
            coordinator.feedOne(number)
        }
    }

    /// The next lease, for the ready worker that holds the fewest.
    private func nextLease() -> LeaseTable.Lease? {
        guard let table = job?.leases else { return nil }
        let workers = membership.ready.map { (table.leases(of: $0.id).count, $0) }
            .sorted { ($0.0, $0.1.id) < ($1.0, $1.1.id) }
        for (_, worker) in workers {
            let owned = worker.sharesData ? [] : serving.owned(by: worker.id)
            let lease = job?.leases?.offer(
                to: worker.id, preferring: owned, now: simulation.now)
            guard let lease else { continue }
            grantCount = job?.leases?.grantCount ?? grantCount
            simulation.ledger.granted(lease)
            return lease
        }
        return nil
    }

    private func grant(_ lease: LeaseTable.Lease) {
        let (batch, attempt) = (UInt64(lease.batch.rawValue), lease.attempt.rawValue)
        let rows = simulation.settings.rows(of: lease.batch)
        let size = rows * SimulationSettings.passageBytes
        send(
            .leaseGrant(
                LeaseGrant(
                    batch: batch, attempt: attempt, count: UInt64(rows), bodyBytes: UInt64(size),
                    encoder: EncoderSpec())),
            to: lease.worker, on: .control, attempt: attempt)
        for offset in stride(from: 0, to: size, by: SimulationSettings.chunkBytes) {
            let end = min(offset + SimulationSettings.chunkBytes, size)
            job?.outgoing[lease.worker, default: []].append(
                (
                    PassageChunk(
                        batch: batch, attempt: attempt, offset: UInt64(offset), last: end == size),
                    end - offset
                ))
        }
        pump(lease.worker)
    }

    /// Sends queued chunks as far as the worker's credit goes.
    func pump(_ worker: WorkerID) {
        while let chunk = job?.outgoing[worker]?.first, windows[worker]?.take(chunk.bytes) == true {
            job?.outgoing[worker]?.removeFirst()
            send(
                .passageChunk(chunk.message), to: worker, on: .bulk,
                attempt: chunk.message.attempt,
                frames: [[UInt8](repeating: 0, count: chunk.bytes)])
        }
    }

    func leasesLost(by worker: WorkerID) {
        job?.outgoing[worker] = nil
        // Chunks that were under way may never be answered with credit.
        windows[worker]?.renew()
        let lost = job?.leases?.workerLost(worker) ?? []
        simulation.ledger.workerLost(lost)
        for lease in lost { revoke(lease) }
    }

    private func revoke(_ lease: LeaseTable.Lease) {
        send(
            .leaseRevoke(
                LeaseRevoke(
                    batch: UInt64(lease.batch.rawValue), attempt: lease.attempt.rawValue)),
            to: lease.worker, on: .control, attempt: lease.attempt.rawValue)
    }

    // MARK: Commits

    func segmentReady(_ ready: SegmentReady, from worker: WorkerID) {
        let batch = BatchNumber(Int(ready.batch))
        let attempt = Attempt(ready.attempt)
        switch job?.leases?.segmentReady(batch, attempt: attempt) {
        case .commit:
            commit(
                SegmentRow(
                    batch: batch, sha256: ready.sha256, rows: ready.rows, attempt: attempt),
                ready, from: worker)
        case .acknowledgeAgain: acknowledge(ready, to: worker, committed: true)
        case .alreadyStaged: break
        case .stale, nil: acknowledge(ready, to: worker, committed: false)
        }
    }

    /// The transaction takes a while, and so does its answer: death may come before either.
    private func commit(_ segment: SegmentRow, _ ready: SegmentReady, from worker: WorkerID) {
        let isShared = membership.member(named: worker.name)?.sharesData == true
        let holder = isShared ? SimulatedCatalog.sharedHolder : worker.name
        let number = job?.number
        writesUnderWay += 1
        staged.insert(segment.attempt)
        simulation.ledger.staged(segment.attempt)
        // A disk stalls now and then: longer than a worker waits before it repeats its report.
        let duration = dice.once(in: 30) ? dice.milliseconds(500...5000) : dice.milliseconds(1...25)
        later(duration) { coordinator in
            let simulation = coordinator.simulation
            let isFull = simulation.isAmiss(.fillDisk) && coordinator.dice.once(in: 3)
            if !isFull {
                let isNew = simulation.catalog.commit(segment, holder: holder)
                simulation.ledger.committed(
                    segment, isNew: isNew,
                    isOnDisk: simulation.disks[holder]?.contains(segment.sha256) == true)
            }
            coordinator.later(coordinator.dice.milliseconds(0...5)) { coordinator in
                coordinator.writesUnderWay -= 1
                coordinator.staged.remove(segment.attempt)
                guard coordinator.job?.number == number else {
                    return coordinator.simulation.ledger.returned(segment.attempt)
                }
                coordinator.written(segment, ready, from: worker, isFull: isFull)
            }
        }
    }

    private func written(
        _ segment: SegmentRow, _ ready: SegmentReady, from worker: WorkerID, isFull: Bool
    ) {
        simulation.ledger.returned(segment.attempt)
        if isFull {
            job?.leases?.commitFailed(segment.batch)
            return pauseForStorage()
        }
        job?.leases?.committed(segment.batch)
        job?.segments[segment.batch] = segment
        acknowledge(ready, to: worker, committed: true)
        if job?.leases?.isComplete == true { publishJob() } else { feedWorkers() }
    }

    private func acknowledge(_ ready: SegmentReady, to worker: WorkerID, committed: Bool) {
        send(
            .commitAck(
                CommitAck(batch: ready.batch, attempt: ready.attempt, committed: committed)),
            to: worker, on: .control, attempt: ready.attempt)
    }

    func leaseFailed(_ failed: LeaseFailed) {
        let (batch, attempt) = (BatchNumber(Int(failed.batch)), Attempt(failed.attempt))
        guard job != nil else { return }
        if job?.leases?.lease(batch)?.attempt == attempt { simulation.ledger.returned(attempt) }
        if failed.code == .storage {
            job?.leases?.givenBack(batch, attempt: attempt)
            return pauseForStorage()
        }
        switch job?.leases?.failed(batch, attempt: attempt) {
        case .giveUp: interrupt()
        case .retry: feedWorkers()
        case .stale, nil: break
        }
    }

    /// A full disk stops new leases; searches go on, and the run resumes by itself.
    private func pauseForStorage() {
        job?.pausedUntil = simulation.now + .seconds(2)
    }

    // MARK: Generations

    /// Publishes what is committed: the last generation when that is everything.
    private func publishJob() {
        guard let running = job, !running.isPublishing else { return }
        let isComplete = running.leases?.isComplete == true
        let manifest = Manifest(
            number: newest + 1, segments: running.segments.values.sorted { $0.batch < $1.batch },
            shardCount: simulation.settings.shardCount)
        job?.isPublishing = true
        if isComplete { job?.isEncoding = false }
        writesUnderWay += 1
        later(dice.milliseconds(5...150)) { coordinator in
            coordinator.writesUnderWay -= 1
            if coordinator.simulation.isAmiss(.fillDisk), coordinator.dice.once(in: 3) {
                coordinator.job?.isPublishing = false
                coordinator.job?.isEncoding = true
                return coordinator.pauseForStorage()
            }
            coordinator.simulation.catalog.publish(manifest, isComplete: isComplete)
            coordinator.job?.isPublishing = false
            coordinator.job?.publishedRows = manifest.rows.values.reduce(0, +)
            coordinator.job?.lastPublished = coordinator.simulation.now
            coordinator.serve(manifest)
            if isComplete {
                coordinator.job = nil
            } else if coordinator.job?.leases?.isComplete == true {
                // The last batch was committed while this generation was being written.
                coordinator.publishJob()
            }
        }
    }

    func tickJob() {
        guard let running = job else { return }
        let now = simulation.now
        let expired = job?.leases?.expire(now: now) ?? []
        simulation.ledger.returned(expired)
        for lease in expired {
            revoke(lease)
            job?.outgoing[lease.worker]?.removeAll { $0.message.attempt == lease.attempt.rawValue }
            windows[lease.worker]?.renew()
            pump(lease.worker)
        }
        if let until = running.pausedUntil, now >= until {
            job?.pausedUntil = nil
            if running.leases?.isComplete == true { publishJob() }
        }
        if running.isEncoding, !running.isPublishing, now - running.lastPublished > .seconds(5),
            running.committedRows > running.publishedRows,
            running.committedRows >= running.publishedRows + running.publishedRows / 4
        {
            publishJob()
        }
        feedWorkers()
    }
}
