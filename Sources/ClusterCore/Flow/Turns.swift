/// Members in turn: who is first, and who comes behind.
///
/// ```swift
/// var turns = Turns<String>()
/// turns.append("a")
/// turns.append("b")
/// turns.next()  // "a", who is in no turn now
/// ```
///
/// A member that is appended twice has two turns. Cost: constant on average, where nothing else is
/// said.
public struct Turns<Member: Equatable & Sendable>: Sendable {
    private var order: [Member] = []
    private var head = 0

    /// Turns of nobody.
    public init() {}

    /// Whether nobody has a turn.
    public var isEmpty: Bool { head == order.count }

    /// How many turns there are.
    public var count: Int { order.count - head }

    /// Who has a turn, the first one first.
    public var members: ArraySlice<Member> { order[head...] }

    /// Gives a member the last turn.
    public mutating func append(_ member: Member) { order.append(member) }

    /// Takes the first turn; nil where nobody has one.
    public mutating func next() -> Member? {
        guard !isEmpty else { return nil }
        defer {
            head += 1
            if head * 2 > order.count {
                order.removeFirst(head)
                head = 0
            }
        }
        return order[head]
    }

    /// Gives members the first turns, in their order; cost: that of all turns.
    public mutating func prepend(_ members: [Member]) {
        order.replaceSubrange(..<head, with: members)
        head = 0
    }

    /// Takes a member's turns away; cost: that of all turns.
    public mutating func remove(_ member: Member) {
        order.removeFirst(head)
        head = 0
        order.removeAll { $0 == member }
    }
}
