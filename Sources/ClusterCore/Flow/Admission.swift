import Base

/// How many questions are let in at once, and when one that is refused should come back.
///
/// Invariants:
/// 1. Questions under way never exceed ``limit``.
/// 2. A peer that has some under way never exceeds a ``share`` of it, so that one cannot keep the
///    others out.
/// 3. Those who are refused are told moments one behind another, as fast as questions have been
///    finished lately: they come back when there is room, and not all at once.
public struct Admission<Peer: Hashable & Sendable>: Sendable {
    /// What becomes of a request.
    public enum Verdict: Equatable, Sendable {
        /// It is under way; ``finished(_:of:now:)`` must follow.
        case admitted
        /// Too much is under way: it may be asked again after this time.
        case refused(retryAfter: Duration)
        /// It is larger than what may ever be under way.
        case tooLarge(limit: Int)
    }

    /// The least and the most that a refused request is told to wait.
    private static var pauses: ClosedRange<Duration> { .milliseconds(10) ... .seconds(2) }
    /// Over which time the rate of finished questions is taken.
    private static var period: Duration { .milliseconds(200) }

    /// Questions under way at once at most.
    public let limit: Int
    /// Questions under way.
    public private(set) var underWay = 0

    private var ofPeer: [Peer: Int] = [:]
    /// Questions finished per second, lately; nil before any was.
    private var rate: Double?
    private var periodBegan: Instant?
    private var finishedInPeriod = 0
    /// The moment that the last one refused was told.
    private var lastTold: Instant?

    /// Makes a gate with nobody under way.
    public init(limit: Int) {
        precondition(limit > 0, "a limit of \(limit) questions")
        self.limit = limit
    }

    /// The most that one peer may have under way, beside its first request.
    public var share: Int { max(1, limit / 4) }

    /// Whether `count` questions of a peer are let in.
    public mutating func admit(_ count: Int, of peer: Peer, now: Instant) -> Verdict {
        guard count <= limit else { return .tooLarge(limit: limit) }
        let held = ofPeer[peer] ?? 0
        guard underWay + count <= limit, held == 0 || held + count <= share else {
            return .refused(retryAfter: pause(count, now: now))
        }
        if underWay == 0 {
            // A pause without questions says nothing of how fast they are answered.
            periodBegan = now
            finishedInPeriod = 0
        }
        underWay += count
        ofPeer[peer] = held + count
        return .admitted
    }

    /// Questions that were let in are answered, or have failed.
    public mutating func finished(_ count: Int, of peer: Peer, now: Instant) {
        underWay -= count
        let held = (ofPeer[peer] ?? 0) - count
        ofPeer[peer] = held > 0 ? held : nil
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
