import CZeroMQ
import ClusterCore
import Glibc
import Locks

/// The sockets of a reactor and the loop that serves them; used by the reactor's thread alone.
///
/// The loop sleeps in one `poll` over the sockets' descriptors and the wake-up. A ZeroMQ
/// descriptor is edge-triggered: it tells that something may have changed, once, and asking for
/// ``SocketHandle/events`` or sending consumes that. So a turn sends first, then reads until the
/// events say that nothing is there, and the loop sleeps only after a turn without progress.
///
/// Turn: commands; send by lane, control first; receive by lane, control first, and then what
/// became of its connection; key questions.
final class ReactorLoop {
    private struct Line {
        let socket: ZMQSocket
        let descriptor: CInt
        /// What becomes of its connection, on a lane that this process connected.
        var monitor: ConnectionMonitor?
        /// Whether the connection stands, as the monitor tells.
        var isConnected = false
        /// Whether ZeroMQ did not take a message: its queue is full, or nobody is connected.
        var isBlocked = false
    }

    /// How long ``Reactor/stop()`` goes on sending.
    private static let stopTime = Duration.milliseconds(500)
    /// How long what ZeroMQ has taken may linger, where the stop time is used up.
    private static let leastLinger = Duration.milliseconds(100)
    /// A ROUTER does not tell which peer can be sent to again, and its signal may be consumed
    /// before the peer is tried; so a blocked one is tried again after this time at the latest.
    private static let blockedRouterMilliseconds: CInt = 20
    /// Messages read from a lane before the others have their turn.
    private static let receiveBurst = 16

    private unowned let core: ReactorCore
    private let id: PeerID
    private let security: SecurityPolicy
    private let handler: @Sendable (Inbound) -> Void
    private let context: ZMQContext
    private var gate: KeyGate?
    private var lines: [Line?] = Lane.allCases.map { _ in nil }

    init(
        core: ReactorCore, id: PeerID, security: SecurityPolicy,
        handler: @escaping @Sendable (Inbound) -> Void
    ) throws(TransportError) {
        self.core = core
        self.id = id
        self.security = security
        self.handler = handler
        context = try ZMQContext()
        if case .curve(.server(_, let allowedFolder)) = security {
            gate = try KeyGate(allowedFolder: allowedFolder, in: context)
        }
    }

    /// Serves the sockets until the reactor is stopped.
    func run() {
        while true {
            let (commands, isStopping) = core.state.withLock { $0.beginTurn() }
            for command in commands { command(self) }
            if isStopping { break }
            var progress = false
            for lane in Lane.allCases where send(lane) { progress = true }
            for lane in Lane.allCases where receive(lane) || watch(lane) { progress = true }
            if answerKeys() { progress = true }
            if progress || !core.state.withLock({ $0.maySleep() }) { continue }
            let isRouterBlocked = lines.contains {
                $0?.isBlocked == true && $0?.socket.kind == .router
            }
            sleep(milliseconds: isRouterBlocked ? Self.blockedRouterMilliseconds : -1)
        }
        drain()
    }

    private func sleep(milliseconds: CInt) {
        var descriptors = lines.compactMap { $0?.descriptor }
        descriptors += lines.compactMap { try? $0?.monitor?.descriptor }
        descriptors.append(core.wakeup.descriptor)
        if let descriptor = try? gate?.socket.handle.descriptor { descriptors.append(descriptor) }
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // An interrupted poll is a turn without work.
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
            if !progress { sleep(milliseconds: Self.blockedRouterMilliseconds) }
        }
        for lane in Lane.allCases { drop(lane) }
        let linger = max(ContinuousClock.now.duration(to: deadline), Self.leastLinger)
        for line in lines { try? line?.socket.handle.set(ZMQ_LINGER, to: linger.wholeMilliseconds) }
        // The gate stays until the lanes are closed: without it every key would be let in.
        lines = []
        gate = nil
    }
}

// MARK: - Lanes

extension ReactorLoop {
    /// See ``Reactor/bind(_:to:)``.
    func bind(_ lane: Lane, to text: String) throws(TransportError) -> String {
        let endpoint = try Endpoint(text)
        let line = lines[lane.rawValue]
        if let line, line.socket.kind != .router { throw .laneInUse(lane) }
        let socket = if let line { line.socket } else { try ZMQSocket.router(lane, in: context) }
        try socket.secureBind(endpoint, security)
        let resolved = try socket.bind(endpoint)
        try open(lane, socket, as: .bound)
        return resolved
    }

    /// See ``Reactor/connect(_:to:)``.
    func connect(_ lane: Lane, to text: String) throws(TransportError) {
        let endpoint = try Endpoint(text)
        if let line = lines[lane.rawValue], line.socket.kind != .dealer { throw .laneInUse(lane) }
        let socket = try ZMQSocket.dealer(lane, id, in: context)
        let monitor = try ConnectionMonitor(
            socket, kinds: ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED, in: context)
        try socket.secureConnect(endpoint, security)
        try socket.handle.connect(endpoint)
        disconnect(lane)
        try open(lane, socket, as: .connected)
        lines[lane.rawValue]?.monitor = monitor
    }

    /// See ``Reactor/disconnect(_:)``.
    func disconnect(_ lane: Lane) {
        guard let line = lines[lane.rawValue], line.socket.kind == .dealer else { return }
        _ = send(lane)
        drop(lane)
        try? line.socket.handle.set(ZMQ_LINGER, to: Self.stopTime.wholeMilliseconds)
        lines[lane.rawValue] = nil
        core.state.withLock { $0.roles[lane.rawValue] = .unused }
    }

    private func open(
        _ lane: Lane, _ socket: ZMQSocket, as role: ReactorCore.Role
    ) throws(TransportError) {
        if lines[lane.rawValue]?.socket === socket { return }
        lines[lane.rawValue] = Line(socket: socket, descriptor: try socket.handle.descriptor)
        core.state.withLock { $0.roles[lane.rawValue] = role }
    }

    private func drop(_ lane: Lane) {
        core.state.withLock { state in
            state.counters.dropped += UInt64(state.outbox.removeAll(on: lane))
        }
    }
}

// MARK: - Messages

extension ReactorLoop {
    /// Sends what waits on a lane, each peer in turn, up to the lane's burst; whether any left.
    private func send(_ lane: Lane) -> Bool {
        guard let socket = lines[lane.rawValue]?.socket else { return false }
        var peers = core.state.withLock { $0.outbox.peers(on: lane) }
        var left = lane.sendBurst
        var isBlocked = false
        var progress = false
        while left > 0, !peers.isEmpty {
            var again: [PeerID] = []
            for peer in peers.prefix(left) {
                guard let message = core.state.withLock({ $0.outbox.first(on: lane, to: peer) })
                else { continue }
                switch socket.send(message.frames, to: peer) {
                case .sent:
                    core.state.withLock { $0.noteSent(message, on: lane, to: peer) }
                    left -= 1
                    progress = true
                    again.append(peer)
                case .blocked:
                    isBlocked = true
                case .unreachable:
                    progress = true
                    giveUp(on: lane, peer)
                }
            }
            peers = Array(peers.dropFirst(left)) + again
        }
        lines[lane.rawValue]?.isBlocked = isBlocked
        return progress
    }

    /// Drops what waits for a peer that is not connected, and tells the handler.
    private func giveUp(on lane: Lane, _ peer: PeerID) {
        let messages = core.state.withLock { state in
            let messages = state.outbox.removeAll(on: lane, to: peer)
            state.counters.undeliverable += UInt64(messages.count)
            return messages
        }
        for message in messages {
            handler(
                .undeliverable(
                    to: peer, lane: lane, requestID: message.requestID, type: message.type))
        }
    }

    /// Reads from a lane up to a burst; whether there may be more to do.
    private func receive(_ lane: Lane) -> Bool {
        for count in 0..<Self.receiveBurst {
            // Asked for anew each time: the handler may have replaced the lane.
            guard let line = lines[lane.rawValue], let events = try? line.socket.handle.events
            else {
                return count > 0
            }
            guard events & CInt(ZMQ_POLLIN) != 0 else {
                let canSend = line.socket.kind == .dealer && events & CInt(ZMQ_POLLOUT) != 0
                return count > 0 || (line.isBlocked && canSend)
            }
            guard let received = try? line.socket.receive(limits: lane.limits) else { continue }
            switch received {
            case .nothing: continue
            case .frames(let frames): take(frames, from: line.socket.kind, on: lane, nil)
            case .tooLarge(let error, let frames):
                take(frames, from: line.socket.kind, on: lane, error)
            }
        }
        return true
    }

    /// Takes note of what became of a lane's connection; whether anything did.
    ///
    /// Looked at when all that came over the lane is read: an answer may come just before the end.
    private func watch(_ lane: Lane) -> Bool {
        var progress = false
        while let event = lines[lane.rawValue]?.monitor?.next() {
            progress = true
            let wasConnected = lines[lane.rawValue]?.isConnected == true
            lines[lane.rawValue]?.isConnected = event.kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED
            // An attempt that failed was no connection.
            if wasConnected, event.kind == ZMQ_EVENT_DISCONNECTED { handler(.disconnected(lane)) }
        }
        return progress
    }

    /// Hands a message to the handler, or the reason why it is none.
    private func take(
        _ frames: [[UInt8]], from kind: ZMQSocket.Kind, on lane: Lane, _ refusal: WireError?
    ) {
        var frames = frames
        let bytes = UInt64(frames.reduce(0) { $0 + $1.count })
        let peer = kind == .router && !frames.isEmpty ? PeerID(bytes: frames.removeFirst()) : nil
        do throws(WireError) {
            if let refusal { throw refusal }
            let envelope = try Wire.decode(frames, limits: lane.limits)
            core.state.withLock { state in
                state.counters.received += 1
                state.counters.receivedBytes += bytes
            }
            handler(.message(envelope, from: peer, lane: lane))
        } catch {
            core.state.withLock { state in
                state.counters.refused[error.kind, default: 0] += 1
                state.counters.receivedBytes += bytes
            }
            handler(.refused(error, from: peer, lane: lane))
        }
    }

    /// Answers the key questions that wait; whether there were any.
    private func answerKeys() -> Bool {
        var progress = false
        while let events = try? gate?.socket.handle.events, events & CInt(ZMQ_POLLIN) != 0 {
            progress = true
            guard let isAllowed = gate?.answer() else { break }
            core.state.withLock { state in
                state.counters.keysAccepted += isAllowed ? 1 : 0
                state.counters.keysRefused += isAllowed ? 0 : 1
            }
        }
        return progress
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

    fileprivate mutating func noteSent(_ message: Outgoing, on lane: Lane, to peer: PeerID) {
        outbox.removeFirst(on: lane, to: peer)
        counters.sent += 1
        counters.sentBytes += UInt64(message.bytes)
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    fileprivate var wholeMilliseconds: CInt { CInt(self / .milliseconds(1)) }
}
