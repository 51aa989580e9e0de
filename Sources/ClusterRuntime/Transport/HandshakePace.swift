import Base
import ClusterCore

/// How fast those are let in who connect.
///
/// A handshake takes far longer to answer than a message to read, and whoever was ended for an
/// excess connects again at once. Those who are connected have precedence: a few handshakes are
/// answered in each interval, and none for a while after such an end; for longer, where one such
/// end follows the other.
struct HandshakePace {
    /// Handshakes that are answered in an interval: two thousand a second.
    static let share = 2
    /// How long none is answered after a connection was ended for an excess.
    static let pause = Duration.milliseconds(50)
    /// How long none is answered after one of many such ends: whoever means well waits so long too.
    static let longestPause = Duration.milliseconds(800)
    /// How long after such an end the next one is the first again.
    static let calm = Duration.seconds(5)

    private var interval = PacedInterval()
    private var lastExcess: Instant?
    private var pauseOfLast = pause
    private var count = 0

    /// Until when none is answered.
    var rest: Instant? { interval.rest }

    /// Whether none is to be answered now.
    mutating func rests(at now: Instant) -> Bool {
        let moment = interval.moment(at: now)
        if moment == .first { count = 0 }
        return moment == .resting
    }

    /// One was answered.
    mutating func answered() {
        count += 1
        if count >= Self.share { interval.restUntilNext() }
    }

    /// A connection was ended for an excess.
    mutating func sawExcess(at now: Instant) {
        let isAgain = lastExcess.map { now - $0 < Self.calm } ?? false
        pauseOfLast = isAgain ? min(pauseOfLast * 2, Self.longestPause) : Self.pause
        lastExcess = now
        interval.restUntil(now + pauseOfLast)
    }
}
