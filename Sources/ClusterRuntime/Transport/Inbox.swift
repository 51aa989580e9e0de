import Base
import ClusterCore

/// What came over a reactor and waits for the one task that handles it.
///
/// A reactor's handler must return at once, and the task may be busy; in between messages wait
/// here, bounded in bytes and each peer in turn (``InboundQueue``). A peer that sends more than is
/// handled is disconnected; so is the one server of a process that connects.
///
/// ```swift
/// let inbox = Inbox()
/// let reactor = try Reactor(name: "coordinator", incarnation: nonce) { inbox.put($0) }
/// inbox.disconnects(through: reactor)
/// while let inbound = await inbox.next() { handle(inbound) }
/// ```
final class Inbox: Sendable {
    /// What the server of a process that connects may have waiting: answers that were asked for,
    /// and are handled as fast as their user takes them.
    static let serverLimit = 256 << 20
    /// What all peers together may have waiting.
    static let totalLimit = 256 << 20

    private struct State {
        var queue: InboundQueue
        var waiter: CheckedContinuation<Inbound?, Never>?
        var isFinished = false
        weak var reactor: Reactor?
        /// The most bytes that waited since memory was given back.
        var mostWaiting = 0

        /// The reactor, where much waited and no longer does: memory is to be given back.
        mutating func relieved() -> Reactor? {
            guard mostWaiting >= ReactorLoop.muchWaiting, queue.bytes < mostWaiting / 4 else {
                return nil
            }
            mostWaiting = queue.bytes
            return reactor
        }
    }

    private let state: Locked<State>

    /// Makes an inbox.
    ///
    /// - Parameters:
    ///   - peerLimit: bytes that one peer may have waiting.
    ///   - totalLimit: bytes that all peers may have waiting.
    init(peerLimit: Int = 32 << 20, totalLimit: Int = Inbox.totalLimit) {
        state = Locked(
            State(queue: InboundQueue(peerLimit: peerLimit, totalLimit: totalLimit)))
    }

    /// Closes the connections of peers beyond their limit from now on.
    func disconnects(through reactor: Reactor) { state.withLock { $0.reactor = reactor } }

    /// Takes what came.
    func put(_ inbound: Inbound) {
        let (offender, reactor, ready) = state.withLock { state in
            guard !state.isFinished else {
                return (PeerID?.none, Reactor?.none, Ready?.none)
            }
            let offender = state.queue.add(inbound)
            state.mostWaiting = max(state.mostWaiting, state.queue.bytes)
            var ready: Ready?
            if let waiter = state.waiter, let next = state.queue.next() {
                state.waiter = nil
                ready = Ready(waiter: waiter, inbound: next)
            }
            return (offender, state.reactor, ready)
        }
        ready?.resume()
        if let offender { try? reactor?.disconnect(offender, .tooMuchUnhandled) }
    }

    /// The next thing to handle; nil when no more comes.
    ///
    /// One task at a time asks.
    func next() async -> Inbound? {
        await withCheckedContinuation { continuation in
            let (ready, relieved) = state.withLock { state -> (Ready?, Reactor?) in
                if let inbound = state.queue.next() {
                    return (Ready(waiter: continuation, inbound: inbound), state.relieved())
                }
                if state.isFinished { return (Ready(waiter: continuation, inbound: nil), nil) }
                state.waiter = continuation
                return (nil, nil)
            }
            relieved?.giveBackMemory()
            ready?.resume()
        }
    }

    /// Nothing more comes; what waits is still handled.
    func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    /// Somebody who waits and what he waited for.
    private struct Ready: Sendable {
        let waiter: CheckedContinuation<Inbound?, Never>
        let inbound: Inbound?

        func resume() { waiter.resume(returning: inbound) }
    }
}
