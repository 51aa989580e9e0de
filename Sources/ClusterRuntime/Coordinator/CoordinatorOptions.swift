/// How a coordinator is started.
public struct CoordinatorOptions: Sendable {
    /// The data folder it holds.
    public var data: DataFolder
    /// The control endpoint to bind; nil binds sockets inside the data folder.
    public var endpoint: String?
    /// Workers to start on this host and to keep running.
    public var localWorkers: Int
    /// Threads of each of them.
    public var threadsPerWorker: Int
    /// Threads for encoding questions.
    public var questionThreads: Int
    /// True loads a collection when it is first searched, false as soon as it is there.
    public var loadsOnDemand: Bool
    /// Who may connect.
    public var security: SecurityPolicy
    /// What a search may take when it does not say so itself.
    public var searchBudget: Duration
    /// Questions that may be under way at once.
    public var questionsAllowed: Int
    /// Bytes of searches that may wait to be under way.
    public var queryBytesWaiting: Int
    /// Bytes that one peer may have sent and that wait to be handled.
    public var inboundBytesPerPeer: Int
    /// What clients of other hosts may have it read.
    public var roots: PathRoots
    /// Where the towers of collections may lie whose own folders are not there.
    public var models: ModelPlaces
    /// Seconds for which a file that nothing names is kept after that was first seen: longer than
    /// any search, upload or lease.
    public var garbageWaitSeconds: Int64

    /// Makes options.
    public init(
        data: DataFolder, endpoint: String?, localWorkers: Int, threadsPerWorker: Int,
        questionThreads: Int, loadsOnDemand: Bool, security: SecurityPolicy,
        searchBudget: Duration = .seconds(30),
        questionsAllowed: Int = 8192, queryBytesWaiting: Int = 64 << 20,
        inboundBytesPerPeer: Int = 32 << 20, roots: PathRoots = PathRoots(),
        models: ModelPlaces = ModelPlaces(), garbageWaitSeconds: Int64 = 3600
    ) {
        self.data = data
        self.endpoint = endpoint
        self.localWorkers = localWorkers
        self.threadsPerWorker = max(1, threadsPerWorker)
        self.questionThreads = max(1, questionThreads)
        self.loadsOnDemand = loadsOnDemand
        self.security = security
        self.searchBudget = searchBudget
        self.questionsAllowed = max(1, questionsAllowed)
        self.queryBytesWaiting = queryBytesWaiting
        self.inboundBytesPerPeer = inboundBytesPerPeer
        self.roots = roots
        self.models = models
        self.garbageWaitSeconds = garbageWaitSeconds
    }
}

/// Folders of towers that a process is told to look into; empty: none.
public struct ModelPlaces: Equatable, Sendable {
    /// Of question towers.
    public var question: String
    /// Of context towers.
    public var context: String

    /// Names folders.
    public init(question: String = "", context: String = "") {
        self.question = question
        self.context = context
    }
}
