// What the transport tests share: a process in miniature, and a peer without manners.

import Base
import CZeroMQ
import ClusterCore
import Foundation
import Testing

@testable import ClusterRuntime

/// A reactor and everything it has told its handler.
final class MiniProcess: Sendable {
    let name: String
    let incarnation: UInt64
    let reactor: Reactor
    private let inbox: Inbox

    /// Starts a process; `reply` may answer each message on the reactor's thread.
    init(
        _ name: String, incarnation: UInt64 = 1, security: SecurityPolicy = .localOnly,
        queueLimitBytes: Int = 64 << 20,
        reply: (@Sendable (Inbound) -> Void)? = nil
    ) throws {
        let inbox = Inbox()
        self.name = name
        self.incarnation = incarnation
        self.inbox = inbox
        reactor = try Reactor(
            name: name, incarnation: incarnation, security: security,
            queueLimitBytes: queueLimitBytes
        ) { inbound in
            if case .connection(let event) = inbound {
                inbox.events.withLock { $0.append(event) }
            } else {
                inbox.inbound.withLock { $0.append(inbound) }
                reply?(inbound)
            }
        }
    }

    /// What came so far, without what happened to connections.
    var inbound: [Inbound] { inbox.inbound.withLock { $0 } }

    /// What happened to connections so far.
    var events: [ConnectionEvent] { inbox.events.withLock { $0 } }

    /// Who sent the messages that came so far.
    var senders: [MessageOrigin] {
        inbound.compactMap { if case .message(_, let sender) = $0 { sender } else { nil } }
    }

    /// The messages that came so far.
    var envelopes: [Envelope] {
        inbound.compactMap { if case .message(let envelope, _) = $0 { envelope } else { nil } }
    }

    /// Binds a lane to a free port of the loopback.
    func bind(_ lane: Lane) throws -> String {
        try reactor.bind(lane, to: "tcp://127.0.0.1:0")
    }

    /// An envelope from this process.
    func envelope(
        _ message: Message, requestID: UInt64 = 0, frames: [[UInt8]] = []
    ) -> Envelope {
        Envelope(
            sender: name, incarnation: incarnation, requestID: requestID, message: message,
            frames: frames)
    }

    /// Says hello on the control lane.
    func hello() throws {
        try reactor.send(
            envelope(.hello(Hello(role: .worker, name: name))), on: .control)
    }

    /// Waits until something holds of what came; records an issue after twenty seconds.
    func wait(
        for what: String, _ location: SourceLocation = #_sourceLocation,
        until holds: @Sendable ([Inbound]) -> Bool
    ) async throws {
        try await eventually("\(name) waits for \(what)", location) { holds(inbound) }
    }
}

private final class Inbox: Sendable {
    let inbound = Locked<[Inbound]>([])
    let events = Locked<[ConnectionEvent]>([])
}

/// Waits until something holds; records an issue after twenty seconds.
func eventually(
    _ what: String, _ location: SourceLocation = #_sourceLocation, _ holds: () -> Bool
) async throws {
    for _ in 0..<10_000 {
        if holds() { return }
        try await Task.sleep(for: .milliseconds(2))
    }
    Issue.record("Nothing came: \(what).", sourceLocation: location)
}

extension Envelope {
    /// Bytes of its frames on a lane.
    func wireBytes(_ lane: Lane) throws -> Int {
        try Wire.encode(self, limits: lane.limits).reduce(0) { $0 + $1.count }
    }
}

/// A plain DEALER that sends whatever it is told.
final class RawPeer {
    private let context: UnsafeMutableRawPointer?
    private let socket: UnsafeMutableRawPointer?

    init(_ id: String, to endpoint: String, linger: Duration = .seconds(2)) throws {
        context = zmq_ctx_new()
        socket = zmq_socket(context, ZMQ_DEALER)
        var linger = CInt(linger / .milliseconds(1))
        zmq_setsockopt(socket, ZMQ_LINGER, &linger, MemoryLayout<CInt>.size)
        zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, id.utf8.count)
        try #require(zmq_connect(socket, endpoint) == 0)
    }

    deinit {
        zmq_close(socket)
        zmq_ctx_term(context)
    }

    /// The next message; what has come of it after ten seconds.
    func receive() -> [[UInt8]] {
        var patience = CInt(10_000)
        zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience, MemoryLayout<CInt>.size)
        var frames: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var more = CInt(1)
        while more != 0 {
            let count = zmq_recv(socket, &buffer, buffer.count, 0)
            guard count >= 0 else { break }
            frames.append(Array(buffer.prefix(Int(count))))
            var size = MemoryLayout<CInt>.size
            zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size)
        }
        return frames
    }

    func send(_ frames: [[UInt8]]) {
        for (index, frame) in frames.enumerated() {
            let flags = index + 1 < frames.count ? ZMQ_SNDMORE : 0
            zmq_send(socket, frame, frame.count, flags)
        }
    }
}

/// A folder for sockets and keys that ends with its owner; its path is short enough for both.
final class SocketFolder {
    let path: String

    init() throws {
        path = "/tmp/sheaf-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
