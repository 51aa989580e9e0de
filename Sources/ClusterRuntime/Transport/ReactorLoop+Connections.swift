import Base
import CZeroMQ
import ClusterCore

/// Connections: who is let in, who is still welcome, who is closed.
extension ReactorLoop {
    /// Time after which a lane that was not let in, or lost its connection, is connected anew.
    static let retryInterval = Duration.seconds(1)
    /// What the monitors of lanes tell.
    static let watchedEvents =
        ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED
        | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL

    /// Takes note of what became of connections; whether anything did.
    func followConnections() -> Bool {
        var progress = false
        for lane in Lane.allCases where follow(lane) { progress = true }
        return progress
    }

    /// Answers the handshakes that wait; whether there were any.
    func answerHandshakes() -> Bool {
        var progress = false
        while !handshakes.rests(at: MonotonicClock.now()),
            let events = try? gate?.socket.handle.events, events & CInt(ZMQ_POLLIN) != 0
        {
            progress = true
            handshakes.answered()
            // Acceptances first: a connection is admitted after it was accepted.
            for lane in Lane.allCases { _ = follow(lane) }
            guard let answer = gate?.answer(number: { connections.admit() }) else { break }
            guard let key = answer.key else { continue }
            core.state.withLock { state in
                state.counters.keysAccepted += answer.isAllowed ? 1 : 0
                state.counters.keysRefused += answer.isAllowed ? 0 : 1
            }
            if !answer.isAllowed {
                let fingerprint = CurveKeys.fingerprint(of: key)
                tell(.keyRefused(fingerprint: fingerprint, address: answer.address), fingerprint)
            }
        }
        return progress
    }

    /// Whether a message's peer may be heard: it was not disconnected, and its key is allowed.
    func isWelcome(_ peer: PeerID, _ origin: Origin?, on lane: Lane) -> Bool {
        guard let origin else { return true }
        if !connections.knows(origin) { _ = follow(lane) }
        let (verdict, replaced) = connections.received(origin, from: peer, on: lane)
        // ZeroMQ lets go of the old connection's messages, but not of the connection.
        if let replaced {
            replaced.shutDown()
            handler(.connection(.ended(peer, lane)))
        }
        guard verdict == .deliver else { return false }
        if let key = origin.key, gate?.stillAllows(key) != true {
            disconnect(peer, .keyRemoved(fingerprint: CurveKeys.fingerprint(of: key)))
            return false
        }
        return true
    }

    /// See ``Reactor/disconnect(_:)-(PeerID)``.
    func disconnect(_ peer: PeerID, _ reason: CloseReason) {
        guard peer != Outbox.theServer else { return breakOff(reason) }
        if reason.isExcess { handshakes.sawExcess(at: MonotonicClock.now()) }
        for lane in Lane.allCases { _ = follow(lane) }
        for entry in connections.disconnect(peer, at: MonotonicClock.now()) {
            entry.shutDown(isAbrupt: reason.isExcess)
        }
        core.state.withLock { $0.dropAll(to: peer) }
        giveBackMemory()
        handler(.connection(.closed(peer, reason)))
    }

    /// Ends the connections that this process made, with all that waits on them, and connects anew.
    private func breakOff(_ reason: CloseReason) {
        handler(.connection(.closed(nil, reason)))
        for lane in Lane.allCases where lines[lane.rawValue]?.socket.kind == .dealer {
            drop(lane)
            reconnect(lane)
            handler(.disconnected(lane))
        }
        giveBackMemory()
    }

    /// Closes the connections whose keys are no longer allowed.
    func closeRemovedKeys() {
        guard connections.hasKeys else { return }
        var removed: [PeerID: String] = [:]
        for entry in connections.all {
            guard let peer = entry.peer, let key = entry.key, gate?.stillAllows(key) != true
            else { continue }
            removed[peer] = key
        }
        for (peer, key) in removed {
            disconnect(peer, .keyRemoved(fingerprint: CurveKeys.fingerprint(of: key)))
        }
    }

    /// Takes note of what ZeroMQ tells of a bound lane's connections; whether it told anything.
    func follow(_ lane: Lane) -> Bool {
        guard let line = lines[lane.rawValue], line.socket.kind == .router else { return false }
        var progress = false
        while let event = line.monitor.next() {
            progress = true
            let descriptor = CInt(bitPattern: event.value)
            switch event.kind {
            case ZMQ_EVENT_ACCEPTED:
                guard let inode = ConnectionTable.Entry.inode(descriptor) else { continue }
                let surplus = connections.accepted(
                    descriptor, inode: inode, on: lane, at: MonotonicClock.now())
                suspects.note(descriptor)
                if let surplus {
                    close(surplus, .tooManyConnections(limit: connections.limit))
                }
            case ZMQ_EVENT_DISCONNECTED:
                suspects.forget(descriptor)
                if let peer = connections.ended(descriptor) {
                    handler(.connection(.ended(peer, lane)))
                }
            default: break
            }
        }
        return progress
    }

    /// Takes note of what became of the connection that a lane made; whether anything did.
    ///
    /// Looked at when all that came over the lane is read: an answer may come just before the end.
    func watch(_ lane: Lane) -> Bool {
        var progress = false
        while let line = lines[lane.rawValue], line.socket.kind == .dealer,
            let event = line.monitor.next()
        {
            progress = true
            lines[lane.rawValue]?.isConnected = event.kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED
            switch event.kind {
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
                lines[lane.rawValue]?.retry = nil
                handler(.connection(.connected(lane)))
            case ZMQ_EVENT_DISCONNECTED:
                // An attempt that failed was no connection.
                guard line.isConnected else { continue }
                // ZeroMQ connects again by itself, but not where the other side broke the
                // protocol, as by a frame that is too large.
                lines[lane.rawValue]?.retry = MonotonicClock.now() + Self.retryInterval
                handler(.disconnected(lane))
            case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: rejected(lane, line, isKey: true)
            case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: rejected(lane, line, isKey: false)
            default: break
            }
        }
        return progress
    }

    /// The other side does not let this one in: ZeroMQ itself does not try again.
    private func rejected(_ lane: Lane, _ line: Line, isKey: Bool) {
        lines[lane.rawValue]?.retry = MonotonicClock.now() + Self.retryInterval
        let endpoint = line.endpoint?.text ?? ""
        var rejection = Rejection.notUnderstood(endpoint: endpoint)
        if isKey, case .curve(.client(let pair, _)) = security {
            rejection = .keyRefused(fingerprint: pair.fingerprint, endpoint: endpoint)
        }
        handler(.connection(.rejected(lane, rejection)))
    }
}
