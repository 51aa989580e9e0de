public import ClusterCore

/// Who a message is from, as far as the transport can prove it.
///
/// ```swift
/// case .message(let envelope, let sender):
///     guard sender.key.map(allowed.contains) ?? true else { return }
/// ```
public struct MessageOrigin: Hashable, Sendable {
    /// The routing id that the other side chose; nil on a lane that this process connected.
    public var peer: PeerID?
    /// The public key that the other side proved, in Z85; nil over ipc and without keys.
    public var key: String?
    /// The lane that the message came on.
    public var lane: Lane
    /// Bytes of the message on the wire, all frames and the routing id together.
    public var bytes: Int

    /// Names a sender.
    public init(peer: PeerID?, key: String? = nil, lane: Lane, bytes: Int = 0) {
        self.peer = peer
        self.key = key
        self.lane = lane
        self.bytes = bytes
    }
}
