/// A check of a collection's segments that is under way, and what was asked for it.
package struct SegmentCheck: Sendable {
    /// Who has what.
    package internal(set) var audit: SegmentAudit
    /// The collection.
    package let collection: String
    private var pages: [UInt64: (holder: String, entries: [Int])] = [:]

    init(_ audit: SegmentAudit, of collection: String) {
        self.audit = audit
        self.collection = collection
    }

    mutating func asked(_ entries: [Int], of holder: String, by requestID: UInt64) {
        pages[requestID] = (holder, entries)
    }

    /// What a holder says of a page that it was asked for; nil where it was not.
    mutating func findings(
        _ answer: SegmentsChecked, _ requestID: UInt64, by holder: String
    ) -> [Int: SegmentAudit.Finding]? {
        guard let page = pages[requestID], page.holder == holder else { return nil }
        pages[requestID] = nil
        let (sound, damaged) = (Set(answer.sound), Set(answer.damaged))
        return Dictionary(
            uniqueKeysWithValues: page.entries.map { index in
                let sha256 = audit.entries[index].sha256
                let finding: SegmentAudit.Finding =
                    sound.contains(sha256)
                    ? .sound : damaged.contains(sha256) ? .damaged : .missing
                return (index, finding)
            })
    }
}

/// Before a run goes on, every byte of every segment that an earlier one made is read by its
/// holders.
extension CoordinatorMachine {
    /// The coordinator's own folder, as a holder is called.
    package static let sharedHolder = "*"

    mutating func beginCheck(
        _ number: Int, _ shape: SourceShape, _ entries: [SegmentAudit.Entry], now: Instant
    ) -> [Effect] {
        guard let run, run.number == number else { return [.checkEnded(nil)] }
        self.run?.shape = shape
        self.run?.state = .checking
        let workers = roster.membership.ready.filter { !$0.sharesData }.map(\.id.name)
        let audit = SegmentAudit(
            entries, present: [CoordinatorMachine.sharedHolder] + workers, now: now,
            expectedRows: shape.rows(of:))
        check = SegmentCheck(audit, of: run.collection)
        return effectsOfCheck(check?.audit.start(now: now) ?? [])
    }

    /// A holder has looked through a page of segments.
    mutating func checked(
        _ answer: SegmentsChecked, _ requestID: UInt64, by holder: String, now: Instant
    ) -> [Effect] {
        guard let findings = check?.findings(answer, requestID, by: holder) else { return [] }
        let damaged = findings.filter { $0.value == .damaged }.keys.sorted()
        return damaged.map { .foundDamaged(holder, entry: $0) }
            + effectsOfCheck(check?.audit.reported(findings, by: holder, now: now) ?? [])
    }

    /// Workers with folders of their own come and go.
    mutating func checkFollows(_ change: Membership.Change, now: Instant) -> [Effect] {
        switch change {
        case .joined(let worker), .returned(let worker):
            guard roster.membership.member(named: worker.name)?.sharesData == false else {
                return []
            }
            return effectsOfCheck(check?.audit.arrived(worker.name, now: now) ?? [])
        case .unavailable(let worker, _), .displaced(let worker), .gone(let worker):
            return effectsOfCheck(check?.audit.departed(worker.name, now: now) ?? [])
        }
    }

    mutating func effectsOfCheck(_ effects: [SegmentAudit.Effect]) -> [Effect] {
        effects.map { effect in
            switch effect {
            case .ask(let holder, let entries):
                let requestID = newRequestID()
                check?.asked(entries, of: holder, by: requestID)
                return .askHolder(holder, entries: entries, requestID: requestID)
            case .finish:
                let outcome = check?.audit.outcome
                check = nil
                return .checkEnded(outcome)
            }
        }
    }

    /// The run that wanted to know has ended.
    mutating func endCheck() -> [Effect] {
        guard check != nil else { return [] }
        check = nil
        return [.checkEnded(nil)]
    }
}
