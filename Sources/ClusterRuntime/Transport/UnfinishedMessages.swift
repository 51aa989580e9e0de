import ClusterCore

/// Which connection sends a message without end.
///
/// ZeroMQ hands over whole messages only and bounds single frames only, so what a connection has
/// sent of a message that never ends cannot be seen in ZeroMQ. The system knows how many bytes
/// came over a connection: where these grow beyond what a message may have while no message of
/// the connection comes out, although every other one had its turn, it is such a message.
///
/// Invariants:
/// 1. Bytes are counted from the first look after the last message of the connection; before its
///    first message, from its beginning.
/// 2. A message within its limit never counts: it has fewer bytes than the limit allows.
/// 3. Two looks must agree: messages may come out while the first one looks.
struct UnfinishedMessages {
    /// What a message on the wire takes beside its frames: lengths, and boxes where encrypted.
    private static let slack = 1 << 20

    private struct Count {
        var inode: UInt64
        var messages: UInt64
        var bytes: UInt64
        var turns: UInt64
        /// Bytes since then, at the last look.
        var since: UInt64 = 0
        /// Whether these were too many.
        var isOver = false
    }

    private var counts: [CInt: Count] = [:]

    /// Looks at one connection.
    ///
    /// - Parameters:
    ///   - bytes: what came over it in all, as the system counts.
    ///   - unread: how much of that ZeroMQ has not read yet; found out where it matters.
    ///   - turns: messages read from its lane in all.
    ///   - peers: connections of its lane, among which ZeroMQ takes turns.
    ///   - isDry: whether nothing of the lane waited to be read just now.
    ///
    /// Whether it sends without end.
    mutating func look(
        at entry: ConnectionTable.Entry, bytes: UInt64, unread: () -> Int, turns: UInt64,
        peers: Int, isDry: Bool
    ) -> Bool {
        let known = counts[entry.descriptor].flatMap { known in
            let isOfNow = known.inode == entry.inode && known.messages == entry.messages
            return isOfNow && bytes >= known.bytes ? known : nil
        }
        var since =
            known
            ?? Count(
                inode: entry.inode, messages: entry.messages,
                bytes: entry.messages == 0 ? 0 : bytes, turns: turns)
        since.since = bytes - since.bytes
        let limit = UInt64(entry.lane.limits.message + Self.slack)
        // The connection itself may be none of those yet.
        let hadItsTurn = isDry || turns - since.turns >= 2 * UInt64(peers + 1)
        let wasOver = since.isOver
        since.isOver =
            hadItsTurn && since.since > limit && since.since > limit + UInt64(max(0, unread()))
        counts[entry.descriptor] = since
        return wasOver && since.isOver
    }

    /// Whether much of one message had come over a connection when it was last looked at.
    func isLong(_ entry: ConnectionTable.Entry) -> Bool {
        (counts[entry.descriptor]?.since ?? 0) > UInt64(entry.lane.limits.message / 4)
    }

    /// Forgets connections that have ended.
    mutating func keep(_ descriptors: Set<CInt>) {
        counts = counts.filter { descriptors.contains($0.key) }
    }
}
