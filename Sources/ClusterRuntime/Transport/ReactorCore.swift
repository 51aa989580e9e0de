import Base
import ClusterCore
import Dispatch
import Glibc

/// What the reactor's thread and its callers share.
///
/// `loop` is the exception: the thread alone touches it after the start, which is why the class
/// vouches for itself.
final class ReactorCore: @unchecked Sendable {
    /// What a lane is used for.
    enum Role {
        case unused, bound, connected
    }

    /// Work for the thread; nil instead of the loop says that it has ended.
    typealias Command = @Sendable (ReactorLoop?) -> Void

    struct State {
        var outbox: Outbox
        var roles: [Role] = Lane.allCases.map { _ in .unused }
        var commands: [Command] = []
        var counters = TransportCounters()
        /// Whether the thread sleeps or is about to: whoever brings work must wake it.
        var isAsleep = false
        /// Whether work came since the thread last looked.
        var hasWork = false
        var isStopping = false
        /// The thread, as it names itself.
        var threadItself: Threads.Running?
        /// The thread, until somebody has joined it.
        var threadToJoin: Threads.Running?
    }

    let state: Locked<State>
    let wakeup: Wakeup
    private var loop: ReactorLoop?
    private let ended = DispatchGroup()

    init(queueLimitBytes: Int) throws(TransportError) {
        state = Locked(State(outbox: Outbox(limitBytes: queueLimitBytes)))
        wakeup = try Wakeup()
    }

    /// Whether the caller is the reactor's thread.
    private var isOnThread: Bool {
        state.withLock { $0.threadItself?.isCurrent ?? false }
    }

    /// Runs something on the thread and waits for it.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (ReactorLoop) throws(TransportError) -> Value
    ) throws(TransportError) -> Value {
        if isOnThread {
            guard let loop else { throw .stopped }
            return try body(loop)
        }
        let answer = Locked<Result<Value, TransportError>>(.failure(.stopped))
        let done = DispatchSemaphore(value: 0)
        try add { loop in
            if let loop {
                let result = Result { () throws(TransportError) in try body(loop) }
                answer.withLock { $0 = result }
            }
            done.signal()
        }
        done.wait()
        return try answer.withLock { $0 }.get()
    }

    /// Puts a message in its queue.
    func send(
        _ envelope: Envelope, on lane: Lane, to peer: PeerID, role: Role
    ) throws(TransportError) {
        let frames: [[UInt8]]
        do {
            frames = try Wire.encode(envelope, limits: lane.limits)
        } catch {
            throw .wire(error)
        }
        let message = Outgoing(
            frames: frames, requestID: envelope.requestID, type: envelope.message.type)
        try change { state throws(TransportError) in
            guard state.roles[lane.rawValue] == role else {
                throw role == .bound ? .notBound(lane) : .notConnected(lane)
            }
            guard role == .bound,
                let offender = state.outbox.offender(for: message, on: lane, to: peer)
            else { return try state.outbox.add(message, on: lane, to: peer) }
            // Whoever does not read is disconnected, and does not fill the memory until then.
            let full = state.outbox.fullness(for: message, on: lane, to: peer)
            state.dropAll(to: offender)
            state.commands.append { $0?.disconnect(offender, .tooMuchUnread) }
            if let full, offender == peer { throw full }
            try state.outbox.add(message, on: lane, to: peer)
        }
    }

    /// Has the thread give back memory; one that has ended does so by itself.
    func giveBackMemory() {
        try? add { $0?.giveBackMemory() }
    }

    /// Sends what waits for a bounded time, and ends the thread.
    func stop() {
        let isOnThread = isOnThread
        let (mustWake, thread) = state.withLock { state in
            let mustWake = !state.isStopping && state.bringWork()
            state.isStopping = true
            defer { state.threadToJoin = nil }
            return (mustWake, state.threadToJoin)
        }
        if mustWake { wakeup.signal() }
        if isOnThread {
            // A thread cannot wait for itself: it ends when the handler has returned.
            thread?.detach()
            return
        }
        ended.wait()
        thread?.join()
    }

    private func add(_ command: @escaping Command) throws(TransportError) {
        try change { state in state.commands.append(command) }
    }

    /// Changes the shared state so that the thread has work, and wakes it if it sleeps.
    private func change(
        _ body: (inout State) throws(TransportError) -> Void
    ) throws(TransportError) {
        let mustWake = try state.withLock { state throws(TransportError) in
            guard !state.isStopping else { throw .stopped }
            try body(&state)
            return state.bringWork()
        }
        if mustWake { wakeup.signal() }
    }
}

extension ReactorCore {
    /// Starts the thread, without signals: those belong to the program's own threads.
    func start(_ loop: ReactorLoop) throws(TransportError) {
        self.loop = loop
        ended.enter()
        do throws(Threads.Refusal) {
            let thread = try Threads.start(withoutSignals: true) { self.runThread() }
            state.withLock { $0.threadToJoin = thread }
        } catch {
            self.loop = nil
            ended.leave()
            throw .system(call: "pthread_create", reason: error.reason)
        }
    }

    /// The thread from its first to its last moment.
    private func runThread() {
        state.withLock { $0.threadItself = .current }
        loop?.run()
        // Closes the sockets and ends the context, which waits for what lingers.
        loop = nil
        let unanswered = state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
        for command in unanswered { command(nil) }
        ended.leave()
    }
}

extension ReactorCore.State {
    /// Drops what waits for a peer on the bound lanes.
    mutating func dropAll(to peer: PeerID) {
        for lane in Lane.allCases where roles[lane.rawValue] == .bound {
            counters.dropped += UInt64(outbox.removeAll(on: lane, to: peer).count)
        }
    }

    /// Notes that there is work: whether the thread must be woken for it.
    mutating func bringWork() -> Bool {
        hasWork = true
        defer { isAsleep = false }
        return isAsleep
    }
}
