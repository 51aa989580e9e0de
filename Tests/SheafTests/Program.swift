import Foundation
import Synchronization
import TestSupport

/// The built `sheaf` program, run as a user runs it.
enum Program {
    /// Where it is: `$SHEAF_EXECUTABLE`, else beside the test bundle.
    static let path: String = {
        if let named = ProcessInfo.processInfo.environment["SHEAF_EXECUTABLE"] { return named }
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().path + "/sheaf"
    }()

    /// Whether it is there.
    static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: path) }

    /// What one run gave.
    struct Outcome {
        var status: Int32
        var output: String
        var error: String
    }

    /// Runs it to its end.
    static func run(
        _ arguments: [String], data: String, input: String = "", variables: [String: String] = [:]
    ) throws -> Outcome {
        let running = try start(arguments, data: data, input: input, variables: variables)
        return try running.wait()
    }

    /// Starts it.
    ///
    /// - Parameter host: What it takes the name of its host to be, where ``canNameHosts``.
    static func start(
        _ arguments: [String], data: String, input: String = "",
        variables: [String: String] = [:], host: String? = nil
    ) throws -> Running {
        try Running(arguments, data: data, input: input, variables: variables, host: host)
    }

    /// Whether a process may be started here whose host has another name.
    static let canNameHosts = (try? succeeds("unshare", "-ru", "hostname", "other")) == true

    /// Whether another program of the system, such as `mount`, ends well.
    static func succeeds(_ call: String...) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = call
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    /// What a JSON text says; its names are written with underscores.
    static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(text.utf8))
    }

    /// A run under way.
    final class Running {
        let process = Process()
        private let folder: TemporaryFolder

        init(
            _ arguments: [String], data: String, input: String, variables: [String: String],
            host: String? = nil
        ) throws {
            folder = try TemporaryFolder()
            let folder = folder.path
            process.executableURL = URL(
                fileURLWithPath: host == nil ? Program.path : "/usr/bin/env")
            process.arguments = arguments
            if let host {
                // The shell gives its place to the program, which keeps the id of the process.
                let script = "hostname \"$0\" && exec \"$@\""
                process.arguments =
                    ["unshare", "-ru", "sh", "-c", script, host, Program.path] + arguments
            }
            var environment = ProcessInfo.processInfo.environment
            environment["SHEAF_DATA"] = data
            environment["SHEAF_EXECUTABLE"] = nil
            environment.merge(variables) { $1 }
            process.environment = environment
            try input.write(toFile: folder + "/in", atomically: false, encoding: .utf8)
            process.standardInput = FileHandle(forReadingAtPath: folder + "/in")
            for name in ["out", "err"] {
                _ = FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: nil)
            }
            process.standardOutput = FileHandle(forWritingAtPath: folder + "/out")
            process.standardError = FileHandle(forWritingAtPath: folder + "/err")
            try process.run()
        }

        /// What it has said on the standard error so far.
        var error: String {
            (try? folder.read("err")) ?? ""
        }

        func wait() throws -> Outcome {
            process.waitUntilExit()
            return Outcome(
                status: process.terminationStatus, output: try folder.read("out"), error: error)
        }
    }
}
