import Foundation

/// Where lanes are bound and how they look from elsewhere.
enum LaneEndpoints {
    /// The longest path a Unix socket may have, by sockaddr_un, with its final zero.
    private static let longestSocketPath = 107

    /// Where `lane` is bound: inside the data folder, or beside the endpoint of the control lane.
    ///
    /// With `tcp://host:port` the query and bulk lanes get ports of the system's choice; peers
    /// learn them from WELCOME. With `ipc://path` they get the path with the lane's name behind it.
    static func lane(_ lane: Lane, of control: String?, in folder: DataFolder) -> String {
        guard let control else { return "ipc://" + socketPath(folder, "\(lane).sock") }
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

    /// A path for a socket in the folder's `run/`, through /proc when the plain one is too long.
    private static func socketPath(_ folder: DataFolder, _ name: String) -> String {
        let plain = folder.run + "/" + name
        guard plain.utf8.count > longestSocketPath else { return plain }
        let descriptor = open(folder.run, O_RDONLY | O_DIRECTORY)
        return descriptor < 0 ? plain : "/proc/\(getpid())/fd/\(descriptor)/\(name)"
    }
}
