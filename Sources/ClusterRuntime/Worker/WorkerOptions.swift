/// How a worker is started.
public struct WorkerOptions: Sendable {
    /// The coordinator's control endpoint.
    public var coordinator: String
    /// The wanted name; empty lets the coordinator choose.
    public var name: String
    /// The data folder: the coordinator's own where they share a file system.
    public var data: DataFolder
    /// Threads the encoder computes on.
    public var threads: Int
    /// Who may be spoken to.
    public var security: SecurityPolicy
    /// Where the context tower lies on this host; empty: where the coordinator has it.
    public var contextModel: String

    /// Makes options.
    public init(
        coordinator: String, name: String, data: DataFolder, threads: Int, security: SecurityPolicy,
        contextModel: String = ""
    ) {
        self.coordinator = coordinator
        self.name = name
        self.data = data
        self.threads = max(1, threads)
        self.security = security
        self.contextModel = contextModel
    }
}
