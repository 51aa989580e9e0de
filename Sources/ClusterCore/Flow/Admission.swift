import Base

/// Which questions are let in at once, which wait for that, and when one that is refused should
/// come back.
///
/// Request: asked → under way → finished, or asked → waits → under way …, or waits → left, or
/// refused.
///
/// Invariants:
/// 1. Questions under way never exceed ``limit``.
/// 2. A peer that has some under way never exceeds a ``share`` of it, so that one cannot keep the
///    others out.
/// 3. While requests wait that may be let in, none is refused or goes ahead of them: the peers that
///    wait take turns, and what one peer asked is let in in the order of its asking.
/// 4. What waits never exceeds ``room`` bytes, and what one peer has waiting never a quarter of it.
///    Only beyond that is refused.
/// 5. Those who are refused are told moments one behind another, as fast as questions have been
///    finished lately: they come back when there is room, and not all at once.
public struct Admission<Peer: Hashable & Sendable>: Sendable {
    /// What becomes of a request.
    public enum Verdict: Equatable, Sendable {
        /// It is under way; ``finished(_:of:now:)`` must follow.
        case admitted
        /// It waits; ``finished(_:of:now:)`` will name it, unless ``left(_:of:now:)`` comes first.
        case waits
        /// Too much waits: it may be asked again after this time.
        case refused(retryAfter: Duration)
        /// It is larger than what may ever be under way.
        case tooLarge(limit: Int)
    }

    /// A request that asks to be let in.
    public struct Request: Hashable, Sendable {
        /// What names it.
        public var number: UInt64
        /// How many questions it has.
        public var questions: Int
        /// Bytes that it takes while it waits.
        public var bytes: Int

        /// A request of these parts.
        public init(number: UInt64, questions: Int, bytes: Int) {
            self.number = number
            self.questions = questions
            self.bytes = bytes
        }
    }

    /// The least and the most that a refused request is told to wait.
    private static var pauses: ClosedRange<Duration> { .milliseconds(10) ... .seconds(2) }
    /// Over which time the rate of finished questions is taken.
    private static var period: Duration { .milliseconds(200) }

    /// Questions under way at once at most.
    public let limit: Int
    /// Bytes of requests that may wait.
    public let room: Int
    /// Questions under way.
    public private(set) var underWay = 0
    /// Bytes of requests that wait.
    public private(set) var bytesWaiting = 0

    private var ofPeer: [Peer: Int] = [:]
    private var lines: [Peer: Line] = [:]
    /// The peers that wait, in turn.
    private var turns = Turns<Peer>()
    /// Questions finished per second, lately; nil before any was.
    private var rate: Double?
    private var periodBegan: Instant?
    private var finishedInPeriod = 0
    /// The moment that the last one refused was told.
    private var lastTold: Instant?

    /// What one peer has waiting.
    private struct Line {
        var requests: [Request] = []
        var bytes = 0
    }

    /// Makes a gate with nobody under way.
    ///
    /// - Parameters:
    ///   - limit: Questions under way at once at most, 1 or more.
    ///   - room: Bytes of requests that may wait.
    public init(limit: Int, room: Int) {
        precondition(limit > 0, "a limit of \(limit) questions")
        self.limit = limit
        self.room = room
    }

    /// The most that one peer may have under way, beside its first request.
    public var share: Int { max(1, limit / 4) }

    /// Whether a request of a peer is let in.
    public mutating func ask(_ request: Request, of peer: Peer, now: Instant) -> Verdict {
        let count = request.questions
        guard count <= limit else { return .tooLarge(limit: limit) }
        // Whoever waits could not be let in: only another peer's may be smaller or within a share.
        if lines[peer] == nil, hasRoom(count), !hasLineAhead(of: peer), isShare(count, of: peer) {
            begin(count, of: peer, now: now)
            return .admitted
        }
        let held = lines[peer]?.bytes ?? 0
        guard bytesWaiting + request.bytes <= room, held + request.bytes <= room / 4 else {
            return .refused(retryAfter: pause(count, now: now))
        }
        if lines[peer] == nil { turns.append(peer) }
        lines[peer, default: Line()].requests.append(request)
        lines[peer]?.bytes += request.bytes
        bytesWaiting += request.bytes
        return .waits
    }

    /// Questions that were let in are answered, or have failed: the requests that are let in now.
    public mutating func finished(_ count: Int, of peer: Peer, now: Instant) -> [UInt64] {
        underWay -= count
        let held = (ofPeer[peer] ?? 0) - count
        ofPeer[peer] = held > 0 ? held : nil
        noteFinished(count, now: now)
        return admitWaiting(now: now)
    }

    /// A request waits no longer, since its time is over: the requests that are let in now.
    public mutating func left(_ number: UInt64, of peer: Peer, now: Instant) -> [UInt64] {
        guard let index = lines[peer]?.requests.firstIndex(where: { $0.number == number }),
            let request = lines[peer]?.requests.remove(at: index)
        else { return [] }
        lines[peer]?.bytes -= request.bytes
        bytesWaiting -= request.bytes
        if lines[peer]?.requests.isEmpty == true {
            lines[peer] = nil
            turns.remove(peer)
        }
        return admitWaiting(now: now)
    }

    /// Lets in what waits, each peer in turn, as far as there is room.
    private mutating func admitWaiting(now: Instant) -> [UInt64] {
        var admitted: [UInt64] = []
        // Peers that have their share are passed over, and keep their turns.
        var passed: [Peer] = []
        while let peer = turns.members.first, let next = lines[peer]?.requests.first {
            let isShare = isShare(next.questions, of: peer)
            guard !isShare || hasRoom(next.questions) else { break }
            _ = turns.next()
            guard isShare else {
                passed.append(peer)
                continue
            }
            lines[peer]?.requests.removeFirst()
            lines[peer]?.bytes -= next.bytes
            bytesWaiting -= next.bytes
            begin(next.questions, of: peer, now: now)
            admitted.append(next.number)
            if lines[peer]?.requests.isEmpty == true {
                lines[peer] = nil
            } else {
                turns.append(peer)
            }
        }
        if !passed.isEmpty { turns.prepend(passed) }
        return admitted
    }

    private mutating func begin(_ count: Int, of peer: Peer, now: Instant) {
        if underWay == 0 {
            // A pause without questions says nothing of how fast they are answered.
            periodBegan = now
            finishedInPeriod = 0
        }
        underWay += count
        ofPeer[peer, default: 0] += count
    }

    private func hasRoom(_ count: Int) -> Bool { underWay + count <= limit }

    private func isShare(_ count: Int, of peer: Peer) -> Bool {
        let held = ofPeer[peer] ?? 0
        return held == 0 || held + count <= share
    }

    /// Whether somebody waits for room, and not for what he has under way himself.
    private func hasLineAhead(of peer: Peer) -> Bool {
        turns.members.contains { waiting in
            guard let next = lines[waiting]?.requests.first else { return false }
            return isShare(next.questions, of: waiting)
        }
    }

    private mutating func noteFinished(_ count: Int, now: Instant) {
        finishedInPeriod += count
        guard let began = periodBegan, now - began >= Self.period else { return }
        let lately = Double(finishedInPeriod) / (now - began).seconds
        rate = rate.map { ($0 + lately) / 2 } ?? lately
        periodBegan = now
        finishedInPeriod = 0
    }

    private mutating func pause(_ count: Int, now: Instant) -> Duration {
        let step = rate.map { .seconds(Double(count) / max($0, 1)) } ?? Self.pauses.lowerBound
        let told = max(lastTold ?? now, now) + step
        let pause = min(max(told - now, Self.pauses.lowerBound), Self.pauses.upperBound)
        lastTold = now + pause
        return pause
    }
}
