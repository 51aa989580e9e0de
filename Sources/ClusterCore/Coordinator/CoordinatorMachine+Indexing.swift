/// The run of indexing: who may begin and end it, and who encodes what.
extension CoordinatorMachine {
    /// How long a run waits before it tries a full disk again.
    package static let storagePause: Duration = .seconds(2)
    /// Time between two reports to whoever waits for a run.
    static let reportInterval: Duration = .milliseconds(200)

    mutating func handle(_ event: IndexEvent, now: Instant) -> [Effect] {
        switch event {
        case .asked(let request, let client, let owner):
            return asked(request, client, owner, now: now)
        case .cancelled(let sender, let client): return cancelled(by: sender, client)
        case .scanned(let number, let passages):
            guard let running = run, running.number == number, running.state == .scanning else {
                return []
            }
            run?.passagesScanned = max(running.passagesScanned, passages)
            return []
        case .noted(let number, let notes):
            if run?.number == number { run?.notes = notes }
            return []
        case .check(let number, let shape, let entries):
            return beginCheck(number, shape, entries, now: now)
        case .folderChecked(let answer, let requestID):
            return checked(answer, requestID, by: CoordinatorMachine.sharedHolder, now: now)
        case .prepared(let number, let start): return prepared(number, start, now: now)
        case .prepareFailed(let number, let failure, let wantsSpace):
            return prepareFailed(number, failure, wantsSpace: wantsSpace, now: now)
        case .prepareLeft(let number): return preparationEnded(number)
        case .batchRead(let number, let batch, let bytes):
            return read(number, batch, bytes, now: now)
        case .readFailed(let number, let failure):
            return run?.number == number ? endRun(.failed(failure)) : []
        case .inspected(let ready, let worker, let fault):
            return inspected(ready, from: worker, fault: fault, now: now)
        case .committed(let attempt, let standing, let isNew):
            return committed(attempt, standing, isNew: isNew, now: now)
        case .commitFailed(let attempt, let reason):
            return commitFailed(attempt, reason, now: now)
        case .published(let publication): return published(publication, now: now)
        case .publishFailed(let publication, let reason):
            return publishFailed(publication, reason, now: now)
        }
    }

    // MARK: Beginning

    private mutating func asked(
        _ request: IndexRequest, _ client: ClientAddress, _ owner: Sender, now: Instant
    ) -> [Effect] {
        if let running = run {
            guard running.request == request else {
                return [
                    .busy(
                        client, collection: running.collection,
                        isSameCollection: running.collection == request.collection)
                ]
            }
            // A client that comes back, or one that waits for the same.
            run?.joined(client)
            return []
        }
        lastRun += 1
        run = IndexRun(number: lastRun, request: request, client: client, owner: owner)
        return prepareIfPossible()
    }

    /// Has the run prepared, once nothing of an earlier one reads or writes.
    mutating func prepareIfPossible() -> [Effect] {
        guard let waiting = run, waiting.preparation == .waits, waiting.pausedUntil == nil,
            preparing == nil, writes.isEmpty
        else { return [] }
        run?.preparation = .underWay
        preparing = waiting.number
        return [.prepare(waiting)]
    }

    private mutating func preparationEnded(_ number: Int) -> [Effect] {
        if preparing == number { preparing = nil }
        return prepareIfPossible()
    }

    private mutating func prepareFailed(
        _ number: Int, _ failure: Failure, wantsSpace: Bool, now: Instant
    ) -> [Effect] {
        guard run?.number == number else { return preparationEnded(number) }
        preparing = nil
        guard wantsSpace else { return endRun(.failed(failure)) }
        run?.preparation = .waits
        return pause(failure.message, now: now)
    }

    /// Goes on from what is there: everything that is missing is leased.
    private mutating func prepared(_ number: Int, _ start: RunStart, now: Instant) -> [Effect] {
        guard run?.number == number else { return preparationEnded(number) }
        preparing = nil
        run?.preparation = .done
        let shape = start.shape
        let segments = broken == .resumeFromInventory ? [] : start.segments
        run?.shape = shape
        run?.healing = start.healing
        for segment in segments { run?.add(segment) }
        run?.leases = LeaseTable(
            batchCount: shape.batchCount, committed: Set(segments.map(\.batch)),
            shardCount: shape.shardCount, epoch: epoch, rules: rules.leases,
            grantsBefore: grantsOfEarlierRuns)
        run?.encodedBefore = roster.heartbeats.mapValues(\.passagesEncoded)
        let committedBefore = run?.committedRows ?? 0
        run?.committedBefore = committedBefore
        let newest = run.flatMap { collections[$0.collection]?.newest }
        run?.publishedRows = newest?.rowCount ?? 0
        run?.state = .encoding
        if start.isComplete, run?.isComplete == true, start.isPublished, newest != nil {
            run?.isAlreadyComplete = start.healing.isEmpty
            return endRun(.complete)
        }
        return run?.isComplete == true ? publish() : feed(now: now)
    }

    // MARK: Leases

    /// Leases what can be leased; while a batch is read, nothing more.
    mutating func feed(now: Instant) -> [Effect] {
        var effects: [Effect] = []
        while run?.mayLease == true, let lease = nextLease(now: now) {
            if let bytes = run?.kept[lease.batch] {
                effects += grant(lease, bytes: bytes)
            } else if let run {
                self.run?.reading = lease
                effects.append(.readBatch(run: run.number, lease.batch))
            }
        }
        return effects
    }

    private mutating func nextLease(now: Instant) -> LeaseTable.Lease? {
        let shards = run.flatMap { collections[$0.collection] }
        let members = roster.membership
        return run?.nextLease(
            for: broken == .leaseToReady ? members.all : members.ready,
            preferring: { shards?.table.owned(by: $0) ?? [] }, now: now)
    }

    /// The passages of a leased batch are here; its worker may have lost it meanwhile.
    private mutating func read(
        _ number: Int, _ batch: BatchNumber, _ bytes: Int, now: Instant
    ) -> [Effect] {
        guard run?.number == number, let lease = run?.reading, lease.batch == batch else {
            return []
        }
        run?.reading = nil
        run?.kept[batch] = bytes
        // Its deadline may have moved: the attempt tells whether it is still this lease.
        let isHeld = run?.leases?.lease(batch)?.attempt == lease.attempt
        return (isHeld ? grant(lease, bytes: bytes) : []) + feed(now: now)
    }

    private mutating func grant(_ lease: LeaseTable.Lease, bytes: Int) -> [Effect] {
        [.grant(lease, bytes: bytes)] + pieces(passages.add(lease, bytes: bytes))
    }

    func pieces(_ pieces: [PassageFlow.Piece]) -> [Effect] { pieces.map { .sendPassages($0) } }

    mutating func leasesLost(by worker: WorkerID) -> [Effect] {
        passages.lost(by: worker)
        let lost = run?.leases?.workerLost(worker) ?? []
        return lost.compactMap(revocation)
    }

    private func revocation(of lease: LeaseTable.Lease) -> Effect? {
        run.map { .revoke(lease, collection: $0.collection) }
    }

    // MARK: Going on

    mutating func tickRun(now: Instant) -> [Effect] {
        guard run != nil else { return [] }
        var effects: [Effect] = []
        for lease in run?.leases?.expire(now: now) ?? [] {
            effects += revocation(of: lease).map { [$0] } ?? []
            effects += pieces(passages.takenBack(lease))
        }
        if let until = run?.pausedUntil, now >= until {
            run?.pausedUntil = nil
            run?.note = ""
        }
        effects += prepareIfPossible()
        if run?.isPublicationDue(now: now) == true { effects += publish() }
        effects += endIfServed(now: now)
        effects += feed(now: now)
        if let running = run, now - running.lastReport >= CoordinatorMachine.reportInterval {
            run?.lastReport = now
            effects += running.clients.map { .report($0, progress) }
        }
        return effects
    }

    /// A full disk stops new leases; searches go on, and the run resumes by itself.
    mutating func pause(_ reason: String, now: Instant) -> [Effect] {
        run?.pausedUntil = now + CoordinatorMachine.storagePause
        run?.note = reason
        return [.paused(reason: reason)]
    }

    // MARK: Ending

    private mutating func cancelled(by sender: Sender, _ client: ClientAddress) -> [Effect] {
        let owner = run?.owner ?? sender
        if let refusal = Permissions.refusalToCancel(runOf: owner, by: sender) {
            return [.refuseCancel(client, refusal)]
        }
        return endRun() + [.cancelled(client)]
    }

    /// Ends the run; what is committed stays, and the same request goes on from there.
    mutating func endRun(_ end: RunEnd = .ended) -> [Effect] {
        guard var running = run else { return [] }
        var effects: [Effect] = []
        if case .complete = end { running.state = .complete }
        run = running
        let told = progress
        for member in roster.membership.all {
            effects += (running.leases?.leases(of: member.id) ?? []).compactMap(revocation)
        }
        grantsOfEarlierRuns = running.leases?.grantCount ?? grantsOfEarlierRuns
        passages.clear()
        run = nil
        return effects + [.runEnded(running, end, told)] + endCheck()
    }
}
