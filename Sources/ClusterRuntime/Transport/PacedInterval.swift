import ClusterCore

/// Short intervals in which so much is done and no more: whoever had its share rests.
struct PacedInterval {
    /// How long one is.
    static let length = Duration.milliseconds(1)

    private var begin = Instant(nanoseconds: .min / 2)
    /// Until when it rests; nil where it does not.
    private(set) var rest: Instant?

    /// What a moment is.
    enum Moment {
        case resting
        /// Of the interval that had begun.
        case same
        /// The first of an interval.
        case first
    }

    /// Follows the clock.
    mutating func moment(at now: Instant) -> Moment {
        if let rest, now < rest { return .resting }
        rest = nil
        guard now - begin >= Self.length else { return .same }
        begin = now
        return .first
    }

    /// The share of this interval is used up.
    mutating func restUntilNext() {
        restUntil(begin + Self.length)
    }

    /// Nothing is done until then.
    mutating func restUntil(_ end: Instant) {
        rest = max(rest ?? end, end)
    }
}
