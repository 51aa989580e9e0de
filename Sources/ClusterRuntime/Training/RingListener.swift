import CZeroMQ
public import ClusterCore

/// The way in of a rank that waits for its world: a socket of its own for each generation.
///
/// It becomes part of a ``RingGroup``, or closes when it is let go.
public final class RingListener {
    /// Where the rank before can reach it.
    public let address: RingAddress

    let context: ZMQContext
    let socket: RingSocket
    let security: RingSecurity

    /// Binds the socket.
    ///
    /// - Parameters:
    ///   - endpoints: where, such as `ipc:///run/ring.sock` or `tcp://10.0.0.7:0`.
    ///   - settings: the same as on every other rank.
    ///
    /// Throws ``TransportError/openEndpoint(endpoint:)`` where an endpoint is open to other hosts
    /// and `security` does not allow that.
    public init(
        endpoints: [String], security: RingSecurity = .localOnly,
        settings: RingSettings = RingSettings()
    ) throws(TransportError) {
        context = try ZMQContext()
        self.security = security
        socket = try RingSocket(.in, messageLimit: settings.chunkBytes, in: context)
        var key = ""
        var bound: [String] = []
        // The options of a socket are copied when it binds, so endpoints of one may differ.
        for text in endpoints {
            let endpoint = try Endpoint(text)
            if security == .localOnly, !endpoint.isLocal { throw .openEndpoint(endpoint: text) }
            if endpoint.path == nil, security == .keys {
                let pair = try CurveKeyPair.generated()
                key = pair.publicKey
                try socket.handle.set(ZMQ_CURVE_SERVER, to: CInt(1))
                try socket.handle.set(ZMQ_CURVE_SECRETKEY, to: Array(pair.secretKey.utf8))
            } else {
                try socket.handle.set(ZMQ_CURVE_SERVER, to: CInt(0))
            }
            bound.append(try socket.handle.bind(endpoint))
        }
        address = RingAddress(
            host: ProcessFacts.hostName(), endpoints: bound, publicKey: key)
    }

    /// The way on to the rank that follows.
    func connect(
        to next: RingAddress, settings: RingSettings
    ) throws(TransportError) -> RingSocket {
        let isNear = next.host == address.host
        guard
            let text = next.endpoints.first(where: { $0.hasPrefix("ipc://") == isNear })
                ?? next.endpoints.first(where: { !$0.hasPrefix("ipc://") })
        else {
            throw .cannotConnect(
                endpoint: next.endpoints.joined(separator: ", "),
                reason: "\(next.host) is another host and offers no tcp endpoint")
        }
        let socket = try RingSocket(.on, messageLimit: settings.chunkBytes, in: context)
        let endpoint = try Endpoint(text)
        if endpoint.path == nil, !next.publicKey.isEmpty {
            let pair = try CurveKeyPair.generated()
            try socket.handle.set(ZMQ_CURVE_SERVERKEY, to: Array(next.publicKey.utf8))
            try socket.handle.set(ZMQ_CURVE_PUBLICKEY, to: Array(pair.publicKey.utf8))
            try socket.handle.set(ZMQ_CURVE_SECRETKEY, to: Array(pair.secretKey.utf8))
        }
        try socket.handle.connect(endpoint)
        return socket
    }
}
