import Glibc

/// What must be known of an endpoint before ZeroMQ sees it.
struct Endpoint {
    /// The endpoint as given, such as `tcp://127.0.0.1:7000` or `ipc:///run/sheaf/control`.
    let text: String

    /// The longest path of a socket address: `sun_path` without its closing NUL.
    static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Takes an endpoint; throws ``TransportError/pathTooLong(endpoint:bytes:limit:)``.
    init(_ text: String) throws(TransportError) {
        self.text = text
        if let path, path.utf8.count > Self.longestPath {
            throw .pathTooLong(endpoint: text, bytes: path.utf8.count, limit: Self.longestPath)
        }
    }

    /// The path of an ipc endpoint.
    var path: String? {
        text.hasPrefix("ipc://") ? String(text.dropFirst("ipc://".count)) : nil
    }

    /// Whether no other host can reach it.
    var isLocal: Bool {
        path != nil || host == "localhost" || host == "[::1]" || host.map(Self.isLoopback) == true
    }

    /// Whether the address is of IP version 6.
    var isVersion6: Bool { host?.hasPrefix("[") == true }

    private var host: String? {
        guard text.hasPrefix("tcp://") else { return nil }
        let address = text.dropFirst("tcp://".count)
        return address.lastIndex(of: ":").map { String(address[..<$0]) }
    }

    /// Whether a host is a plain IPv4 address in 127.0.0.0/8; a name that looks like one is not.
    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Whether a process listens on an ipc endpoint.
    ///
    /// ZeroMQ removes a socket file that is in its way, even one that is listened on; so the
    /// question must be asked first.
    var isListenedOn: Bool {
        guard let path else { return false }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
