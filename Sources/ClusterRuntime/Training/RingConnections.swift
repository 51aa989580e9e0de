import CZeroMQ

/// The connections of a ring's way in, of which one is that of the rank before.
///
/// A port that other hosts reach is found by scanners too: who comes and goes there without being
/// the rank before ends nothing. ZeroMQ tells the descriptors of connections that come and go, and
/// that of a message's connection, but not which of them has proved its key.
struct RingConnections {
    /// The events that ``note(_:_:)`` wants to hear of.
    static let events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED

    /// Descriptors of the connections that stand, of strangers too.
    private var standing: Set<CInt> = []
    /// How many connections have been let in, ever.
    private var letIn = 0
    private var hasEnded = false

    /// The descriptor of the connection that messages come over, once one came.
    ///
    /// It is set when all events up to that message are noted: strangers before may have had it.
    var ofRankBefore: CInt?

    /// Whether the connection of the rank before has ended.
    ///
    /// Until a message tells which one that is, it is one of those that were let in.
    var hasLostRankBefore: Bool {
        hasEnded || ofRankBefore == nil && standing.count < letIn
    }

    /// Takes note of an event and its value, in the order in which ZeroMQ tells them.
    mutating func note(_ kind: CInt, _ value: CInt) {
        switch kind {
        case ZMQ_EVENT_ACCEPTED: standing.insert(value)
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: letIn += 1
        case ZMQ_EVENT_DISCONNECTED:
            standing.remove(value)
            hasEnded = hasEnded || value == ofRankBefore
        default: break
        }
    }
}
