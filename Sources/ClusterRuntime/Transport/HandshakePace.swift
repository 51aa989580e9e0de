import Base
import ClusterCore

/// How fast those are let in who connect.
///
/// A handshake takes far longer to answer than a message to read, and whoever was ended for an
/// excess connects again at once. Those who are connected have precedence: a few handshakes are
/// answered in each interval, and none for a while after such an end.
struct HandshakePace {
    /// Over which time handshakes are counted.
    static let interval = Duration.milliseconds(1)
    /// Handshakes that are answered in it: two thousand a second.
    static let share = 2
    /// How long none is answered after a connection was ended for an excess.
    static let pause = Duration.milliseconds(50)

    private var begin = Instant(nanoseconds: .min / 2)
    private var count = 0
    /// Until when none is answered.
    private(set) var rest: Instant?

    /// Whether none is to be answered now.
    mutating func rests(at now: Instant) -> Bool {
        if let rest, now < rest { return true }
        rest = nil
        if now - begin >= Self.interval {
            begin = now
            count = 0
        }
        return false
    }

    /// One was answered.
    mutating func answered() {
        count += 1
        if count >= Self.share { rest = max(rest ?? begin, begin + Self.interval) }
    }

    /// A connection was ended for an excess.
    mutating func sawExcess(at now: Instant) {
        rest = max(rest ?? now, now + Self.pause)
    }
}
