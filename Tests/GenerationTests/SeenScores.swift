import Synchronization

/// What a processor was given, from whichever thread.
final class SeenScores: Sendable {
    private let steps = Mutex<[(source: Int, step: Int, scores: [Float])]>([])

    func add(_ source: Int, _ tokens: [Int32], _ scores: [Float]) {
        steps.withLock { $0.append((source, tokens.count - 1, scores)) }
    }

    var all: [(source: Int, step: Int, scores: [Float])] { steps.withLock { $0 } }
}
