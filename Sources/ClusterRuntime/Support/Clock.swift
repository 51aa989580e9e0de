import ClusterCore
import Dispatch

/// This process's monotonic clock, the only one that ClusterCore's events are stamped with.
enum MonotonicClock {
    static func now() -> Instant {
        Instant(nanoseconds: Int64(DispatchTime.now().uptimeNanoseconds))
    }
}
