import Base
public import ClusterCore
import ClusterRuntime

/// How long an indexing run has been waiting for a disk that takes nothing more.
///
/// The cluster tries again and again and goes on by itself when there is space; whoever asked for
/// the run hears of the wait once, and need not wait for ever.
public struct StorageWait: Sendable {
    private var since: ContinuousClock.Instant?
    private var committed: UInt64 = 0
    /// What the cluster waits for: path, reason and remedy.
    public private(set) var reason = ""

    /// A run that does not wait yet.
    public init() {}

    /// Takes note of a report; true when a wait has just begun.
    public mutating func note(_ report: IndexProgress, at now: ContinuousClock.Instant) -> Bool {
        if since != nil, report.passagesCommitted > committed { since = nil }
        guard report.state == .paused else { return false }
        reason = report.note
        guard since == nil else { return false }
        since = now
        committed = report.passagesCommitted
        return true
    }

    /// True when nothing was committed for longer than `limit` for want of space.
    public func isOver(_ limit: Duration, at now: ContinuousClock.Instant) -> Bool {
        since.map { $0.duration(to: now) >= limit } ?? false
    }

    /// What ends a run that has waited for `limit`.
    func failure(after limit: Duration) -> ClusterError {
        .answered(
            Failure(
                code: .storage,
                message: """
                    \(reason) There was no space for \(Int(limit.seconds)) s: indexing has \
                    stopped. What is done stays: the same command goes on from there.
                    """))
    }
}

/// Why an indexing run gets no farther, other than for want of space: told once it has lasted.
public struct IdleWait: Sendable {
    /// A worker that starts takes less than this.
    static let patience: Duration = .seconds(3)

    private var note = ""
    private var since: ContinuousClock.Instant?
    private var told: Set<String> = []

    /// A run that does not wait yet.
    public init() {}

    /// Takes note of a report; what to tell where a wait has lasted and was not told before.
    public mutating func note(
        _ report: IndexProgress, at now: ContinuousClock.Instant
    ) -> String? {
        let reason = report.state == .paused ? "" : report.note
        if reason != note {
            note = reason
            since = now
        }
        guard !reason.isEmpty, let since, since.duration(to: now) >= Self.patience,
            told.insert(reason).inserted
        else { return nil }
        return reason
    }
}
