import ClusterCore

/// Which of many like things are worth a line in a log: the first of a kind, and again after a
/// while.
///
/// Remembers at most ``kinds`` kinds, so nobody fills memory or log by being many.
struct Repetitions<Kind: Hashable & Sendable>: Sendable {
    /// Kinds that are remembered at once.
    static var kinds: Int { 256 }

    private let interval: Duration
    private var last: [Kind: Instant] = [:]

    init(every interval: Duration) {
        self.interval = interval
    }

    /// Whether a thing of this kind is to be told now.
    mutating func isDue(_ kind: Kind, at now: Instant) -> Bool {
        if let before = last[kind], now - before < interval { return false }
        if last.count >= Self.kinds {
            last = last.filter { now - $0.value < interval }
            guard last.count < Self.kinds else { return false }
        }
        last[kind] = now
        return true
    }
}
