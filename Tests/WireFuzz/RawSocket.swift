import CZeroMQ

/// A plain ZeroMQ socket that sends whatever it is told.
package final class RawSocket {
    /// Which side it is.
    package enum Kind {
        /// Connects, with a routing id.
        case dealer(id: String)
        /// Binds.
        case router
        /// Connects, and sends without an id.
        case pusher
    }

    private let context: UnsafeMutableRawPointer?
    private let socket: UnsafeMutableRawPointer?

    /// Opens a socket on an endpoint.
    package init(_ kind: Kind, _ endpoint: String) {
        context = zmq_ctx_new()
        switch kind {
        case .dealer(let id):
            socket = zmq_socket(context, ZMQ_DEALER)
            zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, id.utf8.count)
            set(ZMQ_LINGER, 0)
            zmq_connect(socket, endpoint)
        case .pusher:
            socket = zmq_socket(context, ZMQ_PUSH)
            // What is sent leaves before the socket is gone.
            set(ZMQ_LINGER, 1000)
            zmq_connect(socket, endpoint)
        case .router:
            socket = zmq_socket(context, ZMQ_ROUTER)
            set(ZMQ_LINGER, 0)
            // A peer that connects anew takes the place of its lost connection.
            set(ZMQ_ROUTER_HANDOVER, 1)
            zmq_bind(socket, endpoint)
        }
        set(ZMQ_SNDTIMEO, 10_000)
    }

    deinit {
        zmq_close(socket)
        zmq_ctx_term(context)
    }

    /// Sends the frames of one message; false where nobody takes them within ten seconds.
    @discardableResult
    package func send(_ frames: [[UInt8]]) -> Bool {
        for (index, frame) in frames.enumerated() {
            let flags = index + 1 < frames.count ? ZMQ_SNDMORE : 0
            if zmq_send(socket, frame, frame.count, flags) < 0 { return false }
        }
        return true
    }

    /// The frames of a message that comes within some milliseconds; nil where none does.
    package func receive(within milliseconds: Int) -> [[UInt8]]? {
        set(ZMQ_RCVTIMEO, CInt(milliseconds))
        var frames: [[UInt8]] = []
        var more: CInt = 1
        while more != 0 {
            var message = zmq_msg_t()
            zmq_msg_init(&message)
            defer { zmq_msg_close(&message) }
            guard zmq_msg_recv(&message, socket, 0) >= 0 else { return nil }
            frames.append(
                [UInt8](
                    UnsafeRawBufferPointer(
                        start: zmq_msg_data(&message), count: zmq_msg_size(&message))))
            more = zmq_msg_more(&message)
        }
        return frames
    }

    private func set(_ option: CInt, _ value: CInt) {
        var value = value
        zmq_setsockopt(socket, option, &value, MemoryLayout<CInt>.size)
    }
}
