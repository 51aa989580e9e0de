public import ArgumentParser
public import Sheaf

/// The data folder, which every command of a cluster takes.
struct DataOption: ParsableArguments {
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp(
            "The data folder (default: $SHEAF_DATA, else ./sheaf-data).", valueName: "dir"))
    var path: String?

    func validate() throws {
        if path?.isEmpty == true {
            throw ValidationError("--data is empty. Name the data folder, or leave it out.")
        }
    }

    var folder: DataFolder { .resolve(path) }
}

/// The size of a cluster that is started where none runs.
struct SizeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Worker processes (default: one per core).", valueName: "n"))
    var workers: Int?

    @Option(help: ArgumentHelp("Threads of each worker.", valueName: "n"))
    var threads = 1

    func validate() throws {
        try NumberRange.check("--workers", workers, NumberRange.processes)
        try NumberRange.check("--threads", threads, NumberRange.threads)
    }

    var workerCount: Int { workers ?? Cluster.defaultWorkers }
}

/// The secret half of the CURVE keys of either side.
struct SecretKeyOption: ParsableArguments {
    @Option(
        name: .customLong("keys"),
        help: ArgumentHelp(
            "The secret key file of this side (see `sheaf keys`).", valueName: "file"))
    var file: String?
}

/// The CURVE keys of a client or worker that connects over tcp.
struct ClientKeyOptions: ParsableArguments {
    @OptionGroup var secret: SecretKeyOption

    @Option(
        name: .customLong("server-key"),
        help: ArgumentHelp("The public key file of the coordinator.", valueName: "file"))
    var serverKeyFile: String?

    func validate() throws {
        if (secret.file == nil) != (serverKeyFile == nil) {
            throw ValidationError("--keys and --server-key go together: name both or neither.")
        }
    }

    var security: SecurityPolicy {
        get throws(SheafError) {
            guard let secretFile = secret.file, let serverKeyFile else { return .localOnly }
            do {
                return .curve(
                    try .client(secretFile: secretFile, serverPublicFile: serverKeyFile))
            } catch {
                throw SheafError(error)
            }
        }
    }
}

/// The CURVE keys of the side that binds, and whom it lets in.
struct ServerKeyOptions: ParsableArguments {
    @OptionGroup var secret: SecretKeyOption

    @Option(
        name: .customLong("allowed"),
        help: ArgumentHelp("The folder of the public keys that are let in.", valueName: "folder"))
    var allowedFolder: String?

    @Flag(help: "Bind an open port without keys: whoever reaches it may do anything.")
    var insecure = false

    func validate() throws {
        if (secret.file == nil) != (allowedFolder == nil) {
            throw ValidationError("--keys and --allowed go together: name both or neither.")
        }
        if insecure, secret.file != nil {
            throw ValidationError("--insecure and --keys exclude each other: name one.")
        }
    }

    var security: SecurityPolicy {
        get throws(SheafError) {
            guard let secretFile = secret.file, let allowedFolder else {
                return insecure ? .insecure : .localOnly
            }
            do {
                return .curve(try .server(secretFile: secretFile, allowedFolder: allowedFolder))
            } catch {
                throw SheafError(error)
            }
        }
    }
}

/// Which cluster is spoken to: that of a data folder, or one behind an endpoint.
struct ClusterOptions: ParsableArguments {
    @OptionGroup var data: DataOption

    @Option(
        help: ArgumentHelp(
            "Speak to the coordinator at this endpoint instead, such as tcp://head:7400.",
            valueName: "endpoint"))
    var coordinator: String?

    @OptionGroup var keys: ClientKeyOptions

    /// The cluster behind the endpoint; nil where none is named.
    func remote() async throws(SheafError) -> Cluster? {
        guard let coordinator else { return nil }
        return try await Cluster.connect(to: coordinator, security: try keys.security)
    }

    /// The cluster that is there already; nil where none is named and none runs.
    func running() async throws(SheafError) -> Cluster? {
        if let cluster = try await remote() { return cluster }
        return try await Cluster.find(data.folder)
    }

    /// The cluster behind the endpoint, else one over the data folder, which must be there.
    func existing(_ size: SizeOptions) async throws(SheafError) -> Cluster {
        if let remote = try await remote() { return remote }
        return try await Cluster.openExisting(
            data.folder, workers: size.workerCount, threads: size.threads, mode: .processes)
    }
}

/// How long an answer of the cluster may take.
struct TimeoutOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What a request of up to 64 questions may take.", valueName: "seconds"))
    var timeout = Self.usual

    private static let usual = 30.0

    func validate() throws {
        if !(timeout > 0) || timeout > 86_400 {
            throw ValidationError("--timeout must be above 0 and at most 86400 seconds.")
        }
    }

    var isGiven: Bool { timeout != Self.usual }

    var duration: Duration { .microseconds(max(1, Int64(timeout * 1e6))) }
}

extension CorpusFormat: ExpressibleByArgument {}
extension Metric: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}

extension PoolingChoice: ExpressibleByArgument {
    /// The names that may be given, and joined by “+” all but the last.
    public static var allValueStrings: [String] { names }
}

extension SegmentIDs: ExpressibleByArgument {}
extension Tower: ExpressibleByArgument {}
extension ShardMemory: ExpressibleByArgument {}
extension VectorPrecision: ExpressibleByArgument {}
extension WeightStorage: ExpressibleByArgument {}
extension ModelConversion.WeightType: ExpressibleByArgument {}
extension ResultFormat: ExpressibleByArgument {}
extension AnswerFormat: ExpressibleByArgument {}
extension RagKind: ExpressibleByArgument {}
extension RagDecoding: ExpressibleByArgument {}
extension ContextTruncation: ExpressibleByArgument {}
extension QuestionText: ExpressibleByArgument {}
extension GenerationOptions.EarlyStopping: ExpressibleByArgument {}
extension NegativeRelevance: ExpressibleByArgument {}
extension TieOrder: ExpressibleByArgument {}

extension AnswerMode: ExpressibleByArgument {
    /// `string` or `regex`.
    public init?(argument: String) {
        switch argument {
        case "string": self = .string
        case "regex": self = .expression
        default: return nil
        }
    }

    /// What may be given.
    public static var allValueStrings: [String] { ["string", "regex"] }
}
