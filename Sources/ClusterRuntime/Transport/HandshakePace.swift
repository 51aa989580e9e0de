import Base
import ClusterCore

/// How fast those are let in who connect.
///
/// A handshake takes far longer to answer than a message to read, and whoever was ended for an
/// excess connects again at once. Those who are connected have precedence: a few handshakes are
/// answered in each interval, and none for a while after such an end.
struct HandshakePace {
    /// Handshakes that are answered in an interval: two thousand a second.
    static let share = 2
    /// How long none is answered after a connection was ended for an excess.
    static let pause = Duration.milliseconds(50)

    private var interval = PacedInterval()
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
        interval.restUntil(now + Self.pause)
    }
}
