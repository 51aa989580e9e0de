public import ClusterCore

/// Why a socket operation did not happen.
public enum TransportError: Error, Equatable, Sendable {
    /// Somebody listens on the endpoint already.
    case addressInUse(endpoint: String)
    /// The endpoint cannot be bound, for the system's reason.
    case cannotBind(endpoint: String, reason: String)
    /// The endpoint cannot be connected to, for the system's reason.
    case cannotConnect(endpoint: String, reason: String)
    /// The path of an ipc endpoint is longer than a socket address holds.
    case pathTooLong(endpoint: String, bytes: Int, limit: Int)
    /// Binding the endpoint would open it to others than this host without keys.
    case openEndpoint(endpoint: String)
    /// The keys given are of the other side: a server's to connect, or a client's to bind.
    case wrongKeys(endpoint: String)
    /// The process name does not fit a routing id.
    case nameTooLong(bytes: Int, limit: Int)
    /// Nothing is bound on the lane.
    case notBound(Lane)
    /// The lane is not connected.
    case notConnected(Lane)
    /// The lane is bound, so it cannot connect; or the other way about.
    case laneInUse(Lane)
    /// The message would take the queue of its lane and peer over its limit.
    case queueFull(lane: Lane, peer: String, queuedBytes: Int, messageBytes: Int, limitBytes: Int)
    /// The message cannot be put on the wire.
    case wire(WireError)
    /// The reactor has been stopped.
    case stopped
    /// This ZeroMQ was built without CURVE.
    case curveMissing
    /// A key file cannot be used.
    case keyFile(path: String, reason: String)
    /// A key file cannot be written.
    case keyNotWritten(path: String, reason: String)
    /// A secret key file can be read by others.
    case keyPermissions(path: String, mode: UInt32)
    /// A call of the system or of ZeroMQ failed.
    case system(call: String, reason: String)
}

extension TransportError: CustomStringConvertible {
    /// One message that ends with the remedy.
    public var description: String {
        switch self {
        case .addressInUse(let endpoint):
            "\(endpoint) is in use. Stop the process that listens there, or name another endpoint."
        case .cannotBind(let endpoint, let reason):
            "Cannot bind \(endpoint): \(reason). Choose an endpoint of this host whose folder "
                + "exists."
        case .cannotConnect(let endpoint, let reason):
            "Cannot connect to \(endpoint): \(reason). Write it as tcp://HOST:PORT or ipc://PATH."
        case .pathTooLong(let endpoint, let bytes, let limit):
            "The path of \(endpoint) has \(bytes) bytes; a socket address holds \(limit). "
                + "Choose a shorter data folder."
        case .openEndpoint(let endpoint):
            "\(endpoint) would be open to other hosts without keys. Give keys, bind to ipc:// or "
                + "tcp://127.0.0.1, or say --insecure."
        case .wrongKeys(let endpoint):
            "The keys given are of the other side of \(endpoint). Bind with server keys and "
                + "connect with client keys."
        case .nameTooLong(let bytes, let limit):
            "The process name has \(bytes) bytes; 1 to \(limit) are allowed. Choose another."
        case .notBound(let lane):
            "Lane \(lane) is not bound. Bind it before sending to a peer."
        case .notConnected(let lane):
            "Lane \(lane) is not connected. Connect it before sending."
        case .laneInUse(let lane):
            "Lane \(lane) is in use in the other direction. Use a reactor for each direction."
        case .queueFull(let lane, let peer, let queued, let message, let limit):
            "The queue of lane \(lane) to \(peer) holds \(queued) bytes; \(message) more would "
                + "pass its limit of \(limit). Wait until the peer has read, or drop it."
        case .wire(let error):
            error.description
        case .stopped:
            "The transport has been stopped. Start a new one."
        case .curveMissing:
            "ZeroMQ was built without CURVE. Install a libzmq with libsodium, or bind locally."
        case .keyFile(let path, let reason):
            "\(path) is not a usable key file: \(reason). Name a file of a key pair made "
                + "for this cluster."
        case .keyNotWritten(let path, let reason):
            "Cannot write the key file \(path): \(reason). Choose a folder that exists and a "
                + "name that has no keys yet."
        case .keyPermissions(let path, let mode):
            "\(path) can be read by others (mode \(String(mode, radix: 8))). Run chmod 600 on it."
        case .system(let call, let reason):
            "\(call) failed: \(reason). Check the system's limits on files and memory."
        }
    }
}
