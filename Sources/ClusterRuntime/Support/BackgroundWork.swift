import Corpus
import Dispatch
import Synchronization

/// What goes on beside an actor's messages: it can be told to end, and waited for.
///
///     work.enter()
///     Task { defer { work.leave() }; try await long() }
///     work.stop()
///     await work.wait()
final class BackgroundWork: Sendable {
    /// Why work ended before it was done.
    struct Ended: Error {}

    private let group = DispatchGroup()
    private let ending = Atomic(false)

    /// Whether what goes on is to end.
    var isEnding: Bool { ending.load(ordering: .relaxed) }

    /// Notes that something begins.
    func enter() { group.enter() }

    /// Notes that something has ended.
    func leave() { group.leave() }

    /// Throws where work is to end; long loops ask between their steps.
    func check() throws(Ended) {
        if isEnding { throw Ended() }
    }

    /// As `check()`, for one who reads a corpus.
    func checkReading() throws(CorpusError) {
        if isEnding { throw .stopped }
    }

    /// Tells all that goes on to end.
    func stop() { ending.store(true, ordering: .relaxed) }

    /// Waits until all that goes on has ended.
    func wait() async {
        await withCheckedContinuation { continuation in
            group.notify(queue: .global()) { continuation.resume() }
        }
    }
}
