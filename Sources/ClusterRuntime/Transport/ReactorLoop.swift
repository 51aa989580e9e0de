import Base
import CZeroMQ
import ClusterCore
import Glibc

/// The sockets of a reactor and the loop that serves them; used by the reactor's thread alone.
///
/// The loop sleeps in one `poll` over the sockets' descriptors and the wake-up. A ZeroMQ
/// descriptor is edge-triggered: it tells that something may have changed, once, and asking for
/// ``SocketHandle/events`` or sending consumes that. So a turn sends first, then reads until the
/// events say that nothing is there, and the loop sleeps only after a turn without progress.
///
/// Turn: commands; connections; send by lane, control first; receive by lane, control first, and
/// then what became of its connection; handshakes; a look at the connections when one is due.
/// `+Lanes`, `+Messages`, `+Connections` and `+Look` have the parts.
final class ReactorLoop {
    /// A lane in use.
    struct Line {
        let socket: ZMQSocket
        /// What becomes of its connections.
        let monitor: ConnectionMonitor
        let descriptor: CInt
        /// Where a lane connects to.
        var endpoint: Endpoint?
        /// Whether the connection of a lane that connects stands, as the monitor tells.
        var isConnected = false
        /// Whether ZeroMQ did not take a message: its queue is full, or nobody is connected.
        var isBlocked = false
        /// When a lane that was not let in, or lost its connection, is connected anew.
        var retry: Instant?
        /// Messages read.
        var reads: UInt64 = 0
        /// Whether nothing was left to read when it was last read.
        var isDry = true
        /// How fast its peers are read, where others connect to it.
        var pace = ReadingPace()
    }

    /// How long ``Reactor/stop()`` goes on sending.
    static let stopTime = Duration.milliseconds(500)
    /// How long what ZeroMQ has taken may linger, where the stop time is used up.
    private static let leastLinger = Duration.milliseconds(100)
    /// A ROUTER does not tell which peer can be sent to again, and its signal may be consumed
    /// before the peer is tried; so a blocked one is tried again after this time at the latest.
    private static let blockedRouterTime = Duration.milliseconds(20)
    /// Time in which all connections are looked at: what may come over one in between, 50 MB over
    /// a fast network, is what a message without end takes.
    static let lookInterval = Duration.milliseconds(50)
    /// The same for those that have just come, or of which much of one message has come.
    static let closeLookInterval = Duration.milliseconds(2)
    /// The least time between two looks, however many connections there are.
    static let leastLookInterval = Duration.milliseconds(10)
    /// Connections that are looked at at once: each costs a call of the system.
    static let connectionsPerLook = 256
    /// Time between two lines of a log about one kind of refusal.
    private static let tellInterval = Duration.seconds(10)

    unowned let core: ReactorCore
    let id: PeerID
    let security: SecurityPolicy
    let handler: @Sendable (Inbound) -> Void
    let context: ZMQContext
    var gate: KeyGate?
    var handshakes = HandshakePace()
    var lines: [Line?] = Lane.allCases.map { _ in nil }
    var connections = ConnectionTable(limit: connectionLimit())
    var unfinished = UnfinishedMessages()
    var locallyUnfinished = LocalUnfinishedMessages()
    /// Connections that are looked at more often.
    var suspects = Suspects()
    /// Connections that are looked at in this round, and peers of each lane as it began.
    var round: (descriptors: ArraySlice<CInt>, peers: [Int]) = ([], [])
    var repetitions = Repetitions<String>(every: tellInterval)
    var nextLook = MonotonicClock.now()
    var nextCloseLook = MonotonicClock.now()
    var nextKeyCheck = MonotonicClock.now()
    /// When memory that was freed is given back to the system.
    var trims: [Instant] = []
    /// The most bytes that waited to be sent since memory was given back.
    var mostWaiting = 0

    init(
        core: ReactorCore, id: PeerID, security: SecurityPolicy,
        handler: @escaping @Sendable (Inbound) -> Void
    ) throws(TransportError) {
        self.core = core
        self.id = id
        self.security = security
        self.handler = handler
        context = try ZMQContext()
        // Where keys are wanted of others, a ZeroMQ without them is told of at once.
        if case .curve(.server) = security { try openGate() }
    }

    /// Serves the sockets until the reactor is stopped.
    func run() {
        while true {
            let (commands, isStopping) = core.state.withLock { $0.beginTurn() }
            for command in commands { command(self) }
            if isStopping { break }
            var progress = followConnections()
            for lane in Lane.allCases where send(lane) { progress = true }
            for lane in Lane.allCases where receive(lane) || watch(lane) { progress = true }
            if answerHandshakes() { progress = true }
            lookAround()
            if progress || !core.state.withLock({ $0.maySleep() }) { continue }
            sleep(sleepTime)
        }
        drain()
    }

    /// How long the loop may sleep; nil where nothing is due.
    private var sleepTime: Duration? {
        let now = MonotonicClock.now()
        let rests = (lines.map { $0?.pace.rest } + [handshakes.rest]).compactMap(\.self)
            .map { max($0 - now, .zero) }
        return ([dueTime] + rests).compactMap(\.self).min()
    }

    /// How long nothing is due but what lanes rest for; nil where nothing is.
    private var dueTime: Duration? {
        let isRouterBlocked = lines.contains {
            $0?.isBlocked == true && $0?.socket.kind == .router
        }
        if isRouterBlocked { return Self.blockedRouterTime }
        let isWatchful =
            connections.count > 0 || !trims.isEmpty || lines.contains { $0?.retry != nil }
        guard isWatchful else { return nil }
        let next = suspects.isEmpty ? nextLook : min(nextLook, nextCloseLook)
        return max(.milliseconds(1), next - MonotonicClock.now())
    }

    private func sleep(_ time: Duration?) {
        // What came on a lane that rests is no reason to wake.
        var descriptors = lines.compactMap { $0?.pace.rest == nil ? $0?.descriptor : nil }
        descriptors += lines.compactMap { try? $0?.monitor.descriptor }
        descriptors.append(core.wakeup.descriptor)
        if handshakes.rest == nil, let descriptor = try? gate?.socket.handle.descriptor {
            descriptors.append(descriptor)
        }
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // An interrupted poll is a turn without work.
        let milliseconds = time.map { ($0 + .microseconds(999)).wholeMilliseconds } ?? -1
        _ = poll(&polled, nfds_t(polled.count), milliseconds)
        core.wakeup.clear()
    }

    /// Sends what waits, for a bounded time, then closes everything.
    private func drain() {
        let deadline = ContinuousClock.now + Self.stopTime
        while ContinuousClock.now < deadline, !core.state.withLock({ $0.outbox.isEmpty }) {
            var progress = false
            for lane in Lane.allCases where send(lane) { progress = true }
            // Asking for events lets ZeroMQ take note of new connections and free space.
            for line in lines { _ = try? line?.socket.handle.events }
            if !progress { sleep(Self.blockedRouterTime) }
        }
        for lane in Lane.allCases { drop(lane) }
        let linger = max(ContinuousClock.now.duration(to: deadline), Self.leastLinger)
        for line in lines { try? line?.socket.handle.set(ZMQ_LINGER, to: linger.wholeMilliseconds) }
        // The gate stays until the lanes are closed: without it every key would be let in.
        lines = []
        gate = nil
    }
}

extension ReactorCore.State {
    /// Takes the commands that came; until ``maySleep()`` nobody needs to wake the thread.
    fileprivate mutating func beginTurn() -> (commands: [ReactorCore.Command], isStopping: Bool) {
        isAsleep = false
        hasWork = false
        defer { commands = [] }
        return (commands, isStopping)
    }

    /// Whether nothing came since the turn began; from then on work wakes the thread.
    fileprivate mutating func maySleep() -> Bool {
        isAsleep = !hasWork
        return isAsleep
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var wholeMilliseconds: CInt { CInt(clamping: Int64(self / .milliseconds(1))) }
}
