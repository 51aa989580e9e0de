extension Duration {
    /// The duration in seconds.
    package var seconds: Double { self / .seconds(1) }

    /// The duration in whole microseconds, 0 where it is negative; the most there is where they
    /// are more.
    package var microseconds: UInt64 { UInt64(max(0, whole(1_000_000))) }

    /// The duration in whole nanoseconds; the least or the most there is where it lies beyond.
    package var nanoseconds: Int64 { whole(1_000_000_000) }

    /// In units of which `perSecond` make a second, towards zero.
    private func whole(_ perSecond: Int64) -> Int64 {
        let (seconds, attoseconds) = components
        let (whole, isFar) = seconds.multipliedReportingOverflow(by: perSecond)
        let (sum, isFarther) = whole.addingReportingOverflow(
            attoseconds / (1_000_000_000_000_000_000 / perSecond))
        return isFar || isFarther ? (self < .zero ? .min : .max) : sum
    }
}
