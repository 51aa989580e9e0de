import CZeroMQ

/// Answers ZeroMQ's question, for each CURVE handshake, whether the client's key is let in.
///
/// ZeroMQ asks over `inproc://zeromq.zap.01` (ZAP, RFC 27). Where nobody answers there it lets
/// everybody in, so the gate opens before anything is bound and closes after everything else.
struct KeyGate {
    let socket: ZMQSocket
    private var allowed: AllowList

    init(allowedFolder: String, in context: ZMQContext) throws(TransportError) {
        guard ZMQContext.has("curve") else { throw .curveMissing }
        socket = try ZMQSocket(.reply, in: context)
        try socket.handle.set(ZMQ_LINGER, to: CInt(0))
        _ = try socket.bind(try Endpoint("inproc://zeromq.zap.01"))
        allowed = AllowList(folder: allowedFolder)
    }

    /// Answers one question, if there is one: whether the key was let in.
    mutating func answer() -> Bool? {
        guard case .frames(let request) = try? socket.receive(limits: .control) else { return nil }
        // Version, request id, domain, address, routing id, mechanism, credentials.
        let isCurve = request.count == 7 && request[5] == Array("CURVE".utf8)
        let isAllowed = isCurve && allowed.allows(request[6])
        let reply: [[UInt8]] = [
            Array("1.0".utf8), request.count > 1 ? request[1] : [],
            Array((isAllowed ? "200" : "400").utf8),
            Array((isAllowed ? "OK" : "The key is not in the allow-list.").utf8), [], [],
        ]
        for (index, frame) in reply.enumerated() {
            _ = socket.send(frame, more: index + 1 < reply.count)
        }
        return isAllowed
    }
}
