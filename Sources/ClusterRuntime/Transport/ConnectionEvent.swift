public import ClusterCore

/// What happened to a connection; whoever hears of it logs it or decides by it.
public enum ConnectionEvent: Equatable, Sendable {
    /// On a bound lane: somebody came with a key that is not allowed.
    case keyRefused(fingerprint: String, address: String)
    /// On the bound lanes: a peer's connections were closed; without a peer, one connection that
    /// had sent no whole message. On connected lanes: those to the server were closed.
    case closed(PeerID?, CloseReason)
    /// On a bound lane: a peer's connection ended by itself, or another of the same peer took its
    /// place. What was on its way over it is lost, however soon the peer connects again.
    case ended(PeerID, Lane)
    /// On a connected lane: the other side let this one in.
    case connected(Lane)
    /// On a connected lane: the other side does not let this one in; it is tried again.
    case rejected(Lane, Rejection)
}

/// Why the connections of a peer were closed.
public enum CloseReason: Equatable, Sendable {
    /// The owner of the reactor asked for it.
    case asked
    /// Its key, of this fingerprint, is no longer in the allow-list.
    case keyRemoved(fingerprint: String)
    /// More of what it sent waits to be handled than one peer may have.
    case tooMuchUnhandled
    /// More waits to be sent to it than one peer, or all together, may have.
    case tooMuchUnread
    /// It sends a message that is larger than any may be, frame after frame.
    case endlessMessage(Lane)
    /// It said nothing for a while after it had connected.
    case silence
    /// There are as many connections as may be.
    case tooManyConnections(limit: Int)

    /// Whether the peer sent, or let lie, more than it may.
    var isExcess: Bool {
        switch self {
        case .tooMuchUnhandled, .tooMuchUnread, .endlessMessage: true
        case .asked, .keyRemoved, .silence, .tooManyConnections: false
        }
    }
}

/// Why a connection that this side began does not come about.
public enum Rejection: Equatable, Sendable {
    /// The other side does not allow this side's key.
    case keyRefused(fingerprint: String, endpoint: String)
    /// One side has keys and the other has none, or they speak different protocols.
    case notUnderstood(endpoint: String)
}

extension ConnectionEvent: CustomStringConvertible {
    /// A line for a log, with the remedy where there is one.
    public var description: String {
        switch self {
        case .keyRefused(let fingerprint, let address):
            "refused key \(fingerprint) from \(address): it is not in the allow-list. Copy its "
                + ".public file to the folder of allowed keys to let it in."
        case .closed(let peer, let reason):
            "closed the connections of \(peer?.description ?? "a stranger"): \(reason)"
        case .ended(let peer, let lane): "the \(lane) connection of \(peer) has ended"
        case .connected(let lane): "the \(lane) lane is connected"
        case .rejected(_, let rejection): rejection.description
        }
    }
}

extension CloseReason: CustomStringConvertible {
    /// The reason, as part of a sentence.
    public var description: String {
        switch self {
        case .asked: "it was asked for"
        case .keyRemoved(let fingerprint): "key \(fingerprint) is no longer in the allow-list"
        case .tooMuchUnhandled: "it sent more than is handled meanwhile"
        case .tooMuchUnread: "it does not read what it asked for"
        case .endlessMessage(let lane): "it sent a message without end on the \(lane) lane"
        case .silence: "it connected and said nothing"
        case .tooManyConnections(let limit): "there are \(limit) connections, the most there may be"
        }
    }
}

extension Rejection: CustomStringConvertible {
    /// One message that ends with the remedy.
    public var description: String {
        switch self {
        case .keyRefused(let fingerprint, let endpoint):
            "\(endpoint) refuses key \(fingerprint). Copy the key's .public file to the folder of "
                + "allowed keys there."
        case .notUnderstood(let endpoint):
            "\(endpoint) does not take this connection: one side has keys and the other has none. "
                + "Give keys on both sides, or on neither."
        }
    }
}
