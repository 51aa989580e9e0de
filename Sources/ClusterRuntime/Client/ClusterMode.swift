/// Where coordinator and workers of a cluster run that a program starts for itself.
public enum ClusterMode: Sendable {
    /// Within the program, as tasks and threads of it; nothing else need be installed.
    case inProcess
    /// As processes of the program `sheaf`, which must be at hand.
    case processes
}
