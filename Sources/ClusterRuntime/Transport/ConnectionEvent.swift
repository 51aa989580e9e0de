/// What happened to a connection; whoever hears of it logs it or decides by it.
public enum ConnectionEvent: Equatable, Sendable {
    /// On a bound lane: somebody came with a key that is not allowed.
    case keyRefused(fingerprint: String, address: String)
    /// On the bound lanes: a peer's connections were closed.
    case closed(PeerID, CloseReason)
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
        case .closed(let peer, let reason): "closed the connections of \(peer): \(reason)"
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
