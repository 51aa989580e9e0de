import Base
import CZeroMQ
import ClusterCore

/// Messages: out of the outbox to ZeroMQ, from ZeroMQ to the handler.
extension ReactorLoop {
    /// Messages read from a lane before the others have their turn.
    private static let receiveBurst = 16

    /// Sends what waits on a lane, each peer in turn, up to the lane's burst; whether any left.
    func send(_ lane: Lane) -> Bool {
        guard let socket = lines[lane.rawValue]?.socket else { return false }
        var left = lane.sendBurst
        var blocked: [PeerID] = []
        var progress = false
        while left > 0, let (peer, message) = core.state.withLock({ $0.outbox.next(on: lane) }) {
            switch socket.send(message.frames, to: peer) {
            case .sent:
                core.state.withLock { $0.noteSent(message, on: lane, to: peer) }
                left -= 1
                progress = true
            case .blocked: blocked.append(peer)
            case .unreachable:
                progress = true
                giveUp(on: lane, peer)
            }
        }
        if !blocked.isEmpty {
            core.state.withLock { state in
                for peer in blocked { state.outbox.passed(on: lane, peer) }
            }
        }
        lines[lane.rawValue]?.isBlocked = !blocked.isEmpty
        return progress
    }

    /// Drops what waits for a peer that is not connected, and tells the handler.
    func giveUp(on lane: Lane, _ peer: PeerID) {
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
    func receive(_ lane: Lane) -> Bool {
        if lines[lane.rawValue]?.pace.rests(at: MonotonicClock.now()) == true {
            // What came meanwhile is not known.
            lines[lane.rawValue]?.isDry = false
            return false
        }
        for count in 0..<Self.receiveBurst {
            // Asked for anew each time: the handler may have replaced the lane.
            guard let line = lines[lane.rawValue], let events = try? line.socket.handle.events
            else {
                return count > 0
            }
            lines[lane.rawValue]?.isDry = events & CInt(ZMQ_POLLIN) == 0
            guard events & CInt(ZMQ_POLLIN) != 0 else {
                let canSend = line.socket.kind == .dealer && events & CInt(ZMQ_POLLOUT) != 0
                return count > 0 || (line.isBlocked && canSend)
            }
            guard let received = try? line.socket.receive(limits: lane.limits) else { continue }
            lines[lane.rawValue]?.reads += 1
            switch received {
            case .nothing: continue
            case .frames(let frames, let origin):
                take(frames, origin, from: line.socket.kind, on: lane, nil)
            case .tooLarge(let error, let frames, let origin):
                take(frames, origin, from: line.socket.kind, on: lane, error)
            }
            if lines[lane.rawValue]?.pace.rest != nil { return true }
        }
        return true
    }

    /// Hands a message to the handler, or the reason why it is none.
    private func take(
        _ frames: [[UInt8]], _ origin: Origin?, from kind: ZMQSocket.Kind, on lane: Lane,
        _ refusal: WireError?
    ) {
        var frames = frames
        let bytes = UInt64(frames.reduce(0) { $0 + $1.count })
        let peer = kind == .router && !frames.isEmpty ? PeerID(bytes: frames.removeFirst()) : nil
        if let peer { lines[lane.rawValue]?.pace.read(from: peer, share: lane.readingShare) }
        if let peer, !isWelcome(peer, origin, on: lane) {
            core.state.withLock { state in
                state.counters.unwelcome += 1
                state.counters.receivedBytes += bytes
            }
            return
        }
        let from = MessageOrigin(peer: peer, key: origin?.key, lane: lane, bytes: Int(bytes))
        do throws(WireError) {
            if let refusal { throw refusal }
            let envelope = try Wire.decode(frames, limits: lane.limits)
            core.state.withLock { state in
                state.counters.received += 1
                state.counters.receivedBytes += bytes
            }
            handler(.message(envelope, from: from))
        } catch {
            core.state.withLock { state in
                state.counters.refused[error.kind, default: 0] += 1
                state.counters.receivedBytes += bytes
            }
            let header = Wire.header(of: frames)
            let refused = RefusedFrames(
                from: from, incarnation: header?.incarnation ?? 0,
                requestID: header?.requestID ?? 0, attempt: header?.attempt ?? 0)
            handler(.refused(error, refused))
        }
    }
}

extension ReactorCore.State {
    fileprivate mutating func noteSent(_ message: Outgoing, on lane: Lane, to peer: PeerID) {
        outbox.sent(on: lane, to: peer)
        counters.sent += 1
        counters.sentBytes += UInt64(message.bytes)
    }
}
