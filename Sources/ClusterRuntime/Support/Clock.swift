import ClusterCore
import Dispatch

/// This process's monotonic clock, the only one that ClusterCore's events are stamped with.
enum MonotonicClock {
    static func now() -> Instant {
        Instant(nanoseconds: Int64(DispatchTime.now().uptimeNanoseconds))
    }
}

extension Duration {
    /// The duration in whole microseconds.
    var microseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
    }
}
