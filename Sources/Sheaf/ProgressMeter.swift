import Base

/// Tells speed and time left of work whose progress it is told.
///
/// The speed is that of the last ten seconds, so that what was done before this run, or long ago,
/// does not count.
public struct ProgressMeter: Equatable, Sendable {
    private static let window: Duration = .seconds(10)
    /// Below this the speed says nothing.
    private static let shortest: Duration = .milliseconds(500)

    private struct Sample: Equatable {
        var done: UInt64
        var time: Duration
    }

    private var samples: [Sample] = []

    /// Makes a meter that knows nothing yet.
    public init() {}

    /// Notes that `done` units are done at `time` since any fixed moment.
    public mutating func note(done: UInt64, at time: Duration) {
        samples.append(Sample(done: done, time: time))
        // One sample from before the window stays, so that the window is always covered.
        while samples.count > 2, time - samples[1].time >= ProgressMeter.window {
            samples.removeFirst()
        }
    }

    /// Units per second; nil where too little has been seen.
    public var rate: Double? {
        guard let first = samples.first, let last = samples.last,
            last.time - first.time >= ProgressMeter.shortest, last.done >= first.done
        else { return nil }
        return Double(last.done - first.done) / (last.time - first.time).seconds
    }

    /// The time that `units` will take; nil where nothing moves.
    public func time(for units: UInt64) -> Duration? {
        guard let rate, rate > 0 else { return nil }
        return .seconds(Double(units) / rate)
    }
}
