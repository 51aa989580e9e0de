import CZeroMQ

/// Answers ZeroMQ's question, for each handshake on a bound lane, whether the other side is let in.
///
/// ZeroMQ asks over `inproc://zeromq.zap.01` (ZAP, RFC 27). Where nobody answers there it lets
/// everybody in, so the gate opens before anything is bound and closes after everything else.
///
/// Whoever is let in gets a number, which every message of that connection carries from then on,
/// beside the key that was proved. Connections without keys are asked about too, for the number.
struct KeyGate {
    /// The question that was answered.
    struct Answer {
        let isAllowed: Bool
        /// The key, of a connection that has one.
        let key: String?
        /// The address of the other side, as ZeroMQ tells it.
        let address: String
    }

    /// The domain of the bound sockets; with one ZeroMQ asks about connections without keys too.
    static let domain = Array("sheaf".utf8)
    /// The property of a message that has the number of its connection.
    static let numberProperty = "Connection"

    let socket: ZMQSocket
    private var allowed: AllowList?

    /// Opens the gate; without a folder of allowed keys no key is let in.
    init(allowedFolder: String?, in context: ZMQContext) throws(TransportError) {
        socket = try ZMQSocket(.reply, in: context)
        try socket.handle.set(ZMQ_LINGER, to: CInt(0))
        _ = try socket.bind(try Endpoint("inproc://zeromq.zap.01"))
        allowed = allowedFolder.map { AllowList(folder: $0) }
    }

    /// Answers one question, if there is one.
    ///
    /// - Parameter number: gives the number of a connection that is let in.
    mutating func answer(number: () -> UInt64) -> Answer? {
        guard case .frames(let request, _) = try? socket.receive(limits: .control) else {
            return nil
        }
        // Version, request id, domain, address, routing id, mechanism, credentials.
        let mechanism = request.count > 5 ? request[5] : []
        let key = request.count == 7 && mechanism == Array("CURVE".utf8) ? request[6] : nil
        let isAllowed =
            if let key { allowed?.allows(key) == true } else { mechanism == Array("NULL".utf8) }
        let text = key.flatMap { KeyFile.text(ofKey: $0) }
        let reply: [[UInt8]] = [
            Array("1.0".utf8), request.count > 1 ? request[1] : [],
            Array((isAllowed ? "200" : "400").utf8),
            Array((isAllowed ? "OK" : "The key is not in the allow-list.").utf8),
            Array((text ?? "").utf8), isAllowed ? Self.metadata(number()) : [],
        ]
        for (index, frame) in reply.enumerated() {
            _ = socket.send(frame, more: index + 1 < reply.count)
        }
        let address = request.count > 3 ? String(decoding: request[3], as: UTF8.self) : ""
        return Answer(isAllowed: isAllowed, key: text, address: address)
    }

    /// Whether a key that was let in still is.
    mutating func stillAllows(_ key: String) -> Bool {
        allowed?.contains(key) == true
    }

    /// One property as ZMTP writes it: the name after its length in a byte, the value after its
    /// length in four.
    private static func metadata(_ number: UInt64) -> [UInt8] {
        let value = Array(String(number).utf8)
        let name = Array(numberProperty.utf8)
        return [UInt8(name.count)] + name + [0, 0, 0, UInt8(value.count)] + value
    }
}
