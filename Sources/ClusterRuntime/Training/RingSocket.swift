import CZeroMQ
import ClusterCore
import Glibc
import Synchronization
import Training

/// Owns one of a rank's two ring sockets and the monitor of its connection; used by one thread.
///
/// The way on is a PUSH that connects, the way in a PULL that binds. Sockets serve one generation
/// and are never connected again: a connection that ends, ends the generation.
final class RingSocket {
    enum Direction {
        case on, `in`
    }

    /// What a read found.
    enum Received {
        case nothing
        /// A message of two frames; the body has been handed over.
        case message
        /// Something else, which was dropped.
        case refused(WireError)
    }

    /// The credit that a rank has with the next: chunks that ZeroMQ may hold on either side.
    ///
    /// Beyond it sending waits until the next rank takes some.
    private static let highWaterMark: CInt = 8
    /// Bytes of the system's socket buffers, so that a chunk leaves in few calls.
    private static let bufferBytes: CInt = 1 << 20

    /// Declared before the socket that it watches, and so closed before it.
    private let monitor: SocketHandle
    let handle: SocketHandle
    private let scratch: UnsafeMutablePointer<zmq_msg_t>
    /// Who has come in; nil on the way on, which has one connection.
    private var connections: RingConnections?
    private var hasLostWayOn = false

    /// What to poll: the socket's and the monitor's descriptors.
    let descriptors: [CInt]

    /// Opens a socket.
    ///
    /// - Parameter messageLimit: the longest frame taken, in bytes.
    init(
        _ direction: Direction, messageLimit: Int, in context: ZMQContext
    ) throws(TransportError) {
        handle = try SocketHandle(direction == .on ? ZMQ_PUSH : ZMQ_PULL, in: context)
        monitor = try SocketHandle(ZMQ_PAIR, in: context)
        descriptors = [try handle.descriptor, try monitor.descriptor]
        scratch = .allocate(capacity: 1)
        connections = direction == .in ? RingConnections() : nil
        let events = direction == .in ? RingConnections.events : ZMQ_EVENT_DISCONNECTED
        // Without limit: ZeroMQ's thread never waits for this one to read what it tells.
        try monitor.set(ZMQ_RCVHWM, to: CInt(0))
        let name = "inproc://ring-\(direction)-\(UInt(bitPattern: handle.pointer))"
        guard zmq_socket_monitor(handle.pointer, name, events) == 0,
            zmq_connect(monitor.pointer, name) == 0
        else { throw lastError("zmq_socket_monitor") }
        try handle.set(ZMQ_LINGER, to: CInt(0))
        try handle.set(ZMQ_IMMEDIATE, to: CInt(1))
        try handle.set(ZMQ_SNDHWM, to: Self.highWaterMark)
        try handle.set(ZMQ_RCVHWM, to: Self.highWaterMark)
        try handle.set(ZMQ_SNDBUF, to: Self.bufferBytes)
        try handle.set(ZMQ_RCVBUF, to: Self.bufferBytes)
        try handle.set(ZMQ_MAXMSGSIZE, to: Int64(messageLimit))
    }

    deinit { scratch.deallocate() }

    /// What can be done now; asking re-arms the socket's descriptor.
    var events: CInt { (try? handle.events) ?? 0 }

    /// Whether the connection to the neighbour has ended.
    func hasLostConnection() -> Bool {
        noteEvents()
        return connections?.hasLostRankBefore ?? hasLostWayOn
    }

    /// Takes note of what the monitor tells; reading to the end re-arms its descriptor.
    private func noteEvents() {
        // Kind and value in the byte order of this host, not aligned; then the endpoint.
        var frame = [UInt8](repeating: 0, count: 512)
        while zmq_recv(monitor.pointer, &frame, frame.count, ZMQ_DONTWAIT) >= 0 {
            let (kind, value) = frame.withUnsafeBytes {
                (
                    CInt($0.loadUnaligned(fromByteOffset: 0, as: UInt16.self)),
                    $0.loadUnaligned(fromByteOffset: 2, as: CInt.self)
                )
            }
            _ = zmq_recv(monitor.pointer, &frame, frame.count, ZMQ_DONTWAIT)
            connections?.note(kind, value)
            if connections == nil, kind == ZMQ_EVENT_DISCONNECTED { hasLostWayOn = true }
        }
    }

    /// Notes over which connection messages come, at the first one.
    private func noteConnection() {
        guard connections != nil, connections?.ofRankBefore == nil else { return }
        noteEvents()
        let descriptor = zmq_msg_get(scratch, ZMQ_SRCFD)
        if descriptor >= 0 { connections?.ofRankBefore = descriptor }
    }
}

extension RingSocket {
    /// Frames up to this size are copied into the message: giving a loan back costs more.
    private static let copyBytes = 32 << 10

    /// Gives a message of two frames to ZeroMQ without waiting: whether it took it.
    ///
    /// A long body is lent, not copied: it must stay as it is until `loans` has none.
    func send(
        header: [UInt8], body: UnsafeMutableRawBufferPointer, loans: RingLoans
    ) throws(TransportError) -> Bool {
        let taken = header.withUnsafeBytes {
            zmq_send(handle.pointer, $0.baseAddress, $0.count, ZMQ_DONTWAIT | ZMQ_SNDMORE)
        }
        guard taken >= 0 else {
            let number = zmq_errno()
            if number == EAGAIN || number == EINTR { return false }
            throw .system(call: "zmq_send", reason: reason(number))
        }
        if body.count <= Self.copyBytes {
            guard zmq_send(handle.pointer, body.baseAddress, body.count, ZMQ_DONTWAIT) >= 0 else {
                throw lastError("zmq_send")
            }
            return true
        }
        let lender = loans.lend()
        let freed: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void = {
            guard let hint = $1 else { return }
            Unmanaged<RingLoans>.fromOpaque(hint).takeRetainedValue().giveBack()
        }
        guard zmq_msg_init_data(scratch, body.baseAddress, body.count, freed, lender) == 0 else {
            Unmanaged<RingLoans>.fromOpaque(lender).takeRetainedValue().giveBack()
            throw lastError("zmq_msg_init_data")
        }
        guard zmq_msg_send(scratch, handle.pointer, ZMQ_DONTWAIT) >= 0 else {
            let failure = lastError("zmq_msg_send")
            zmq_msg_close(scratch)
            throw failure
        }
        return true
    }

    /// Reads one message without waiting.
    ///
    /// - Parameter body: gets the first frame and where the second lies while the call lasts.
    func receive(
        _ body: (RingHeader, UnsafeRawBufferPointer) throws(CollectiveError) -> Void
    ) throws(CollectiveError) -> Received {
        var header: RingHeader?
        var refusal: WireError?
        var frames = 0
        var more = true
        while more {
            zmq_msg_init(scratch)
            defer { zmq_msg_close(scratch) }
            if zmq_msg_recv(scratch, handle.pointer, ZMQ_DONTWAIT) < 0 {
                let number = zmq_errno()
                if number == EINTR { continue }
                guard number == EAGAIN else {
                    throw .transport("zmq_msg_recv failed: \(reason(number)). Start again.")
                }
                return .nothing
            }
            more = zmq_msg_more(scratch) != 0
            frames += 1
            if frames == 1 { noteConnection() }
            let bytes = UnsafeRawBufferPointer(
                start: zmq_msg_data(scratch), count: zmq_msg_size(scratch))
            switch frames {
            case 1:
                do throws(WireError) {
                    guard bytes.count <= RingHeader.limitBytes else {
                        throw .headerTooLarge(bytes: bytes.count, limit: RingHeader.limitBytes)
                    }
                    header = try unpack(Array(bytes))
                } catch {
                    refusal = error
                }
            case 2 where !more:
                if let header { try body(header, bytes) }
            default:
                break
            }
        }
        if frames != 2 { refusal = .tooManyFrames(found: frames, limit: 2) }
        return refusal.map { .refused($0) } ?? .message
    }
}

/// Counts the memory that ZeroMQ still reads from, and wakes who waits for the last of it.
final class RingLoans: Sendable {
    private let count = Atomic<Int>(0)
    private let wakeup: Wakeup

    init(wakeup: Wakeup) {
        self.wakeup = wakeup
    }

    /// Whether nothing is lent.
    var areBack: Bool { count.load(ordering: .acquiring) == 0 }

    /// Notes a loan: what to give ZeroMQ for giving it back.
    fileprivate func lend() -> UnsafeMutableRawPointer {
        count.add(1, ordering: .relaxed)
        return Unmanaged.passRetained(self).toOpaque()
    }

    /// Called by ZeroMQ's thread.
    fileprivate func giveBack() {
        if count.subtract(1, ordering: .releasing).newValue == 0 { wakeup.signal() }
    }
}
