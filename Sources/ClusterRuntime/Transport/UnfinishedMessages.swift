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
struct UnfinishedMessages {
    /// What a message on the wire takes beside its frames: lengths, and boxes where encrypted.
    private static let slack = 1 << 20

    private struct Count {
        var inode: UInt64
        var messages: UInt64
        var bytes: UInt64
        var turns: UInt64
    }

    private var counts: [CInt: Count] = [:]

    /// Looks at one connection.
    ///
    /// - Parameters:
    ///   - bytes: what came over it in all, as the system counts.
    ///   - turns: messages read from its lane in all.
    ///   - peers: connections of its lane, among which ZeroMQ takes turns.
    ///   - isDry: whether nothing of the lane waited to be read just now.
    ///
    /// Whether it sends without end.
    mutating func look(
        at entry: ConnectionTable.Entry, bytes: UInt64, turns: UInt64, peers: Int, isDry: Bool
    ) -> Bool {
        let known = counts[entry.descriptor].flatMap { known in
            let isOfNow = known.inode == entry.inode && known.messages == entry.messages
            return isOfNow && bytes >= known.bytes ? known : nil
        }
        let since =
            known
            ?? Count(
                inode: entry.inode, messages: entry.messages,
                bytes: entry.messages == 0 ? 0 : bytes, turns: turns)
        counts[entry.descriptor] = since
        let limit = UInt64(entry.lane.limits.message + Self.slack)
        // The connection itself may be none of those yet.
        let hadItsTurn = isDry || turns - since.turns >= 2 * UInt64(peers + 1)
        return hadItsTurn && bytes - since.bytes > limit
    }

    /// Forgets connections that have ended.
    mutating func keep(_ descriptors: Set<CInt>) {
        counts = counts.filter { descriptors.contains($0.key) }
    }
}
