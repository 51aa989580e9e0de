/// Whether shards may be placed after a start: not before the workers of the time before are here.
///
/// The first worker to come would load every shard, and give back most of them when the others
/// come a moment later. States: expecting ──all here, or time is up──▶ open; it stays open.
public struct ExpectedWorkers: Sendable {
    /// How long they are waited for.
    public static let patience: Duration = .milliseconds(1500)

    private let names: Set<String>
    private let deadline: Instant
    private var isOpen = false

    /// Expects the workers called `names` from `now` on.
    public init(_ names: Set<String>, now: Instant) {
        self.names = names
        deadline = now + ExpectedWorkers.patience
    }

    /// True when shards may be placed on the workers that are here.
    public mutating func mayPlace(here: Set<String>, now: Instant) -> Bool {
        isOpen = isOpen || now >= deadline || names.isSubset(of: here)
        return isOpen
    }
}
