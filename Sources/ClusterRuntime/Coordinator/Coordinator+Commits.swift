import ClusterCore
import Glibc
import Logging

/// From a finished segment to a published generation.
extension Coordinator {
    func segmentReady(_ ready: SegmentReady, from worker: WorkerID) {
        let batch = BatchNumber(Int(clamping: ready.batch))
        let attempt = Attempt(ready.attempt)
        if let reason = fault(of: ready, from: worker) {
            // The file, if there is one, is garbage, and the lease one that failed.
            acknowledge(ready, to: worker, committed: false)
            return leaseFailed(
                LeaseFailed(
                    collection: ready.collection, batch: ready.batch, attempt: ready.attempt,
                    code: .internal, message: reason), from: worker)
        }
        guard job?.collection == ready.collection,
            let decision = job?.leases?.segmentReady(batch, attempt: attempt)
        else { return acknowledge(ready, to: worker, committed: false) }
        switch decision {
        case .commit:
            let segment = SegmentRecord(
                batch: batch, sha256: ready.sha256, rows: ready.rows, bytes: ready.bytes,
                attempt: attempt)
            guard let number = job?.number else { return }
            writesUnderWay += 1
            background.enter()
            Task {
                defer { self.background.leave() }
                await self.commit(segment, ready, from: worker, number)
                self.writesUnderWay -= 1
            }
        case .acknowledgeAgain: acknowledge(ready, to: worker, committed: true)
        case .alreadyStaged: break
        case .stale: acknowledge(ready, to: worker, committed: false)
        }
    }

    /// Why a report of a lease that its worker holds cannot be true; nil where it can.
    ///
    /// A worker that shares the folder has put the file where it can be looked at.
    private func fault(of ready: SegmentReady, from worker: WorkerID) -> String? {
        let batch = BatchNumber(Int(clamping: ready.batch))
        guard let running = job, running.collection == ready.collection,
            let record = running.record, let lease = running.leases?.lease(batch),
            lease.attempt.rawValue == ready.attempt
        else { return nil }
        guard lease.worker == worker else {
            return "\(worker) reports on a lease it does not hold."
        }
        guard ready.rows == record.rows(of: batch) else {
            return "Its segment has \(ready.rows) rows, which the batch has not."
        }
        let cuts = ready.cuts
        guard cuts.texts <= ready.rows, cuts.textsCut <= cuts.texts, cuts.tokensCut <= cuts.tokens
        else { return "It says that more was cut than there is." }
        guard membership.member(named: worker.name)?.sharesData == true else { return nil }
        let path = options.data.segments(record.name) + "/" + ready.sha256 + ".safetensors"
        var status = stat()
        guard stat(path, &status) == 0 else { return "\(path) is not there." }
        guard UInt64(clamping: status.st_size) == ready.bytes else {
            return "\(path) has \(status.st_size) bytes instead of \(ready.bytes)."
        }
        return nil
    }

    private func commit(
        _ segment: SegmentRecord, _ ready: SegmentReady, from worker: WorkerID, _ number: Int
    ) async {
        let isShared = membership.member(named: worker.name)?.sharesData == true
        do {
            let (standing, isNew) = try await catalog.commit(
                segment, collection: ready.collection,
                holder: isShared ? Catalog.sharedHolder : worker.name)
            guard job?.number == number else { return }
            job?.leases?.committed(segment.batch)
            job?.add(standing)
            if isNew { job?.cuts.add(ready.cuts) }
            // The worker keeps its file where that is the one that counts.
            acknowledge(ready, to: worker, committed: standing.sha256 == ready.sha256)
        } catch {
            guard job?.number == number else { return }
            job?.leases?.commitFailed(segment.batch)
            pauseForStorage(error.description)
            return
        }
        if job?.leases?.isComplete == true { publishJob() } else { feedWorkers() }
    }

    private func acknowledge(_ ready: SegmentReady, to worker: WorkerID, committed: Bool) {
        send(
            .commitAck(
                CommitAck(
                    collection: ready.collection, batch: ready.batch, attempt: ready.attempt,
                    committed: committed)),
            to: worker, on: .control, attempt: ready.attempt)
    }

    func leaseFailed(_ failed: LeaseFailed, from worker: WorkerID) {
        let batch = BatchNumber(Int(clamping: failed.batch))
        guard job?.collection == failed.collection else { return }
        log.warning("batch \(failed.batch) failed at \(worker): \(failed.message)")
        if failed.code == .storage {
            job?.leases?.givenBack(batch, attempt: Attempt(failed.attempt))
            return pauseForStorage(failed.message)
        }
        switch job?.leases?.failed(batch, attempt: Attempt(failed.attempt)) {
        case .giveUp:
            failJob(
                .answered(
                    Failure(code: failed.code, message: "Batch \(failed.batch): \(failed.message)"))
            )
        case .retry: feedWorkers()
        case .stale, nil: break
        }
    }

    /// What a worker says of a lease cannot be read, and could not be the next time.
    func reportRefused(_ reason: String, of attempt: Attempt, from worker: WorkerID) {
        guard let collection = job?.collection,
            let lease = job?.leases?.leases(of: worker).first(where: { $0.attempt == attempt })
        else { return }
        let batch = UInt64(lease.batch.rawValue)
        acknowledge(
            SegmentReady(collection: collection, batch: batch, attempt: attempt.rawValue),
            to: worker, committed: false)
        leaseFailed(
            LeaseFailed(
                collection: collection, batch: batch, attempt: attempt.rawValue, code: .internal,
                message: reason), from: worker)
    }

    /// A full disk stops new leases; searches go on, and the run resumes by itself.
    func pauseForStorage(_ reason: String) {
        log.warning("indexing waits: \(reason)")
        job?.pausedUntil = MonotonicClock.now() + Coordinator.storagePause
        job?.note = reason
    }

    // MARK: Generations

    /// Publishes what is committed: the last generation when that is everything.
    func publishJob() {
        guard let running = job, let record = running.record, !running.isPublishing else { return }
        let isComplete = running.leases?.isComplete == true
        let segments = running.segments.values.sorted { $0.batch < $1.batch }
        let number = (collections[record.name]?.record.generation ?? record.generation) + 1
        let manifest = GenerationManifest(
            record, number: number, segments: segments, epoch: epoch, isComplete: isComplete)
        job?.isPublishing = true
        if isComplete { job?.state = .publishing }
        writesUnderWay += 1
        background.enter()
        Task {
            defer {
                self.writesUnderWay -= 1
                self.background.leave()
            }
            do {
                let (data, catalog) = (self.options.data, self.catalog)
                let index = record.index
                try await self.fileLane.run {
                    let sha256 = try manifest.write(data)
                    try catalog.publish(
                        record.name, generation: number, manifestSHA256: sha256,
                        isComplete: isComplete, index: index)
                }
                self.published(manifest, isComplete: isComplete, running.number)
            } catch {
                guard self.job?.number == running.number else { return }
                self.job?.isPublishing = false
                self.job?.state = .encoding
                self.pauseForStorage(ClusterError.wrap(error).description)
            }
        }
    }

    private func published(_ manifest: GenerationManifest, isComplete: Bool, _ number: Int) {
        serve(manifest, isComplete: isComplete)
        guard job?.number == number else { return }
        job?.isPublishing = false
        job?.publishedRows = manifest.segments.reduce(0) { $0 + $1.rows }
        job?.lastPublished = MonotonicClock.now()
        finishIfServed()
    }

    /// The run ends when a search would see all of it: at once where nobody searches yet.
    func finishIfServed() {
        guard let running = job, running.state == .publishing, !running.isPublishing,
            let collection = collections[running.collection]
        else { return }
        let isServed = collection.serving.serving?.number == collection.record.generation
        if isServed || !collection.isWanted || membership.ready.isEmpty { return finishJob() }
        // What cannot be loaded is asked for again now and then, but not waited for without an end.
        let waited = MonotonicClock.now() - running.lastPublished
        if let failure = collection.buildFailure { return failJob(.input(failure)) }
        if waited > Coordinator.loadTime, let reason = collection.loadFailures.values.min() {
            failJob(
                .unavailable(
                    "“\(running.collection)” is indexed, but cannot be loaded: \(reason)", nil))
        }
    }

    /// Publishes when everything is committed, or a quarter more than last time: the work stays
    /// linear.
    func publishWhatIsDue(now: Instant) {
        guard let running = job, running.state == .encoding, running.pausedUntil == nil else {
            return
        }
        let isDue =
            now - running.lastPublished > .seconds(5)
            && running.committedRows > running.publishedRows
            && running.committedRows >= running.publishedRows + running.publishedRows / 4
        if isDue || running.leases?.isComplete == true { publishJob() }
    }
}
