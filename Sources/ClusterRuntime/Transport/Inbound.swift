public import ClusterCore

/// What a reactor tells its handler.
public enum Inbound: Equatable, Sendable {
    /// A message came.
    case message(Envelope, from: MessageOrigin)
    /// A message could not be sent: the peer is not connected. It is dropped.
    case undeliverable(to: PeerID, lane: Lane, requestID: UInt64, type: MessageType)
    /// Frames came that are no message; they are dropped.
    case refused(WireError, RefusedFrames)
    /// The connection of a lane that this process connected has broken: what was asked over it
    /// and not answered is lost. ZeroMQ connects again by itself.
    case disconnected(Lane)
    /// Something else happened to a connection.
    case connection(ConnectionEvent)
}

/// What is known of frames that are no message: as their header says it, 0 where that cannot be
/// read.
public struct RefusedFrames: Equatable, Sendable {
    /// Who sent them.
    public var origin: MessageOrigin
    /// The boot nonce of the sender.
    public var incarnation: UInt64
    /// The request that they belong to.
    public var requestID: UInt64
    /// The lease that they are about.
    public var attempt: UInt64

    /// Frames of a sender.
    public init(
        from origin: MessageOrigin, incarnation: UInt64 = 0, requestID: UInt64 = 0,
        attempt: UInt64 = 0
    ) {
        self.origin = origin
        self.incarnation = incarnation
        self.requestID = requestID
        self.attempt = attempt
    }
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
