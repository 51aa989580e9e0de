/// Which of a client's requests are under way, and when a refused one is asked again.
///
/// Request: under way → answered, or under way → refused → under way …, or given up.
///
/// Invariants:
/// 1. No more than ``width`` requests are under way or begin; `width` is 1 to ``most``.
/// 2. A refusal halves the width: who is told that too much is there asks for less. Each width of
///    answers in a row widens it by one.
/// 3. A refused request waits for at least what the other side said, and for a random part of a
///    span that doubles, so that many clients do not come back at one moment.
/// 4. No request is asked again at or after its deadline.
public struct RequestWindow: Sendable {
    /// The span of the first pause.
    public static let firstSpan: Duration = .milliseconds(20)
    /// The longest span.
    public static let longestSpan: Duration = .seconds(1)

    /// Requests under way at once at most.
    public let most: Int
    /// Requests that may be under way now.
    public private(set) var width: Int

    private struct Entry {
        var deadline: Instant
        var refusals = 0
        /// When it may be asked again; nil while it is under way.
        var resumesAt: Instant?
    }

    private var entries: [Int: Entry] = [:]
    private var answersInRow = 0

    /// Makes a window without requests.
    public init(most: Int) {
        precondition(most > 0, "a window of \(most) requests")
        self.most = most
        width = most
    }

    /// Whether one more request may begin.
    public var hasRoom: Bool { entries.count < width }

    /// A request begins; numbers grow in the order in which answers are wanted.
    public mutating func begin(_ number: Int, deadline: Instant) {
        entries[number] = Entry(deadline: deadline)
    }

    /// A request has ended; an answer widens the window, a failure does not.
    public mutating func end(_ number: Int, isAnswered: Bool) {
        guard entries.removeValue(forKey: number) != nil, isAnswered else { return }
        answersInRow += 1
        if answersInRow >= width, width < most {
            width += 1
            answersInRow = 0
        }
    }

    /// A request was refused since too much is under way: whether it is asked again.
    ///
    /// - Parameters:
    ///   - hint: After which the other side wants to be asked again; zero where it did not say.
    ///   - random: Uniform over all numbers.
    public mutating func refused(
        _ number: Int, hint: Duration, now: Instant, random: UInt64
    ) -> Bool {
        guard var entry = entries[number] else { return false }
        let doublings = min(entry.refusals, 16)
        let span = min(Self.firstSpan * (1 << doublings), Self.longestSpan)
        let part = Double(random >> 11) / Double(UInt64(1) << 53)
        let resumesAt = now + max(hint, .zero) + span * part
        width = max(1, width / 2)
        answersInRow = 0
        guard resumesAt < entry.deadline else { return false }
        entry.refusals += 1
        entry.resumesAt = resumesAt
        entries[number] = entry
        return true
    }

    /// The refused requests to be asked again now, with their deadlines: the oldest first.
    public mutating func due(now: Instant) -> [(number: Int, deadline: Instant)] {
        var room = room
        var due: [(number: Int, deadline: Instant)] = []
        for (number, entry) in entries.sorted(by: { $0.key < $1.key }) where room > 0 {
            guard let resumesAt = entry.resumesAt, resumesAt <= now else { continue }
            entries[number]?.resumesAt = nil
            due.append((number, entry.deadline))
            room -= 1
        }
        return due
    }

    /// When a refused request may be asked again at the earliest; nil where none waits, or where
    /// those under way fill the window: then nothing is due before one of them ends.
    public var nextDue: Instant? {
        room > 0 ? entries.values.compactMap(\.resumesAt).min() : nil
    }

    /// How many more may be under way at once.
    private var room: Int { width - entries.values.count { $0.resumesAt == nil } }
}
