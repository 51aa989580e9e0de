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
