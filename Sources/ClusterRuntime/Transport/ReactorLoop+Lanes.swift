import Base
import CZeroMQ
import ClusterCore

/// Lanes: binding, connecting, letting go.
extension ReactorLoop {
    /// See ``Reactor/bind(_:to:)``.
    func bind(_ lane: Lane, to text: String) throws(TransportError) -> String {
        let endpoint = try Endpoint(text)
        let line = lines[lane.rawValue]
        if let line, line.socket.kind != .router { throw .laneInUse(lane) }
        try openGate()
        let socket = if let line { line.socket } else { try ZMQSocket.router(lane, in: context) }
        try socket.secureBind(endpoint, security)
        if line == nil {
            // Watched from before the first connection on.
            lines[lane.rawValue] = try makeLine(socket)
        }
        do throws(TransportError) {
            let resolved = try socket.bind(endpoint)
            core.state.withLock { $0.roles[lane.rawValue] = .bound }
            return resolved
        } catch {
            if line == nil { lines[lane.rawValue] = nil }
            throw error
        }
    }

    /// See ``Reactor/connect(_:to:)``.
    func connect(_ lane: Lane, to text: String) throws(TransportError) {
        let endpoint = try Endpoint(text)
        if let line = lines[lane.rawValue], line.socket.kind != .dealer { throw .laneInUse(lane) }
        let line = try connected(lane, endpoint)
        disconnect(lane)
        lines[lane.rawValue] = line
        core.state.withLock { $0.roles[lane.rawValue] = .connected }
    }

    /// Connects a lane that has no connection once more; what waits for it goes on waiting.
    func reconnect(_ lane: Lane) {
        guard let endpoint = lines[lane.rawValue]?.endpoint else { return }
        if let line = try? connected(lane, endpoint) {
            lines[lane.rawValue] = line
        } else {
            lines[lane.rawValue]?.retry = MonotonicClock.now() + Self.retryInterval
        }
    }

    /// See ``Reactor/disconnect(_:)-(Lane)``.
    func disconnect(_ lane: Lane) {
        guard let line = lines[lane.rawValue], line.socket.kind == .dealer else { return }
        _ = send(lane)
        drop(lane)
        try? line.socket.handle.set(ZMQ_LINGER, to: Self.stopTime.wholeMilliseconds)
        lines[lane.rawValue] = nil
        core.state.withLock { $0.roles[lane.rawValue] = .unused }
    }

    /// Drops what waits on a lane.
    func drop(_ lane: Lane) {
        core.state.withLock { state in
            state.counters.dropped += UInt64(state.outbox.removeAll(on: lane))
        }
    }

    /// Opens the gate, once; where keys are not wanted it gives numbers alone.
    func openGate() throws(TransportError) {
        guard gate == nil else { return }
        if case .curve(.server(_, let folder)) = security {
            guard ZMQContext.has("curve") else { throw .curveMissing }
            gate = try KeyGate(allowedFolder: folder, in: context)
        } else {
            gate = try KeyGate(allowedFolder: nil, in: context)
        }
    }

    private func connected(
        _ lane: Lane, _ endpoint: Endpoint
    ) throws(TransportError) -> Line {
        let socket = try ZMQSocket.dealer(lane, id, in: context)
        try socket.secureConnect(endpoint, security)
        var line = try makeLine(socket)
        line.endpoint = endpoint
        try socket.handle.connect(endpoint)
        return line
    }

    private func makeLine(_ socket: ZMQSocket) throws(TransportError) -> Line {
        Line(
            socket: socket,
            monitor: try ConnectionMonitor(socket, kinds: Self.watchedEvents, in: context),
            descriptor: try socket.handle.descriptor)
    }
}
