import Synchronization

/// What a worker has computed, counted where it is computed and read by its heartbeat.
///
/// `progress` grows with every unit of compute: a socket thread that answers while compute hangs
/// cannot move it.
final class WorkerCounters: Sendable {
    private let progressCount = Atomic<UInt64>(0)
    private let passageCount = Atomic<UInt64>(0)
    private let searchCount = Atomic<UInt64>(0)
    private let busyCount = Atomic<Int>(0)

    var progress: UInt64 { progressCount.load(ordering: .relaxed) }
    var passagesEncoded: UInt64 { passageCount.load(ordering: .relaxed) }
    var searches: UInt64 { searchCount.load(ordering: .relaxed) }
    var isBusy: Bool { busyCount.load(ordering: .relaxed) > 0 }

    func encoded(passages: Int) {
        passageCount.add(UInt64(passages), ordering: .relaxed)
        progressCount.add(1, ordering: .relaxed)
    }

    func searched() {
        searchCount.add(1, ordering: .relaxed)
        progressCount.add(1, ordering: .relaxed)
    }

    /// Counts as busy while `body` runs.
    func whileBusy<Value>(_ body: () throws -> Value) rethrows -> Value {
        busyCount.add(1, ordering: .relaxed)
        defer { busyCount.subtract(1, ordering: .relaxed) }
        return try body()
    }
}
