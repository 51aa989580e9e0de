import CZeroMQ
import Glibc

/// Owns the handle of a ZeroMQ socket: its options, endpoints and events, whatever its kind.
///
/// Used by one thread at a time. It keeps the context alive.
struct SocketHandle: ~Copyable {
    let pointer: UnsafeMutableRawPointer
    private let context: ZMQContext

    /// Opens a socket of one of ZeroMQ's types, such as `ZMQ_ROUTER`.
    init(_ type: CInt, in context: ZMQContext) throws(TransportError) {
        guard let pointer = zmq_socket(context.handle, type) else {
            throw lastError("zmq_socket")
        }
        self.pointer = pointer
        self.context = context
    }

    deinit { zmq_close(pointer) }

    /// Sets an option that is a number.
    func set(_ option: CInt, to value: CInt) throws(TransportError) {
        try withUnsafeBytes(of: value) { bytes throws(TransportError) in
            try set(option, bytes)
        }
    }

    /// Sets an option that is 64 bits wide.
    func set(_ option: CInt, to value: Int64) throws(TransportError) {
        try withUnsafeBytes(of: value) { bytes throws(TransportError) in
            try set(option, bytes)
        }
    }

    /// Sets an option that is a string of bytes.
    func set(_ option: CInt, to value: [UInt8]) throws(TransportError) {
        try value.withUnsafeBufferPointer { bytes throws(TransportError) in
            try set(option, UnsafeRawBufferPointer(bytes))
        }
    }

    private func set(_ option: CInt, _ bytes: UnsafeRawBufferPointer) throws(TransportError) {
        guard zmq_setsockopt(pointer, option, bytes.baseAddress, bytes.count) == 0 else {
            throw lastError("zmq_setsockopt(\(option))")
        }
    }

    /// The descriptor that becomes readable when ``events`` may have changed.
    var descriptor: CInt {
        get throws(TransportError) { try number(ZMQ_FD) }
    }

    /// What can be done now; asking re-arms ``descriptor``.
    var events: CInt {
        get throws(TransportError) { try number(ZMQ_EVENTS) }
    }

    private func number(_ option: CInt) throws(TransportError) -> CInt {
        var value: CInt = 0
        var size = MemoryLayout<CInt>.size
        guard zmq_getsockopt(pointer, option, &value, &size) == 0 else {
            throw lastError("zmq_getsockopt(\(option))")
        }
        return value
    }

    /// Binds, and gives the endpoint with the port that the system chose.
    ///
    /// The options that were set before hold for this endpoint: ZeroMQ copies them when it binds.
    func bind(_ endpoint: Endpoint) throws(TransportError) -> String {
        try set(ZMQ_IPV6, to: endpoint.isVersion6 ? 1 : CInt(0))
        guard zmq_bind(pointer, endpoint.text) == 0 else {
            let number = zmq_errno()
            throw number == EADDRINUSE
                ? .addressInUse(endpoint: endpoint.text)
                : .cannotBind(endpoint: endpoint.text, reason: reason(number))
        }
        if let path = endpoint.path { chmod(path, 0o600) }
        var size = 512
        let last = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            let failed = zmq_getsockopt(pointer, ZMQ_LAST_ENDPOINT, buffer.baseAddress, &size) != 0
            count = failed || size == 0 ? 0 : size - 1
        }
        return String(decoding: last, as: UTF8.self)
    }

    /// Connects, now or whenever the other side is there.
    func connect(_ endpoint: Endpoint) throws(TransportError) {
        try set(ZMQ_IPV6, to: endpoint.isVersion6 ? 1 : CInt(0))
        guard zmq_connect(pointer, endpoint.text) == 0 else {
            throw .cannotConnect(endpoint: endpoint.text, reason: reason(zmq_errno()))
        }
    }
}
