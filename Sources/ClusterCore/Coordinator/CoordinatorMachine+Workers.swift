/// Workers come, speak and go.
extension CoordinatorMachine {
    mutating func handle(_ event: WorkerEvent, now: Instant) -> [Effect] {
        switch event {
        case .hello(let member, let lane, let credit):
            return greet(member, on: lane, credit: credit, now: now)
        case .heard(let worker, let lane):
            guard let worker = life(of: worker) else { return [.askForHello(worker, lane)] }
            return follow(roster.membership.heard(worker, now: now), now: now)
        case .received(let message, let requestID, let frames, let worker, let lane):
            guard let worker = life(of: worker) else { return [.askForHello(worker, lane)] }
            return follow(roster.membership.heard(worker, now: now), now: now)
                + receive(message, requestID, frames, from: worker, now: now)
        case .unreadable(let reason, let attempt, let worker):
            return reportRefused(reason, of: attempt, from: worker, now: now)
        case .excluded(let worker): return follow(roster.membership.left(worker), now: now)
        case .unreachable(let worker):
            return follow(roster.membership.unreachable(worker), now: now)
        case .holders(let names, let request, let requestID, let worker):
            return relay(request, requestID, to: worker, heldBy: names)
        }
    }

    /// The life on record that a message is from; nil where it is from another.
    private func life(of worker: WorkerID) -> WorkerID? {
        if broken == .incarnationFence {
            return roster.membership.member(named: worker.name)?.id
        }
        return roster.membership.isCurrent(worker) ? worker : nil
    }

    private mutating func greet(
        _ member: Membership.Member, on lane: Lane, credit: Int, now: Instant
    ) -> [Effect] {
        if roster.isTaken(member.id, now: now) { return [.refuseName(member.id, lane)] }
        let changes = roster.entered(member, on: lane, credit: credit)
        // One that is known and comes again has lost what was under way.
        if lane == .control, roster.membership.isCurrent(member.id) {
            passages.open(member.id, credit: credit)
        }
        return [.welcome(member.id, lane)] + follow(changes, now: now)
    }

    private mutating func receive(
        _ message: Message, _ requestID: UInt64, _ frames: [[UInt8]], from worker: WorkerID,
        now: Instant
    ) -> [Effect] {
        switch message {
        case .heartbeat(let heartbeat): return beat(heartbeat, of: worker, now: now)
        case .goodbye: return follow(roster.membership.left(worker), now: now)
        case .credit(let credit):
            return pieces(passages.granted(Int(clamping: credit.bytes), by: worker))
        case .segmentReady(let ready): return segmentReady(ready, from: worker, now: now)
        case .leaseFailed(let failed): return leaseFailed(failed, from: worker, now: now)
        case .generationLoaded(let loaded): return self.loaded(loaded, by: worker, now: now)
        case .segmentsChecked(let answer):
            return checked(answer, requestID, by: worker.name, now: now)
        case .segmentRequest(let request):
            return [.lookUp(request, requestID: requestID, for: worker)]
        case .segmentChunk(let chunk): return relay(chunk, requestID, frames, from: worker)
        default: return []
        }
    }

    private mutating func beat(
        _ heartbeat: Heartbeat, of worker: WorkerID, now: Instant
    ) -> [Effect] {
        if roster.beat(heartbeat, of: worker) { run?.leases?.progressed(worker, now: now) }
        let changes = roster.membership.heartbeat(
            worker, progress: heartbeat.progress, isBusy: heartbeat.busy, now: now)
        return follow(changes, now: now)
            + [.acknowledgeHeartbeat(worker, progress: heartbeat.progress)]
    }

    /// What changes of membership mean for leases, searches and placement.
    mutating func follow(_ changes: [Membership.Change], now: Instant) -> [Effect] {
        guard !changes.isEmpty else { return [] }
        var effects: [Effect] = []
        for change in changes {
            effects.append(.member(change))
            effects += checkFollows(change, now: now)
            switch change {
            case .joined(let worker): passages.open(worker, credit: roster.credit(of: worker))
            case .returned, .displaced: break
            case .unavailable(let worker, _):
                effects += leasesLost(by: worker) + relaysLost(by: worker)
            case .gone(let worker):
                effects += leasesLost(by: worker) + relaysLost(by: worker)
                roster.forget(worker)
                passages.close(worker)
                for name in collections.keys { collections[name]?.forgetFailure(of: worker) }
            }
        }
        return effects + place(now: now) + feed(now: now)
    }

    /// Places every collection on the members there are, once shards may be placed.
    mutating func place(now: Instant) -> [Effect] {
        guard let members = roster.placed(now: now) else { return [] }
        let expected = roster.newlyExpected().map { [Effect.expect($0)] } ?? []
        return collections.keys.sorted().reduce(into: expected) { effects, name in
            effects += shards(name, now: now) { $0.table.place(on: members) }
        }
    }
}
