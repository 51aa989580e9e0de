import Base
public import ClusterCore

/// The one thread of a process that owns its sockets.
///
/// The side that binds (``bind(_:to:)``) hears from many peers and names one to send to; the side
/// that connects (``connect(_:to:)``) has one server. Sending never waits: messages go to a queue
/// per lane and peer, bounded in bytes, and from there to ZeroMQ as the connection takes them.
///
/// Delivery is at most once and in order per lane and peer. A message that ZeroMQ has taken is
/// lost when the connection breaks; whoever must know asks for an answer.
///
/// The handler runs on the reactor's thread: nothing is sent or received meanwhile, so it hands
/// work to others and returns. Held up for more than a second it loses connections: nothing reads
/// what comes, ZeroMQ's own queue fills, and then heartbeats stay unread behind the messages.
/// The handler may call everything here; ``stop()`` then returns at once.
/// A handler that holds its reactor keeps it alive until ``stop()``.
///
/// A process that has a reactor must not fork.
public final class Reactor: Sendable {
    /// The routing id of this process, on every lane that it connects.
    public let id: PeerID

    private let core: ReactorCore

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - name: the name of this process, 1 to 200 bytes.
    ///   - incarnation: its boot nonce, new at each start.
    ///   - security: who may reach what is bound.
    ///   - queueLimitBytes: the most that waits per lane and peer.
    ///   - handler: takes what comes, on the reactor's thread.
    public init(
        name: String, incarnation: UInt64, security: SecurityPolicy = .localOnly,
        queueLimitBytes: Int = 64 << 20, handler: @escaping @Sendable (Inbound) -> Void
    ) throws(TransportError) {
        guard (1...PeerID.maximumNameBytes).contains(name.utf8.count) else {
            throw .nameTooLong(bytes: name.utf8.count, limit: PeerID.maximumNameBytes)
        }
        raiseFileLimit()
        id = PeerID(name: name, incarnation: incarnation)
        core = try ReactorCore(queueLimitBytes: queueLimitBytes)
        let loop = try ReactorLoop(core: core, id: id, security: security, handler: handler)
        try core.start(loop)
    }

    deinit {
        stop()
    }

    /// What has happened since the start.
    public var counters: TransportCounters { core.state.withLock { $0.counters } }

    /// Listens on an endpoint; a lane may listen on several.
    ///
    /// Returns the endpoint with the port that the system chose where it was given as 0. Throws
    /// ``TransportError/addressInUse(endpoint:)`` where somebody listens there already.
    public func bind(_ lane: Lane, to endpoint: String) throws(TransportError) -> String {
        try core.perform { loop throws(TransportError) in try loop.bind(lane, to: endpoint) }
    }

    /// Connects a lane, now or whenever the server is there; messages wait until then.
    ///
    /// On a lane that is connected this drops the old connection and what waits for it. A server
    /// that refused the keys or the protocol is told of and tried again each second.
    public func connect(_ lane: Lane, to endpoint: String) throws(TransportError) {
        try core.perform { loop throws(TransportError) in
            try loop.connect(lane, to: endpoint)
        }
    }

    /// Drops the connection of a lane and what waits for it; nothing happens where there is none.
    public func disconnect(_ lane: Lane) throws(TransportError) {
        try core.perform { loop throws(TransportError) in loop.disconnect(lane) }
    }

    /// Closes all connections of a peer on the bound lanes.
    ///
    /// What waits for it is dropped, and so is what it sent and was not read yet; it is heard again
    /// once it has connected anew.
    public func disconnect(_ peer: PeerID) throws(TransportError) {
        try disconnect(peer, .asked)
    }

    /// The same for a reason that is told; ``Outbox/theServer`` is that of the connected lanes, and
    /// connected anew.
    func disconnect(_ peer: PeerID, _ reason: CloseReason) throws(TransportError) {
        try core.perform { loop throws(TransportError) in loop.disconnect(peer, reason) }
    }

    /// Gives memory that is freed about now back to the system, soon.
    func giveBackMemory() {
        core.giveBackMemory()
    }

    /// Sends to a peer on a lane that is bound.
    ///
    /// A peer that is not connected is reported as
    /// ``Inbound/undeliverable(to:lane:requestID:type:)``.
    public func send(
        _ envelope: Envelope, on lane: Lane, to peer: PeerID
    ) throws(TransportError) {
        try core.send(envelope, on: lane, to: peer, role: .bound)
    }

    /// Sends to the server on a lane that is connected.
    public func send(_ envelope: Envelope, on lane: Lane) throws(TransportError) {
        try core.send(envelope, on: lane, to: Outbox.theServer, role: .connected)
    }

    /// Sends what waits for up to half a second, closes everything and ends the thread.
    ///
    /// Returns when the thread has ended, within about a second; called again it does nothing.
    public func stop() {
        core.stop()
    }
}
