import Base
import Glibc
import Training

/// What a ring's thread and its callers share.
final class RingCore: Sendable {
    struct State {
        /// Operations that have not begun, in order.
        var waiting: [RingWork] = []
        /// Why the ring ends early.
        var abort: CollectiveError?
        /// Whether the ring shall end when nothing waits.
        var isClosing = false
        /// Whether the thread has ended.
        var hasEnded = false
    }

    let state = Locked(State())
    let wakeup: Wakeup

    init() throws(TransportError) {
        wakeup = try Wakeup()
    }

    /// Gives the thread something to do; throws what ended the ring.
    func add(_ work: RingWork) throws(CollectiveError) {
        try state.withLock { state throws(CollectiveError) in
            if let abort = state.abort { throw abort }
            guard !state.isClosing else {
                throw .transport("This ring is closed. Form a new world.")
            }
            state.waiting.append(work)
        }
        wakeup.signal()
    }

    /// Ends the ring early; the first reason counts.
    func abort(_ error: CollectiveError) {
        state.withLock { state in state.abort = state.abort ?? error }
        wakeup.signal()
    }

    /// Lets the ring end when nothing waits.
    func close() {
        state.withLock { $0.isClosing = true }
        wakeup.signal()
    }
}
