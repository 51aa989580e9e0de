public import Foundation

/// Starting this same program in another role.
public enum ChildProcess {
    /// A process of this program with `arguments`, its output appended to the file `log`.
    ///
    /// BLAS and OpenMP are held to one thread each: parallelism is ours, by process and by lane.
    public static func make(arguments: [String], log: String) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["OPENBLAS_NUM_THREADS"] = "1"
        environment["OMP_NUM_THREADS"] = "1"
        environment["OMP_WAIT_POLICY"] = "PASSIVE"
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
    static func make(role arguments: [String], name: String, log: String) -> Process {
        make(arguments: arguments + ["--name", name, "--parent", String(getpid())], log: log)
    }

    /// The program that plays every role: `$SHEAF_EXECUTABLE` where a test runs inside another,
    /// else this one.
    public static var executable: String {
        if let named = ProcessInfo.processInfo.environment["SHEAF_EXECUTABLE"] { return named }
        return (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0]
    }
}
