/// One message with everything its header carries and the raw frames that follow it.
///
/// Raw frames hold vectors, ordinals, scores and passages, little-endian; each message's type
/// says which it brings. Lengths and checksum of the frames belong to the codec, not to this type.
public struct Envelope: Equatable, Sendable {
    /// The cluster's id; empty in a first ``Hello``.
    public var clusterID: String
    /// The sender's name.
    public var sender: String
    /// The boot nonce of the sender: tells a restarted process from its predecessor.
    public var incarnation: UInt64
    /// The coordinator epoch the sender believes in; 0 in ``Hello``.
    public var epoch: UInt64
    /// Pairs an answer with its request; 0 where no answer is expected.
    public var requestID: UInt64
    /// The fencing token of a lease; 0 elsewhere.
    public var attempt: UInt64
    /// The time left for the request in microseconds, relative to its arrival; 0: no limit.
    public var budgetMicroseconds: UInt64
    /// The W3C trace context, or empty.
    public var traceParent: String
    /// Bytes of bulk credit granted with this message.
    public var credit: UInt64
    /// The version of the wire that its receiver reads, where that is another than this release's:
    /// FAILURE is the same in all.
    public var wireVersion: UInt32?
    /// The message itself.
    public var message: Message
    /// The raw frames after the payload.
    public var frames: [[UInt8]]

    /// Creates an envelope; every field left out has its default.
    public init(
        clusterID: String = "", sender: String = "", incarnation: UInt64 = 0, epoch: UInt64 = 0,
        requestID: UInt64 = 0, attempt: UInt64 = 0, budgetMicroseconds: UInt64 = 0,
        traceParent: String = "", credit: UInt64 = 0, wireVersion: UInt32? = nil,
        message: Message, frames: [[UInt8]] = []
    ) {
        self.clusterID = clusterID
        self.sender = sender
        self.incarnation = incarnation
        self.epoch = epoch
        self.requestID = requestID
        self.attempt = attempt
        self.budgetMicroseconds = budgetMicroseconds
        self.traceParent = traceParent
        self.credit = credit
        self.wireVersion = wireVersion
        self.message = message
        self.frames = frames
    }
}
