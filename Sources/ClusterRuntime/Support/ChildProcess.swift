import ClusterCore
import Foundation

/// Starting the program of the roles, and the mark that what it starts bears.
enum ChildProcess {
    /// Set in each process that was started to play a role; its value is the id of who started it.
    static let mark = "SHEAF_CHILD_OF"

    /// A process of `program` with `arguments`, its output appended to the file `log`.
    static func make(program: String, arguments: [String], log: String) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        if let file = FileHandle(forWritingAtPath: log) {
            file.seekToEndOfFile()
            process.standardOutput = file
            process.standardError = file
        }
        return process
    }

    /// A process in the role that `arguments` say, with a name, which ends with this process.
    static func make(
        program: String, role arguments: [String], name: String, log: String
    ) -> Process {
        make(
            program: program,
            arguments: arguments + ["--name", name, "--parent", String(getpid())], log: log)
    }

    /// Starts a process.
    ///
    /// - Throws: `ClusterError.storage` where its program cannot be started.
    static func start(_ process: Process) throws(ClusterError) {
        do {
            try process.run()
        } catch {
            throw .storage(
                path: process.executableURL?.path ?? "", reason: "cannot be started: \(error)",
                remedy: "Check that the program is still there.")
        }
    }

    /// How a program that was asked something has ended.
    enum Answer: Equatable {
        /// By itself, with a status.
        case exited(Int32, text: String)
        /// By a signal.
        case signalled(Int32)
        /// It was killed, since it took too long.
        case late
    }

    /// Where a program says what it is asked for.
    enum Stream {
        case output, errors
    }

    /// Runs a program to its end, or until it takes too long.
    ///
    /// What it says is read while it runs, so that a full pipe stops nobody; the last
    /// `mostBytes` are kept.
    ///
    /// - Throws: `ClusterError.storage` where it cannot be started.
    static func ask(
        _ program: String, _ arguments: [String], reading stream: Stream, within time: Duration,
        mostBytes: Int = 4096
    ) throws(ClusterError) -> Answer {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment
        process.environment?["SWIFT_BACKTRACE"] = "enable=no"
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = stream == .output ? pipe : FileHandle.nullDevice
        process.standardError = stream == .errors ? pipe : FileHandle.nullDevice
        try start(process)
        // What it started may still hold the other end: never wait for that to close.
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var said: [UInt8] = []
        func drain() {
            var part = [UInt8](repeating: 0, count: 16 << 10)
            while true {
                let count = read(descriptor, &part, part.count)
                guard count > 0 else { return }
                said = Array((said + part[..<count]).suffix(mostBytes))
            }
        }
        let deadline = MonotonicClock.now() + time
        while process.isRunning {
            drain()
            guard MonotonicClock.now() < deadline else {
                kill(process.processIdentifier, SIGKILL)
                return .late
            }
            usleep(1_000)
        }
        drain()
        return process.terminationReason == .exit
            ? .exited(process.terminationStatus, text: String(decoding: said, as: UTF8.self))
            : .signalled(process.terminationStatus)
    }

    /// What every child gets: the mark, and BLAS and OpenMP held to one thread each, since
    /// parallelism is ours, by process and by lane.
    static var environment: [String: String] {
        var environment = ProcessInfo.processInfo.environment
        environment["OPENBLAS_NUM_THREADS"] = "1"
        environment["OMP_NUM_THREADS"] = "1"
        environment["OMP_WAIT_POLICY"] = "PASSIVE"
        environment[mark] = String(getpid())
        return environment
    }

    /// Throws in a process that bears the mark: it plays one role, and starts no cluster.
    ///
    /// Without this a program that is taken for `sheaf` and opens a cluster would start itself,
    /// and so would what it starts.
    static func refuseInChild(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ClusterError) {
        guard let parent = environment[mark], !parent.isEmpty else { return }
        throw .input(
            """
            Process \(parent) has started this program to play a role of a cluster, so it starts \
            none itself. Name the program `sheaf` in $SHEAF_EXECUTABLE there, or unset $\(mark) \
            here.
            """)
    }
}
