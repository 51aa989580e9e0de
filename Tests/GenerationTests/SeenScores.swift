import Generation
import Synchronization

/// What a processor was given, from whichever thread.
final class SeenScores: Sendable {
    private let steps = Mutex<[(source: Int, step: Int, scores: [Float])]>([])

    /// A processor that changes nothing.
    var processor: ScoreProcessor {
        { source, tokens, scores in
            let copy = scores.indices.map { scores[$0] }
            self.steps.withLock { $0.append((source, tokens.count - 1, copy)) }
        }
    }

    var all: [(source: Int, step: Int, scores: [Float])] { steps.withLock { $0 } }
}
