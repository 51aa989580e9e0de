import CZeroMQ
import ClusterCore

extension ZMQSocket {
    /// A socket that binds a lane: it refuses to send to peers that are not there, and lets a
    /// peer that connects again take over its own routing id.
    static func router(_ lane: Lane, in context: ZMQContext) throws(TransportError) -> ZMQSocket {
        let socket = try ZMQSocket(.router, in: context)
        try socket.setCommonOptions(lane)
        // ``ConnectionTable`` ends who does not get as far as a message. Timers of libzmq would be
        // gone through one by one at each handshake (4.3.4, poller_base.cpp: cancel_timer).
        try socket.handle.set(ZMQ_HANDSHAKE_IVL, to: CInt(0))
        try socket.handle.set(ZMQ_ROUTER_MANDATORY, to: CInt(1))
        try socket.handle.set(ZMQ_ROUTER_HANDOVER, to: CInt(1))
        try socket.handle.set(ZMQ_ZAP_DOMAIN, to: KeyGate.domain)
        return socket
    }

    /// A socket that connects a lane under a routing id.
    static func dealer(
        _ lane: Lane, _ id: PeerID, in context: ZMQContext
    ) throws(TransportError) -> ZMQSocket {
        let socket = try ZMQSocket(.dealer, in: context)
        try socket.setCommonOptions(lane)
        try socket.handle.set(ZMQ_ROUTING_ID, to: id.bytes)
        try socket.handle.set(ZMQ_HANDSHAKE_IVL, to: CInt(5000))
        return socket
    }

    private func setCommonOptions(_ lane: Lane) throws(TransportError) {
        // Nothing lingers unless a stop says for how long: an endless wait would hang the exit.
        try handle.set(ZMQ_LINGER, to: CInt(0))
        // Messages wait in our own queue until a connection stands, not in one per attempt.
        try handle.set(ZMQ_IMMEDIATE, to: CInt(1))
        // A host that vanished is the kernel's to find. ZeroMQ's own heartbeats would end this
        // process (libzmq 4.3.4, stream_engine_base.cpp: "!_io_error") where one falls due after a
        // peer died whose messages had filled the socket.
        try handle.set(ZMQ_TCP_KEEPALIVE, to: CInt(1))
        try handle.set(ZMQ_TCP_KEEPALIVE_IDLE, to: CInt(2))
        try handle.set(ZMQ_TCP_KEEPALIVE_INTVL, to: CInt(1))
        try handle.set(ZMQ_TCP_KEEPALIVE_CNT, to: CInt(2))
        try handle.set(ZMQ_TCP_MAXRT, to: CInt(3000))
        try handle.set(ZMQ_RECONNECT_IVL, to: CInt(100))
        try handle.set(ZMQ_RECONNECT_IVL_MAX, to: CInt(1000))
        // Per frame; the sum of a message's frames is checked when they are read.
        try handle.set(ZMQ_MAXMSGSIZE, to: Int64(lane.limits.message))
        try handle.set(ZMQ_SNDHWM, to: lane.highWaterMark)
        try handle.set(ZMQ_RCVHWM, to: lane.highWaterMark)
    }

    /// Prepares the socket for binding one more endpoint, as the policy says for that endpoint.
    ///
    /// ZeroMQ copies the options when it binds, so endpoints of one socket may differ: ipc, which
    /// file permissions guard, has no keys even where tcp has them.
    func secureBind(_ endpoint: Endpoint, _ policy: SecurityPolicy) throws(TransportError) {
        switch policy {
        case .localOnly:
            guard endpoint.isLocal else { throw .openEndpoint(endpoint: endpoint.text) }
        case .insecure:
            break
        case .curve(let keys):
            guard endpoint.path == nil else {
                try handle.set(ZMQ_CURVE_SERVER, to: CInt(0))
                return
            }
            guard case .server(let pair, _) = keys else {
                throw .wrongKeys(endpoint: endpoint.text)
            }
            try handle.set(ZMQ_CURVE_SERVER, to: CInt(1))
            try handle.set(ZMQ_CURVE_SECRETKEY, to: Array(pair.secretKey.utf8))
        }
    }

    /// Prepares the socket for connecting, as the policy says for the endpoint.
    func secureConnect(_ endpoint: Endpoint, _ policy: SecurityPolicy) throws(TransportError) {
        guard case .curve(let keys) = policy, endpoint.path == nil else { return }
        guard case .client(let pair, let serverKey) = keys else {
            throw .wrongKeys(endpoint: endpoint.text)
        }
        try handle.set(ZMQ_CURVE_SERVERKEY, to: Array(serverKey.utf8))
        try handle.set(ZMQ_CURVE_PUBLICKEY, to: Array(pair.publicKey.utf8))
        try handle.set(ZMQ_CURVE_SECRETKEY, to: Array(pair.secretKey.utf8))
    }
}
