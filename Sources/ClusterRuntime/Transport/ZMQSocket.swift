import CZeroMQ
import ClusterCore
import Glibc

/// Owns a ZeroMQ socket; used by one thread at a time.
final class ZMQSocket {
    /// The kinds of socket that the transport uses.
    enum Kind {
        /// The side that binds and tells its peers apart.
        case router
        /// The side that connects.
        case dealer
        /// The answering side of the key check.
        case reply
        /// The reading side of a monitor.
        case pair
    }

    /// What a read found.
    enum Received: Equatable {
        /// Nothing is there.
        case nothing
        /// The frames of one message, the routing id first on a ROUTER, and where it came from.
        case frames([[UInt8]], Origin?)
        /// A message beyond the limit of frames or bytes; it has been read and dropped. The
        /// frames are those within the limits, so that the sender is known.
        case tooLarge(WireError, [[UInt8]], Origin?)
    }

    /// What became of a message given to ZeroMQ.
    enum Sent {
        /// ZeroMQ has taken it whole.
        case sent
        /// It has taken nothing of it: the queue is full, or nobody is connected.
        case blocked
        /// The peer is not connected.
        case unreachable
    }

    let kind: Kind
    let handle: SocketHandle
    private let scratch: UnsafeMutablePointer<zmq_msg_t>

    /// Opens a socket.
    init(_ kind: Kind, in context: ZMQContext) throws(TransportError) {
        let type =
            switch kind {
            case .router: ZMQ_ROUTER
            case .dealer: ZMQ_DEALER
            case .reply: ZMQ_REP
            case .pair: ZMQ_PAIR
            }
        self.kind = kind
        handle = try SocketHandle(type, in: context)
        scratch = .allocate(capacity: 1)
    }

    deinit { scratch.deallocate() }

    /// Binds where nobody listens, and gives the endpoint with the port that the system chose.
    func bind(_ endpoint: Endpoint) throws(TransportError) -> String {
        guard !endpoint.isListenedOn else { throw .addressInUse(endpoint: endpoint.text) }
        return try handle.bind(endpoint)
    }
}

extension ZMQSocket {
    /// Gives a message to ZeroMQ, without waiting; the peer counts on a ROUTER alone.
    func send(_ frames: [[UInt8]], to peer: PeerID) -> Sent {
        let frames = kind == .router ? [peer.bytes] + frames : frames
        for (index, frame) in frames.enumerated() {
            let isLast = index == frames.count - 1
            switch send(frame, more: !isLast) {
            case 0: continue
            case EAGAIN:
                // In the middle of a message this says that the connection broke: ZeroMQ has
                // taken back the frames before and drops those up to the next last one.
                if index > 0, !isLast { _ = send([], more: false) }
                return .blocked
            default:
                return .unreachable
            }
        }
        return .sent
    }

    /// Gives one frame to ZeroMQ, without waiting: zero, or the error number.
    func send(_ frame: [UInt8], more: Bool) -> CInt {
        let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
        while true {
            let sent = frame.withUnsafeBytes {
                zmq_send(handle.pointer, $0.baseAddress, $0.count, flags)
            }
            if sent >= 0 { return 0 }
            let number = zmq_errno()
            if number != EINTR { return number }
        }
    }

    /// Reads one message, without waiting.
    ///
    /// The rest of a message that is larger than allowed is read and dropped frame by frame, so
    /// that it never lies in memory here as a whole.
    func receive(limits: WireLimits) throws(TransportError) -> Received {
        let routingFrames = kind == .router ? 1 : 0
        var frames: [[UInt8]] = []
        var count = 0
        var bytes = 0
        var more = true
        var origin: Origin?
        while more {
            zmq_msg_init(scratch)
            defer { zmq_msg_close(scratch) }
            if zmq_msg_recv(scratch, handle.pointer, ZMQ_DONTWAIT) < 0 {
                let number = zmq_errno()
                if number == EINTR { continue }
                guard number == EAGAIN else {
                    throw .system(call: "zmq_msg_recv", reason: reason(number))
                }
                return .nothing
            }
            more = zmq_msg_more(scratch) != 0
            count += 1
            // The frame of the routing id is of ZeroMQ's own making and carries nothing.
            if kind == .router, count == 2 { origin = self.origin }
            let size = zmq_msg_size(scratch)
            if count > routingFrames { bytes += size }
            if count <= limits.frames + routingFrames, bytes <= limits.message {
                let start = zmq_msg_data(scratch)
                frames.append(Array(UnsafeRawBufferPointer(start: start, count: size)))
            }
        }
        count -= routingFrames
        if count > limits.frames {
            return .tooLarge(.tooManyFrames(found: count, limit: limits.frames), frames, origin)
        }
        if bytes > limits.message {
            return .tooLarge(.messageTooLarge(bytes: bytes, limit: limits.message), frames, origin)
        }
        return .frames(frames, origin)
    }

    /// Where the frame that was just read came from, as the handshake of its connection put it on
    /// record; nil where a connection had no number.
    private var origin: Origin? {
        guard let number = property(KeyGate.numberProperty).flatMap({ UInt64($0) }) else {
            return nil
        }
        let key = property("User-Id")
        return Origin(
            number: number, descriptor: zmq_msg_get(scratch, ZMQ_SRCFD),
            key: key?.isEmpty == false ? key : nil)
    }

    private func property(_ name: String) -> String? {
        zmq_msg_gets(scratch, name).map { String(cString: $0) }
    }
}
