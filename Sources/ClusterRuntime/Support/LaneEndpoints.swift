import ClusterCore
import Foundation

/// Where lanes are bound and how they look from elsewhere.
enum LaneEndpoints {
    /// Where `lane` is bound: inside the data folder, or beside the endpoint of the control lane.
    ///
    /// With `tcp://host:port` the query and bulk lanes get ports of the system's choice; peers
    /// learn them from WELCOME. With `ipc://path` they get the path with the lane's name behind it.
    static func lane(_ lane: Lane, of control: String?, in place: SocketPlace) -> String {
        guard let control else { return place.endpoint("\(lane).sock") }
        if lane == .control { return control }
        if control.hasPrefix("ipc://") { return "\(control).\(lane)" }
        guard let colon = control.lastIndex(of: ":") else { return control }
        return String(control[..<colon]) + ":0"
    }

    /// `bound` as a peer sees it that reached the control lane through `control`.
    static func seen(_ bound: String, through control: String) -> String {
        guard bound.hasPrefix("tcp://"), control.hasPrefix("tcp://"),
            let port = bound.lastIndex(of: ":"), let colon = control.lastIndex(of: ":")
        else { return bound }
        return String(control[..<colon] + bound[port...])
    }
}

/// Where a coordinator's sockets of a data folder lie, for as long as it lives.
final class SocketPlace: Sendable {
    /// The longest path a Unix socket may have, by sockaddr_un, with its final zero.
    private static let longestPath = 107
    /// The longest name of a socket.
    private static let longestName = 16

    private let path: String
    private let descriptor: Int32

    /// In the folder's `run/`, reached through /proc where the plain path would be too long.
    init(_ folder: DataFolder) {
        guard folder.run.utf8.count + 1 + SocketPlace.longestName > SocketPlace.longestPath else {
            (path, descriptor) = (folder.run, -1)
            return
        }
        descriptor = open(folder.run, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        path = descriptor < 0 ? folder.run : "/proc/\(getpid())/fd/\(descriptor)"
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The endpoint of a socket here.
    func endpoint(_ name: String) -> String { "ipc://\(path)/\(name)" }
}
