public import ClusterCore

/// What a reactor tells its handler.
public enum Inbound: Equatable, Sendable {
    /// A message came.
    case message(Envelope, from: MessageOrigin)
    /// A message could not be sent: the peer is not connected. It is dropped.
    case undeliverable(to: PeerID, lane: Lane, requestID: UInt64, type: MessageType)
    /// Frames came that are no message; they are dropped.
    ///
    /// The request is what their header says, 0 where that could not be read.
    case refused(WireError, from: PeerID?, lane: Lane, requestID: UInt64)
    /// The connection of a lane that this process connected has broken: what was asked over it
    /// and not answered is lost. ZeroMQ connects again by itself.
    case disconnected(Lane)
    /// Something else happened to a connection.
    case connection(ConnectionEvent)
}

/// What a reactor has done since its start.
public struct TransportCounters: Equatable, Sendable {
    /// Messages received and understood.
    public var received: UInt64 = 0
    /// Bytes received, refused ones included.
    public var receivedBytes: UInt64 = 0
    /// Messages received and refused, by reason.
    public var refused: [WireError.Kind: UInt64] = [:]
    /// Messages given to ZeroMQ.
    public var sent: UInt64 = 0
    /// Bytes of these.
    public var sentBytes: UInt64 = 0
    /// Messages dropped since their peer was not connected.
    public var undeliverable: UInt64 = 0
    /// Messages dropped since their lane was disconnected or the reactor stopped.
    public var dropped: UInt64 = 0
    /// Messages dropped since their peer had been disconnected, or its key removed.
    public var unwelcome: UInt64 = 0
    /// Handshakes with a client key that is allowed.
    public var keysAccepted: UInt64 = 0
    /// Handshakes with a client key that is not.
    public var keysRefused: UInt64 = 0

    /// Counters at zero.
    public init() {}
}
