import CZeroMQ
import Glibc

/// Hears from ZeroMQ what becomes of the connections of one socket.
///
/// A socket hides that a peer is gone: it connects again and messages wait. Who waits for an
/// answer must know, since what was asked is lost with the connection.
///
/// ZeroMQ's I/O thread writes what happens to a pair of sockets in this process. Used by the
/// thread of the socket that is watched, which it keeps open.
final class ConnectionMonitor {
    /// What happened to a connection.
    struct Event: Equatable {
        /// One of ZeroMQ's kinds, such as `ZMQ_EVENT_DISCONNECTED`.
        var kind: CInt
        /// The descriptor, error number or interval that comes with the kind.
        var value: UInt32
        /// The endpoint of the connection.
        var endpoint: String
    }

    private let watched: ZMQSocket
    private let socket: ZMQSocket

    /// Watches `socket` for events of `kinds`, ZeroMQ's constants added up.
    init(_ watched: ZMQSocket, kinds: CInt, in context: ZMQContext) throws(TransportError) {
        // Unique in the context for as long as the socket lives.
        let endpoint = "inproc://monitor-\(UInt(bitPattern: watched.handle.pointer))"
        socket = try ZMQSocket(.pair, in: context)
        self.watched = watched
        guard zmq_socket_monitor(watched.handle.pointer, endpoint, kinds) == 0 else {
            throw lastError("zmq_socket_monitor")
        }
        try socket.handle.set(ZMQ_LINGER, to: CInt(0))
        // Without limit: nothing that ZeroMQ tells is lost, and its thread never waits for us.
        try socket.handle.set(ZMQ_RCVHWM, to: CInt(0))
        try socket.handle.connect(try Endpoint(endpoint))
    }

    deinit {
        // Before the reading side closes: ZeroMQ's thread would wait for a reader for ever.
        zmq_socket_monitor(watched.handle.pointer, nil, 0)
    }

    /// The descriptor that becomes readable when ``next()`` may have something.
    var descriptor: CInt {
        get throws(TransportError) { try socket.handle.descriptor }
    }

    /// What happened next; nil when nothing did.
    ///
    /// Asked until nil, it arms ``descriptor`` again.
    func next() -> Event? {
        while let events = try? socket.handle.events, events & CInt(ZMQ_POLLIN) != 0 {
            guard case .frames(let frames, _) = try? socket.receive(limits: .control),
                frames.count == 2, frames[0].count == 6
            else { continue }
            // Kind and value in the byte order of this host, not aligned; then the endpoint.
            return frames[0].withUnsafeBytes {
                Event(
                    kind: CInt($0.loadUnaligned(fromByteOffset: 0, as: UInt16.self)),
                    value: $0.loadUnaligned(fromByteOffset: 2, as: UInt32.self),
                    endpoint: String(decoding: frames[1], as: UTF8.self))
            }
        }
        return nil
    }
}
