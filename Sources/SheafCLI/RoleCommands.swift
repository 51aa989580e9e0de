import ArgumentParser
import Foundation
import Sheaf

struct CoordinatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract: "Run the coordinator of a data folder.",
        discussion: """
            Example, for workers on other hosts:

              sheaf keys generate --folder /etc/sheaf --name coordinator
              sheaf coordinator --data /var/lib/sheaf --bind tcp://0.0.0.0:7400 \\
                --keys /etc/sheaf/coordinator.secret --allowed /etc/sheaf/allowed

            Without --bind only this host reaches it. It logs to the standard error and
            ends on SIGTERM or SIGINT after its workers.
            """)

    @OptionGroup var data: DataOption

    @Option(
        help: ArgumentHelp(
            "Bind the control lane here, such as tcp://0.0.0.0:7400 (default: sockets in the data "
                + "folder).", valueName: "endpoint"))
    var bind: String?

    @Option(help: ArgumentHelp("Workers to start and keep running here.", valueName: "n"))
    var workers = 0

    @Option(help: ArgumentHelp("Threads of each worker.", valueName: "n"))
    var threads = 1

    @OptionGroup var keys: ServerKeyOptions

    @Option(
        help: ArgumentHelp(
            "A folder in which clients of other hosts may name corpora; may be given again "
                + "(default: none).", valueName: "dir"))
    var corpora: [String] = []

    @Option(
        help: ArgumentHelp(
            "A folder in which they may name models; may be given again (default: none).",
            valueName: "dir"))
    var models: [String] = []

    @OptionGroup var places: ModelPlaceOptions

    @Option(help: ArgumentHelp("End when this process has ended.", visibility: .hidden))
    var parent: Int32?

    @Flag(help: "Load a collection when it is first searched, not at the start.")
    var onDemand = false

    @Flag(help: ArgumentHelp("Leave the terminal's session.", visibility: .hidden))
    var detach = false

    func validate() throws {
        try NumberRange.check("--workers", workers, 0...NumberRange.processes.upperBound)
        try NumberRange.check("--threads", threads, NumberRange.threads)
        if workers > 0, keys.secret.file != nil {
            throw ValidationError(
                "Workers of a coordinator with --keys need keys of their own. Leave --workers out, "
                    + "and start each with `sheaf worker`.")
        }
    }

    func run() async throws {
        if detach { Daemon.leaveSession() }
        if let parent { ParentWatch.start(parent: parent) }
        let options = CoordinatorOptions(
            data: data.folder, endpoint: bind, localWorkers: workers, threadsPerWorker: threads,
            questionThreads: ProcessInfo.processInfo.activeProcessorCount,
            loadsOnDemand: onDemand, security: try keys.security,
            roots: PathRoots(
                corpora: corpora.map(PathRoots.absolute), models: models.map(PathRoots.absolute)),
            models: try places.places)
        try await ClusterProcess.coordinator(options, stop: Interruption.stream())
    }
}

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run a worker until it is told to stop.",
        discussion: """
            Example:

              sheaf worker --coordinator tcp://head:7400 --data /var/lib/sheaf \\
                --keys /etc/sheaf/worker.secret --server-key /etc/sheaf/coordinator.public

            The model must stand at the same path as at the coordinator, under a folder
            of $SHEAF_MODELS, or where --context-model says. A worker that
            sees the coordinator's data folder shares its segments; any other keeps
            copies under --data.
            """)

    @Option(
        help: ArgumentHelp(
            "The coordinator's control endpoint, such as tcp://head:7400.", valueName: "endpoint"))
    var coordinator: String

    @OptionGroup var data: DataOption

    @Option(
        help: ArgumentHelp("A name that no other worker has (default: given).", valueName: "name"))
    var name = ""

    @Option(help: ArgumentHelp("Compute threads.", valueName: "n"))
    var threads = 1

    @Option(
        help: ArgumentHelp(
            "Where the context tower lies on this host (default: where the coordinator has it).",
            valueName: "dir"))
    var contextModel: String?

    @OptionGroup var keys: ClientKeyOptions

    @Option(help: ArgumentHelp("End when this process has ended.", visibility: .hidden))
    var parent: Int32?

    func validate() throws {
        try NumberRange.check("--threads", threads, NumberRange.threads)
        if !name.isEmpty { try ProcessName.check(name) }
    }

    func run() async throws {
        if let parent { ParentWatch.start(parent: parent) }
        let options = WorkerOptions(
            coordinator: coordinator, name: name, data: data.folder, threads: threads,
            security: try keys.security,
            contextModel: try ModelPlaces(
                questionFolder: nil, contextFolder: contextModel
            ).context)
        try await ClusterProcess.worker(options, stop: Interruption.stream())
    }
}

/// Leaving the terminal that a process was started from.
private enum Daemon {
    /// Begins a session of its own and outlives the terminal.
    ///
    /// A process that leads its group cannot begin one; it is then kept by not heeding SIGHUP.
    static func leaveSession() {
        _ = setsid()
        signal(SIGHUP, SIG_IGN)
    }
}
