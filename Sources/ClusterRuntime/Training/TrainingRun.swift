public import ClusterCore

/// What the coordinator of a training run needs to know.
public struct TrainingRun: Sendable {
    /// What is trained, as text; every rank gets the same.
    public var configuration: String
    /// How many ranks, and how long is waited for what.
    public var rendezvous: Rendezvous.Settings
    /// Ranks to start on this host.
    public var localRanks: Int
    /// The arguments that start one, without its name: `trainer --coordinator …` is put before.
    public var rankArguments: [String]
    /// Where to bind beside a socket for the local ranks; nil: nowhere.
    public var endpoint: String?
    /// Who may join.
    public var security: SecurityPolicy
    /// Where the local ranks' logs and sockets go; made where it is missing.
    public var folder: String

    /// Creates a run; every field left out has its default.
    public init(
        configuration: String, rendezvous: Rendezvous.Settings, localRanks: Int,
        rankArguments: [String] = [], endpoint: String? = nil,
        security: SecurityPolicy = .localOnly, folder: String
    ) {
        self.configuration = configuration
        self.rendezvous = rendezvous
        self.localRanks = localRanks
        self.rankArguments = rankArguments
        self.endpoint = endpoint
        self.security = security
        self.folder = folder
    }
}

/// What the coordinator of a training run tells while it runs.
public enum TrainingEvent: Equatable, Sendable {
    /// It can be reached here, beyond this host.
    case bound(endpoint: String)
    /// A world trains.
    case formed(generation: UInt64, names: [String])
    /// A generation ended before its work was done.
    case aborted(generation: UInt64, by: String, reason: String)
    /// How far training is, as the first rank says it.
    case progress(String)
    /// A rank was not let in, or its connection was closed: why, with the remedy.
    case refused(String)
}

/// How a training run ended.
public struct TrainingOutcome: Equatable, Sendable {
    /// What the first rank said of the end, as JSON.
    public var report: String
    /// Whether it stopped early, as it was asked to.
    public var isInterrupted: Bool
    /// How many worlds were formed.
    public var generations: UInt64
}
