import ClusterCore

/// A message on its way out.
struct Outgoing: Sendable {
    fileprivate(set) var frames: [[UInt8]]
    let bytes: Int
    let requestID: UInt64
    let type: MessageType

    init(frames: [[UInt8]], requestID: UInt64, type: MessageType) {
        self.frames = frames
        bytes = frames.reduce(0) { $0 + $1.count }
        self.requestID = requestID
        self.type = type
    }
}

/// The messages that ZeroMQ has not taken yet: one queue per lane and peer, bounded in bytes.
///
/// Invariants:
/// 1. Messages of one lane and peer leave in the order they came.
/// 2. A queue holds at most `limitBytes`, except that an empty queue takes any one message.
/// 3. All queues together hold at most `totalBytes`, except that empty queues take one message
///    each.
/// 4. Only peers with messages have a queue, so memory does not grow with peers that left.
struct Outbox {
    /// The peer of a lane that this process connected: there is one, and it needs no name.
    static let theServer = PeerID(bytes: [])

    private struct Queue {
        var messages: [Outgoing] = []
        var head = 0
        var bytes = 0
        /// Whether its peer waits for its turn, and is not being served.
        var isInLine = true

        mutating func append(_ message: Outgoing) {
            messages.append(message)
            bytes += message.bytes
        }
    }

    private let limitBytes: Int
    private let totalBytes: Int
    /// Bytes that wait.
    private(set) var bytes = 0
    private var queues: [[PeerID: Queue]] = Lane.allCases.map { _ in [:] }
    /// The peers of each lane in turn, but those that are being served.
    private var turns: [Turns<PeerID>] = Lane.allCases.map { _ in Turns() }

    init(limitBytes: Int, totalBytes: Int? = nil) {
        self.limitBytes = limitBytes
        self.totalBytes = totalBytes ?? 4 * limitBytes
    }

    /// Whether nothing waits on any lane.
    var isEmpty: Bool { queues.allSatisfy(\.isEmpty) }

    /// The peer that must go before one more message can wait for `peer`.
    ///
    /// That is the peer itself where its queue is full, and the one with the most waiting where
    /// all together are; nil where there is room.
    func offender(
        for message: Outgoing, on lane: Lane, to peer: PeerID
    ) -> PeerID? {
        if fullness(for: message, on: lane, to: peer) != nil { return peer }
        guard bytes + message.bytes > totalBytes else { return nil }
        var waiting: [PeerID: Int] = [:]
        for queue in queues.joined() { waiting[queue.key, default: 0] += queue.value.bytes }
        return waiting.max { $0.value < $1.value }?.key
    }

    /// The error of a queue that has no room for a message.
    func fullness(for message: Outgoing, on lane: Lane, to peer: PeerID) -> TransportError? {
        guard let queued = queues[lane.rawValue][peer]?.bytes,
            queued + message.bytes > limitBytes
        else { return nil }
        return .queueFull(
            lane: lane, peer: peer.description, queuedBytes: queued,
            messageBytes: message.bytes, limitBytes: limitBytes)
    }

    /// Puts a message at the end of its queue.
    ///
    /// Throws ``TransportError/queueFull(lane:peer:queuedBytes:messageBytes:limitBytes:)``.
    mutating func add(
        _ message: Outgoing, on lane: Lane, to peer: PeerID
    ) throws(TransportError) {
        if let error = fullness(for: message, on: lane, to: peer) { throw error }
        if queues[lane.rawValue][peer] == nil { turns[lane.rawValue].append(peer) }
        queues[lane.rawValue][peer, default: Queue()].append(message)
        bytes += message.bytes
    }

    /// The peer whose turn it is and its first message; ``sent(on:to:)`` or ``passed(on:_:)``
    /// follows.
    mutating func next(on lane: Lane) -> (peer: PeerID, message: Outgoing)? {
        guard let peer = turns[lane.rawValue].next(), let queue = queues[lane.rawValue][peer] else {
            return nil
        }
        queues[lane.rawValue][peer]?.isInLine = false
        return (peer, queue.messages[queue.head])
    }

    /// The peer whose turn it was could not be served, and comes behind the others.
    mutating func passed(on lane: Lane, _ peer: PeerID) {
        guard queues[lane.rawValue][peer]?.isInLine == false else { return }
        queues[lane.rawValue][peer]?.isInLine = true
        turns[lane.rawValue].append(peer)
    }

    /// Removes the message whose turn it was; its peer comes behind the others.
    mutating func sent(on lane: Lane, to peer: PeerID) {
        // Where all was dropped meanwhile, what is there now came later.
        guard queues[lane.rawValue][peer]?.isInLine == false,
            var queue = queues[lane.rawValue].removeValue(forKey: peer)
        else { return }
        queue.bytes -= queue.messages[queue.head].bytes
        bytes -= queue.messages[queue.head].bytes
        queue.messages[queue.head].frames = []
        queue.head += 1
        if queue.head == queue.messages.count { return }
        queue.isInLine = true
        turns[lane.rawValue].append(peer)
        // Moves the rest forward once the sent half is the larger one: constant cost on average.
        if queue.head > queue.messages.count / 2 {
            queue.messages.removeFirst(queue.head)
            queue.head = 0
        }
        queues[lane.rawValue][peer] = queue
    }

    /// Removes all messages to a peer.
    mutating func removeAll(on lane: Lane, to peer: PeerID) -> [Outgoing] {
        guard let queue = queues[lane.rawValue].removeValue(forKey: peer) else { return [] }
        if queue.isInLine { turns[lane.rawValue].remove(peer) }
        bytes -= queue.bytes
        return Array(queue.messages[queue.head...])
    }

    /// Removes all messages on a lane: how many there were.
    mutating func removeAll(on lane: Lane) -> Int {
        Array(queues[lane.rawValue].keys).reduce(0) { $0 + removeAll(on: lane, to: $1).count }
    }
}
