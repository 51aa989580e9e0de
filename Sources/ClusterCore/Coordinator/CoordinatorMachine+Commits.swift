/// From a finished segment to a published generation.
extension CoordinatorMachine {
    /// How long a run waits for shards that a worker says it cannot load.
    static let loadTime: Duration = .seconds(30)

    /// A worker says that the segment of a batch is on its disk.
    mutating func segmentReady(
        _ ready: SegmentReady, from worker: WorkerID, now: Instant
    ) -> [Effect] {
        let holder = lease(of: ready)
        if let fault = holder.flatMap({ fault(of: ready, from: worker, $0) }) {
            return refuse(ready, from: worker, because: fault, now: now)
        }
        // A worker that shares the folder has put the file where it can be looked at.
        if holder != nil, roster.membership.member(named: worker.name)?.sharesData == true,
            broken != .segmentBeforeCommit
        {
            return [.inspect(ready, worker)]
        }
        return taken(ready, from: worker)
    }

    mutating func inspected(
        _ ready: SegmentReady, from worker: WorkerID, fault: String?, now: Instant
    ) -> [Effect] {
        guard let fault else { return taken(ready, from: worker) }
        // The same report came twice, and the first one is being committed.
        if lease(of: ready) != nil, run?.leases?.isStaged(batch(ready.batch)) == true { return [] }
        return refuse(ready, from: worker, because: fault, now: now)
    }

    /// The lease that a report is on; nil where it is none of now.
    private func lease(of ready: SegmentReady) -> LeaseTable.Lease? {
        guard let running = run, running.collection == ready.collection,
            let lease = running.leases?.lease(batch(ready.batch)),
            lease.attempt.rawValue == ready.attempt
        else { return nil }
        return lease
    }

    /// Why a report of a lease that its worker holds cannot be true; nil where it can.
    private func fault(
        of ready: SegmentReady, from worker: WorkerID, _ lease: LeaseTable.Lease
    ) -> String? {
        guard lease.worker == worker else {
            return "\(worker) reports on a lease it does not hold."
        }
        guard ready.rows == run?.shape?.rows(of: lease.batch) else {
            return "Its segment has \(ready.rows) rows, which the batch has not."
        }
        let cuts = ready.cuts
        guard cuts.texts <= ready.rows, cuts.textsCut <= cuts.texts, cuts.tokensCut <= cuts.tokens
        else { return "It says that more was cut than there is." }
        return nil
    }

    /// The file, if there is one, is garbage, and the lease one that failed.
    private mutating func refuse(
        _ ready: SegmentReady, from worker: WorkerID, because fault: String, now: Instant
    ) -> [Effect] {
        let failed = LeaseFailed(
            collection: ready.collection, batch: ready.batch, attempt: ready.attempt,
            code: .internal, message: fault)
        return [acknowledgement(of: ready, to: worker, isCommitted: false)]
            + leaseFailed(failed, from: worker, now: now)
    }

    private mutating func taken(_ ready: SegmentReady, from worker: WorkerID) -> [Effect] {
        let refusal = acknowledgement(of: ready, to: worker, isCommitted: false)
        let number = batch(ready.batch)
        let attempt = Attempt(ready.attempt)
        let fenced =
            broken == .attemptFence
            ? run?.leases?.lease(number)?.attempt ?? attempt : attempt
        guard let running = run, running.collection == ready.collection,
            let decision = run?.leases?.segmentReady(number, attempt: fenced)
        else { return [refusal] }
        switch decision {
        case .commit:
            let commit = Commit(
                run: running.number, collection: ready.collection,
                segment: SegmentRecord(
                    batch: number, sha256: ready.sha256, rows: ready.rows, bytes: ready.bytes,
                    attempt: attempt),
                cuts: ready.cuts, worker: worker,
                isShared: roster.membership.member(named: worker.name)?.sharesData == true)
            writes.began(commit)
            return [.commit(commit)]
        case .acknowledgeAgain: return [acknowledgement(of: ready, to: worker, isCommitted: true)]
        case .alreadyStaged: return []
        case .stale: return [refusal]
        }
    }

    private func acknowledgement(
        of ready: SegmentReady, to worker: WorkerID, isCommitted: Bool
    ) -> Effect {
        .acknowledge(
            worker,
            CommitAck(
                collection: ready.collection, batch: ready.batch, attempt: ready.attempt,
                committed: isCommitted))
    }

    /// The catalog holds a segment of the batch.
    mutating func committed(
        _ attempt: Attempt, _ standing: SegmentRecord, isNew: Bool, now: Instant
    ) -> [Effect] {
        guard let commit = writes.ended(attempt) else { return [] }
        guard run?.number == commit.run else { return prepareIfPossible() }
        let segment = commit.segment
        run?.leases?.committed(segment.batch)
        run?.add(standing)
        if isNew { run?.cuts.add(commit.cuts) }
        let acknowledgement = Effect.acknowledge(
            commit.worker,
            CommitAck(
                collection: commit.collection, batch: UInt64(segment.batch.rawValue),
                attempt: attempt.rawValue,
                // The worker keeps its file where that is the one that counts.
                committed: standing.sha256 == segment.sha256))
        return [acknowledgement, .forgetBatch(segment.batch)]
            + (run?.isComplete == true ? publish() : feed(now: now))
    }

    /// The catalog could not be written: the batch is leased again.
    mutating func commitFailed(
        _ attempt: Attempt, _ reason: String, now: Instant
    ) -> [Effect] {
        guard let commit = writes.ended(attempt) else { return [] }
        guard run?.number == commit.run else { return prepareIfPossible() }
        run?.leases?.commitFailed(commit.segment.batch)
        return pause(reason, now: now)
    }

    mutating func leaseFailed(
        _ failed: LeaseFailed, from worker: WorkerID, now: Instant
    ) -> [Effect] {
        guard run?.collection == failed.collection else { return [] }
        let (number, attempt) = (batch(failed.batch), Attempt(failed.attempt))
        let told = Effect.leaseFailed(failed, worker)
        if failed.code == .storage {
            run?.leases?.givenBack(number, attempt: attempt)
            return [told] + pause(failed.message, now: now)
        }
        run?.lastFailures[worker] = failed.message
        switch run?.leases?.failed(number, attempt: attempt, now: now) {
        case .giveUp:
            let failure = Failure(
                code: failed.code, message: "Batch \(failed.batch): \(failed.message)")
            return [told] + endRun(.failed(failure))
        case .retry: return [told] + feed(now: now)
        case .stale, nil: return [told]
        }
    }

    /// What a worker says of a lease cannot be read, and could not be the next time.
    mutating func reportRefused(
        _ reason: String, of attempt: Attempt, from worker: WorkerID, now: Instant
    ) -> [Effect] {
        guard let collection = run?.collection,
            let lease = run?.leases?.leases(of: worker).first(where: { $0.attempt == attempt })
        else { return [] }
        let ready = SegmentReady(
            collection: collection, batch: UInt64(lease.batch.rawValue),
            attempt: attempt.rawValue)
        return refuse(ready, from: worker, because: reason, now: now)
    }

    private func batch(_ number: UInt64) -> BatchNumber { BatchNumber(Int(clamping: number)) }

    // MARK: Generations

    /// Publishes what is committed: the last generation when that is everything.
    mutating func publish() -> [Effect] {
        guard let running = run, let shape = running.shape, !running.isPublishing else { return [] }
        let publication = Publication(
            run: running.number, collection: running.collection,
            generation: (collections[running.collection]?.number ?? 0) + 1, shape: shape,
            segments: running.segments.values.sorted { $0.batch < $1.batch },
            isComplete: running.isComplete)
        run?.isPublishing = true
        if running.isComplete { run?.state = .publishing }
        writes.began(publication)
        return [.publish(publication)]
    }

    mutating func published(_ publication: Publication, now: Instant) -> [Effect] {
        writes.ended(publication)
        let effects = found(publication.served, of: publication.collection, now: now)
        guard run?.number == publication.run else { return effects + prepareIfPossible() }
        run?.isPublishing = false
        run?.publishedRows = publication.served.rowCount
        run?.lastPublished = now
        return effects + endIfServed(now: now)
    }

    mutating func publishFailed(
        _ publication: Publication, _ reason: String, now: Instant
    ) -> [Effect] {
        writes.ended(publication)
        guard run?.number == publication.run else { return prepareIfPossible() }
        run?.isPublishing = false
        run?.state = .encoding
        return pause(reason, now: now)
    }

    /// The run ends when a search would see all of it: at once where nobody searches yet.
    mutating func endIfServed(now: Instant) -> [Effect] {
        guard let running = run, running.state == .publishing, !running.isPublishing,
            let shards = collections[running.collection]
        else { return [] }
        let isServed = shards.table.serving?.number == shards.number
        if isServed || !shards.isWanted || roster.membership.ready.isEmpty {
            return endRun(.complete)
        }
        // What cannot be loaded is asked for again now and then, but not waited for without an end.
        if shards.cannotBeBuilt { return endRun(.cannotBuild) }
        if now - running.lastPublished > CoordinatorMachine.loadTime,
            let reason = shards.failures.values.min()
        {
            return endRun(.cannotLoad(reason))
        }
        return []
    }
}
