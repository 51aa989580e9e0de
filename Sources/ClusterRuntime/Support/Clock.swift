import ClusterCore
import Dispatch

/// This process's monotonic clock, the only one that ClusterCore's events are stamped with.
enum MonotonicClock {
    static func now() -> Instant {
        Instant(nanoseconds: Int64(DispatchTime.now().uptimeNanoseconds))
    }
}

extension Duration {
    /// The duration in whole microseconds, 0 where it is negative; the most there is where they
    /// are more.
    var microseconds: UInt64 {
        let (seconds, attoseconds) = components
        let (whole, isFar) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, isFarther) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        if isFar || isFarther { return self < .zero ? 0 : UInt64(Int64.max) }
        return UInt64(max(0, sum))
    }
}
