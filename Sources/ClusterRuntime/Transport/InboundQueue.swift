import ClusterCore

/// What came and waits to be handled: each peer in turn, the lanes by precedence, bounded in bytes.
///
/// Invariants:
/// 1. What one peer sent on one lane is handled in the order it came.
/// 2. A peer that sends much waits for itself: of each lane one message of each peer is handled
///    before a second of any.
/// 3. A lane goes before those below it, except that one of those has its turn after each of the
///    lane's peers had one, and after ``burst`` messages in a row.
/// 4. What the one server of the lanes that this process connected sends is one line, whatever the
///    lane, and so is what becomes of these connections: an answer comes before their end.
/// 5. One peer has at most `peerLimit` bytes waiting, all peers together at most `totalLimit`;
///    whoever goes beyond is named, and has nothing waiting afterwards.
struct InboundQueue {
    /// Messages of one lane in a row while others wait below.
    static let burst = 16
    /// What a message takes beside its frames, decoded, in bytes.
    static let overhead = 512
    /// How often its payload counts: decoded, a text or list takes some times its bytes.
    static let payloadWeight = 4

    private struct Line {
        var messages: [(inbound: Inbound, bytes: Int)] = []
        var head = 0
    }

    private let peerLimit: Int
    private let totalLimit: Int
    /// What is about no peer, or about a connection: it goes first.
    private var news: [Inbound] = []
    private var lines: [[PeerID: Line]] = Lane.allCases.map { _ in [:] }
    private var turns: [Turns<PeerID>] = Lane.allCases.map { _ in Turns() }
    private var held: [PeerID: Int] = [:]
    private var total = 0
    private var streak = (lane: Lane.control, count: 0, limit: InboundQueue.burst)
    /// How often a lane had its turn after one above it.
    private var exceptions = 0

    init(peerLimit: Int, totalLimit: Int) {
        self.peerLimit = peerLimit
        self.totalLimit = totalLimit
    }

    /// Bytes that wait.
    var bytes: Int { total }

    /// Puts something at the end of its line: the peer that is beyond its limit, if one is.
    mutating func add(_ inbound: Inbound) -> PeerID? {
        guard let (peer, lane, bytes) = Self.place(inbound) else {
            if case .connection(.closed(let peer?, _)) = inbound { forget(peer) }
            news.append(inbound)
            return nil
        }
        if lines[lane.rawValue][peer] == nil { turns[lane.rawValue].append(peer) }
        lines[lane.rawValue][peer, default: Line()].messages.append((inbound, bytes))
        held[peer, default: 0] += bytes
        total += bytes
        if held[peer, default: 0] > peerLimit {
            forget(peer)
            return peer
        }
        guard total > totalLimit, let most = held.max(by: { $0.value < $1.value })?.key else {
            return nil
        }
        forget(most)
        return most
    }

    /// What is handled next.
    mutating func next() -> Inbound? {
        if !news.isEmpty { return news.removeFirst() }
        let waiting = Lane.allCases.filter { !turns[$0.rawValue].isEmpty }
        guard let lane = waiting.first else { return nil }
        if streak.lane != lane || streak.count == 0 {
            streak = (lane, 0, min(Self.burst, turns[lane.rawValue].count))
        }
        if streak.count >= streak.limit, waiting.count > 1 {
            // Those below take turns too: the lowest every other time.
            exceptions &+= 1
            streak.count = 0
            return take(exceptions % 2 == 0 ? waiting[1] : waiting[waiting.count - 1])
        }
        streak.count += 1
        return take(lane)
    }

    /// Removes what a peer sent.
    mutating func forget(_ peer: PeerID) {
        for lane in Lane.allCases where lines[lane.rawValue].removeValue(forKey: peer) != nil {
            turns[lane.rawValue].remove(peer)
        }
        total -= held.removeValue(forKey: peer) ?? 0
    }

    private mutating func take(_ lane: Lane) -> Inbound? {
        guard let peer = turns[lane.rawValue].next(),
            var line = lines[lane.rawValue].removeValue(forKey: peer)
        else { return nil }
        let (inbound, bytes) = line.messages[line.head]
        // What was handled is let go of at once, and its place once half of the line is such.
        line.messages[line.head].inbound = .connection(.connected(lane))
        line.head += 1
        if line.head * 2 > line.messages.count {
            line.messages.removeFirst(line.head)
            line.head = 0
        }
        if !line.messages.isEmpty {
            lines[lane.rawValue][peer] = line
            turns[lane.rawValue].append(peer)
        }
        total -= bytes
        let rest = (held[peer] ?? 0) - bytes
        held[peer] = rest > 0 ? rest : nil
        return inbound
    }

    /// Whose line a thing belongs to, and what it takes.
    private static func place(_ inbound: Inbound) -> (PeerID, Lane, Int)? {
        switch inbound {
        case .message(let envelope, let origin):
            let bytes = bytes(of: envelope, from: origin)
            guard let peer = origin.peer else { return (Outbox.theServer, .control, bytes) }
            return (peer, origin.lane, bytes)
        case .refused(_, let frames):
            guard let peer = frames.origin.peer else {
                return (Outbox.theServer, .control, overhead)
            }
            return (peer, frames.origin.lane, overhead)
        // After what came over it.
        case .connection(.ended(let peer, let lane)): return (peer, lane, overhead)
        case .disconnected, .connection(.connected), .connection(.rejected):
            return (Outbox.theServer, .control, overhead)
        case .undeliverable, .connection(.closed), .connection(.keyRefused): return nil
        }
    }

    /// What a message takes while it waits.
    static func bytes(of envelope: Envelope, from origin: MessageOrigin) -> Int {
        let frames = envelope.frames.reduce(0) { $0 + $1.count }
        return overhead + frames + payloadWeight * max(0, origin.bytes - frames)
    }
}
