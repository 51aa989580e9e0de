import Base

/// A point on one process's monotonic clock.
///
/// ClusterCore never reads a clock: every event carries its instant, so a run can be replayed.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since an origin of the caller's choice.
    public var nanoseconds: Int64

    /// Makes the instant that lies `nanoseconds` after the origin.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Orders by time.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `duration` later; the last one there is where that lies beyond it.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        let (sum, isFar) = instant.nanoseconds.addingReportingOverflow(duration.nanoseconds)
        return Instant(nanoseconds: !isFar ? sum : duration < .zero ? .min : .max)
    }

    /// The time from `earlier` to `later`.
    public static func - (later: Instant, earlier: Instant) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}
