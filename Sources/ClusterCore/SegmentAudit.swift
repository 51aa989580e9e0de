import Base

/// Which batches of a collection have a segment that a living holder can read, and which must be
/// encoded again.
///
/// States of a segment and what moves it:
///
///     asking its holders ─sound─▶ held
///            │ none has it
///            ▼
///     asking the others ──sound─▶ held, and the copy is entered
///            │ none has it
///            ▼
///          lost: its batch is encoded again
///
/// A holder is asked in pages, one at a time. One that is not here is waited for; one that leaves
/// is too, and one that does not answer counts as gone.
///
/// Invariants:
/// 1. A segment is held only when a holder reported it sound to this audit.
/// 2. A holder is asked for a segment once in each of its lives.
/// 3. The audit ends: each wait has a deadline that nothing moves, but for the answers of a holder
///    that still works through its pages.
/// 4. A row that cannot be right (no digest, another number of rows, a batch that is not there, a
///    digest named twice) is lost at once: nobody is asked for it.
public struct SegmentAudit: Sendable {
    /// How long is waited.
    public struct Rules: Sendable {
        /// Segments in one question.
        public var pageSize: Int
        /// Bytes of them, but for a single segment that is larger.
        public var pageBytes: UInt64
        /// Time that a holder which is not here is waited for: one that is started again or was
        /// stopped is back before, and its batches cost more than the wait.
        public var absence: Duration
        /// Time that a holder has for one page, beside that of reading it from a slow disk.
        public var answer: Duration
        /// What a slow disk reads in a second.
        public var bytesPerSecond: UInt64

        /// Makes rules; the defaults suit files of a few MiB.
        public init(
            pageSize: Int = CheckSegments.pageSize, pageBytes: UInt64 = 256 << 20,
            absence: Duration = .seconds(30), answer: Duration = .seconds(60),
            bytesPerSecond: UInt64 = 4 << 20
        ) {
            self.pageSize = pageSize
            self.pageBytes = pageBytes
            self.bytesPerSecond = bytesPerSecond
            self.absence = absence
            self.answer = answer
        }
    }

    /// What the catalog says of the segment of one batch.
    public struct Entry: Hashable, Sendable {
        /// The batch.
        public var batch: BatchNumber
        /// SHA-256 of the file.
        public var sha256: String
        /// Its rows.
        public var rows: UInt64
        /// Its size, which bounds a page and gives it its time.
        public var bytes: UInt64
        /// Who is said to hold a copy.
        public var holders: [String]

        /// Makes the entry of one batch.
        public init(
            batch: BatchNumber, sha256: String, rows: UInt64, bytes: UInt64, holders: [String]
        ) {
            self.batch = batch
            self.sha256 = sha256
            self.rows = rows
            self.bytes = bytes
            self.holders = holders
        }
    }

    /// What a holder says of one segment.
    public enum Finding: Hashable, Sendable {
        /// The file is there and has its digest.
        case sound
        /// There is no such file.
        case missing
        /// The file was another; the holder has set it aside.
        case damaged
    }

    /// A copy of a segment at a holder.
    public struct Copy: Hashable, Sendable {
        /// SHA-256 of the segment.
        public var sha256: String
        /// Who holds it.
        public var holder: String

        /// Makes the copy of `sha256` at `holder`.
        public init(sha256: String, holder: String) {
            self.sha256 = sha256
            self.holder = holder
        }
    }

    /// What is to be done.
    public enum Effect: Hashable, Sendable {
        /// Ask the holder for these entries, by their position.
        case ask(holder: String, entries: [Int])
        /// The outcome is known.
        case finish
    }

    /// What was found.
    public struct Outcome: Equatable, Sendable {
        /// Positions of the entries whose segment somebody holds.
        public var held: [Int] = []
        /// Positions of those that must be encoded again.
        public var lost: [Int] = []
        /// Copies in the catalog that their holders lack, of segments that are held.
        public var lostCopies: Set<Copy> = []
        /// Copies that the catalog does not know of.
        public var foundCopies: Set<Copy> = []
        /// The same in numbers.
        public var healing = Healing()
    }

    private enum State: Hashable, Sendable { case known, others, held, lost }

    private struct Item: Sendable {
        var state = State.known
        /// Holders whose answer is still to come.
        var pending: Set<String> = []
        var asked: Set<String> = []
        var isDamaged = false
    }

    private struct Holder: Sendable {
        var queue: [Int] = []
        var underWay: Set<Int> = []
        var deadline: Instant?
    }

    /// The rules in force.
    public let rules: Rules
    /// What the catalog says.
    public let entries: [Entry]
    private var items: [Item]
    private var present: [String: Holder] = [:]
    /// Holders that are waited for, and until when.
    private var awaited: [String: Instant] = [:]
    private var open = 0
    private var isFinished = false
    private var wrongRows: UInt64 = 0
    private var missingCopies: Set<Copy> = []
    private var foundCopies: Set<Copy> = []

    /// Rows of the segments that are settled, for a bar.
    public private(set) var settledRows: UInt64 = 0

    /// Holders that are not here and waited for.
    public var absentHolders: [String] {
        awaited.keys.filter { holder in items.contains { $0.pending.contains(holder) } }.sorted()
    }

    /// Begins an audit.
    ///
    /// - Parameters:
    ///   - entries: What the catalog says, in any order.
    ///   - present: The holders that can be asked now.
    ///   - expectedRows: The rows that the segment of a batch must have; nil where there is no such
    ///     batch.
    public init(
        _ entries: [Entry], present: [String], now: Instant, rules: Rules = Rules(),
        expectedRows: (BatchNumber) -> UInt64?
    ) {
        self.rules = rules
        self.entries = entries
        items = Array(repeating: Item(), count: entries.count)
        for holder in present { self.present[holder] = Holder() }
        var seen: [String: Int] = [:]
        for entry in entries { seen[entry.sha256, default: 0] += 1 }
        for (index, entry) in entries.enumerated() {
            guard Hexadecimal.isSHA256(entry.sha256.utf8), seen[entry.sha256] == 1,
                expectedRows(entry.batch) == entry.rows
            else {
                items[index].state = .lost
                wrongRows += 1
                settledRows &+= expectedRows(entry.batch) ?? 0
                continue
            }
            open += 1
            items[index].pending = Set(entry.holders)
            for holder in entry.holders {
                if self.present[holder] != nil {
                    queue(index, for: holder)
                } else {
                    awaited[holder] = now + rules.absence
                }
            }
        }
    }

    /// Asks for the first time.
    public mutating func start(now: Instant) -> [Effect] {
        for index in items.indices where items[index].state == .known {
            settle(index)
        }
        return effects(now: now)
    }

    /// A holder can be asked from now on.
    public mutating func arrived(_ holder: String, now: Instant) -> [Effect] {
        guard !isFinished, present[holder] == nil else { return [] }
        awaited[holder] = nil
        present[holder] = Holder()
        for index in items.indices where items[index].pending.contains(holder) {
            queue(index, for: holder)
        }
        return effects(now: now)
    }

    /// A holder cannot be asked any more; it may come back.
    public mutating func departed(_ holder: String, now: Instant) -> [Effect] {
        guard !isFinished, present.removeValue(forKey: holder) != nil else { return [] }
        awaited[holder] = now + rules.absence
        return effects(now: now)
    }

    /// A holder's answer to one page, by position.
    public mutating func reported(
        _ findings: [Int: Finding], by holder: String, now: Instant
    ) -> [Effect] {
        guard !isFinished, let asked = present[holder]?.underWay else { return [] }
        let expected = findings.filter { asked.contains($0.key) }
        guard !expected.isEmpty else { return [] }
        present[holder]?.underWay.subtract(expected.keys)
        for index in expected.keys.sorted() {
            enter(expected[index] ?? .missing, index, holder)
        }
        return effects(now: now)
    }

    /// Time passes.
    public mutating func tick(now: Instant) -> [Effect] {
        guard !isFinished else { return [] }
        for (holder, state) in present.sorted(by: { $0.key < $1.key }) {
            if let deadline = state.deadline, now >= deadline {
                present[holder] = nil
                giveUp(holder)
            }
        }
        for (holder, deadline) in awaited.sorted(by: { $0.key < $1.key }) where now >= deadline {
            awaited[holder] = nil
            giveUp(holder)
        }
        return effects(now: now)
    }

    /// What was found; nil until it is known.
    public var outcome: Outcome? {
        guard isFinished else { return nil }
        var outcome = Outcome()
        var held: Set<String> = []
        for (index, item) in items.enumerated() {
            if item.isDamaged { outcome.healing.segmentsDamaged += 1 }
            if item.state == .held {
                outcome.held.append(index)
                held.insert(entries[index].sha256)
            } else {
                outcome.lost.append(index)
                if !item.isDamaged { outcome.healing.segmentsMissing += 1 }
            }
        }
        outcome.healing.segmentsMissing -= wrongRows
        outcome.healing.rows = wrongRows
        outcome.lostCopies = missingCopies.filter { held.contains($0.sha256) }
        outcome.foundCopies = foundCopies
        outcome.healing.copiesLost = UInt64(outcome.lostCopies.count)
        outcome.healing.copiesFound = UInt64(foundCopies.count)
        return outcome
    }

    // MARK: Steps

    private mutating func queue(_ index: Int, for holder: String) {
        items[index].asked.insert(holder)
        items[index].pending.insert(holder)
        present[holder]?.queue.append(index)
    }

    private mutating func enter(_ finding: Finding, _ index: Int, _ holder: String) {
        items[index].pending.remove(holder)
        let copy = Copy(sha256: entries[index].sha256, holder: holder)
        let isKnown = entries[index].holders.contains(holder)
        switch finding {
        case .sound:
            if !isKnown { foundCopies.insert(copy) }
            if items[index].state != .held {
                items[index].state = .held
                close(index)
            }
        case .missing, .damaged:
            if isKnown { missingCopies.insert(copy) }
            if finding == .damaged { items[index].isDamaged = true }
            settle(index)
        }
    }

    /// Goes on to the next state where nobody is left to answer in this one.
    private mutating func settle(_ index: Int) {
        guard items[index].pending.isEmpty else { return }
        if items[index].state == .known {
            items[index].state = .others
            for holder in present.keys.sorted() where !items[index].asked.contains(holder) {
                queue(index, for: holder)
            }
        }
        if items[index].state == .others, items[index].pending.isEmpty {
            items[index].state = .lost
            close(index)
        }
    }

    private mutating func close(_ index: Int) {
        open -= 1
        settledRows += entries[index].rows
    }

    /// A holder's answers will not come.
    private mutating func giveUp(_ holder: String) {
        for index in items.indices where items[index].pending.contains(holder) {
            items[index].pending.remove(holder)
            settle(index)
        }
    }

    private func nextPage(of queue: [Int]) -> (entries: [Int], bytes: UInt64) {
        var page: [Int] = []
        var bytes: UInt64 = 0
        for index in queue.prefix(rules.pageSize) {
            let (sum, isOver) = bytes.addingReportingOverflow(entries[index].bytes)
            guard page.isEmpty || !isOver && sum <= rules.pageBytes else { break }
            bytes = sum
            page.append(index)
        }
        return (page, bytes)
    }

    private mutating func effects(now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for holder in present.keys.sorted() {
            guard var state = present[holder], state.underWay.isEmpty else { continue }
            state.deadline = nil
            if !state.queue.isEmpty {
                let (page, bytes) = nextPage(of: state.queue)
                state.queue.removeFirst(page.count)
                state.underWay = Set(page)
                let reading = Double(bytes) / Double(rules.bytesPerSecond)
                state.deadline = now + rules.answer + .seconds(min(reading, 86_400))
                effects.append(.ask(holder: holder, entries: page))
            }
            present[holder] = state
        }
        if open == 0, !isFinished, present.values.allSatisfy(\.underWay.isEmpty) {
            isFinished = true
            effects.append(.finish)
        }
        return effects
    }
}
