import ClusterCore

/// Which ipc connection sends a message without end.
///
/// As ``UnfinishedMessages``, but over ipc the system does not count what came. A whole message is
/// read within moments there: where bytes of a connection lay unread at several looks, no message
/// of it came out although its lane was read until nothing was left, and this process has grown
/// meanwhile by far more than a message may have, it is such a message.
struct LocalUnfinishedMessages {
    /// Looks at which bytes lay unread.
    static let looks = 4
    /// Growth beyond the largest message, in bytes: others make the process grow too.
    static let growth = 64 << 20

    private struct Count {
        var inode: UInt64
        var messages: UInt64
        var residentBytes: UInt64
        var looks = 1
    }

    private var counts: [CInt: Count] = [:]

    /// Looks at one connection: whether it sends without end.
    ///
    /// - Parameters:
    ///   - unread: Bytes that came over it and lie unread.
    ///   - isDry: Whether nothing of the lane waited to be read just now.
    ///   - residentBytes: What this process holds; found out where it matters.
    mutating func look(
        at entry: ConnectionTable.Entry, unread: Int, isDry: Bool, residentBytes: () -> UInt64
    ) -> Bool {
        guard unread > 0, isDry else { return false }
        guard var count = counts[entry.descriptor], count.inode == entry.inode,
            count.messages == entry.messages
        else {
            counts[entry.descriptor] = Count(
                inode: entry.inode, messages: entry.messages, residentBytes: residentBytes())
            return false
        }
        count.looks += 1
        counts[entry.descriptor] = count
        guard count.looks >= Self.looks else { return false }
        let limit = UInt64(entry.lane.limits.message + Self.growth)
        return residentBytes() > count.residentBytes + limit
    }

    /// Forgets connections that have ended.
    mutating func keep(_ descriptors: Set<CInt>) {
        counts = counts.filter { descriptors.contains($0.key) }
    }
}
