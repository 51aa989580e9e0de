import Dispatch

/// A thread for work that computes or blocks, so that Swift's cooperative threads never do.
///
/// Work given to one lane runs in order, one piece at a time.
final class ComputeLane: Sendable {
    private let queue: DispatchQueue

    init(_ name: String, priority: DispatchQoS = .userInitiated) {
        queue = DispatchQueue(label: "sheaf.\(name)", qos: priority)
    }

    /// Runs `body` on the lane and returns what it returns.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }
}
