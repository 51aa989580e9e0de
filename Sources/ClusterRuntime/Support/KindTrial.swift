import ClusterCore
import Foundation
public import VectorIndex

/// An index kind tried on a sample in a process of its own, before anything is encoded for it.
///
/// The process is limited in time and memory, and may crash: whatever it does is an answer.
public enum KindTrial {
    /// How long a trial may take.
    static let time: Duration = .seconds(60)
    /// Memory that a trial may take.
    static let bytes: UInt64 = 4 << 30
    /// What is read of the reason that it gives.
    private static let longestReason = 4096
    private static let lane = ComputeLane("trial")

    /// Tries a kind for vectors of a dimension.
    ///
    /// - Throws: `ClusterError.input` with the reason, where the kind cannot be used.
    static func run(_ index: IndexOptions, dimension: Int) async throws(ClusterError) {
        let choice = index.complete
        let (kind, metric) = (
            choice.kind ?? IndexOptions.defaultKind, choice.metric ?? .innerProduct
        )
        do {
            guard try IndexTrial.isNeeded(for: kind) else { return }
            // A program that imports the library may have no `sheaf` to try it with.
            let program = try? await RoleProgram.find()
            try await lane.run {
                if let program {
                    try run(program, kind, dimension, metric)
                } else {
                    try IndexTrial.run(kind: kind, dimension: dimension, metric: metric)
                }
            }
        } catch {
            throw ClusterError.wrap(error)
        }
    }

    /// What the process of a trial does: limits itself, and tries.
    public static func runHere(
        kind: String, dimension: Int, metric: Metric
    ) throws(ClusterError) {
        var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        // A crash is an answer here, and not worth a file.
        limit = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
        do throws(IndexError) {
            try IndexTrial.run(kind: kind, dimension: dimension, metric: metric)
        } catch {
            throw .input("\(error)")
        }
    }

    private static func run(
        _ program: String, _ kind: String, _ dimension: Int, _ metric: Metric
    ) throws(ClusterError) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "try-index", "--index=\(kind)", "--metric", metric.rawValue, "--dimension",
            String(dimension),
        ]
        var environment = ChildProcess.environment
        environment["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = output
        do {
            try process.run()
        } catch {
            throw .storage(
                path: program, reason: "cannot be started: \(error)",
                remedy: "Check that the program is still there.")
        }
        let deadline = MonotonicClock.now() + time
        while process.isRunning {
            guard MonotonicClock.now() < deadline else {
                kill(process.processIdentifier, SIGKILL)
                throw refused(kind, "its trial on a sample took longer than 60 s")
            }
            usleep(2_000)
        }
        let reason = reason(output)
        guard process.terminationReason == .exit else {
            throw refused(
                kind, "its trial on a sample ended by signal \(process.terminationStatus)")
        }
        switch process.terminationStatus {
        case 0: return
        case 2: throw .input(reason)
        default:
            throw refused(
                kind, "its trial on a sample failed, within \(bytes >> 30) GiB of memory: \(reason)"
            )
        }
    }

    private static func refused(_ kind: String, _ reason: String) -> ClusterError {
        .input(
            "The index kind “\(kind)” cannot be used: \(reason). Choose another kind, or “exact”.")
    }

    /// What the process said, without the words before each of our errors.
    private static func reason(_ output: Pipe) -> String {
        let descriptor = output.fileHandleForReading.fileDescriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        let bytes = [UInt8](unsafeUninitializedCapacity: longestReason) { buffer, count in
            count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let error = lines.first { $0.hasPrefix("error: ") }?.dropFirst(7)
        return String(error ?? lines.last ?? "it said nothing")
    }
}
