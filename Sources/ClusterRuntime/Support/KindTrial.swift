import Base
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
        let answer = try ChildProcess.ask(
            program,
            [
                "try-index", "--index=\(kind)", "--metric", metric.rawValue, "--dimension",
                String(dimension),
            ], reading: .errors, within: time)
        switch answer {
        case .exited(0, _): return
        case .exited(2, let text) where text.contains("out of memory"):
            throw refused(
                kind, "its trial on a sample takes more than \(bytes >> 30) GiB of memory")
        case .exited(2, let text): throw .input(reason(text))
        case .exited(_, let text):
            throw refused(
                kind,
                "its trial on a sample failed, within \(bytes >> 30) GiB of memory: "
                    + reason(text))
        case .signalled(let signal):
            throw refused(
                kind,
                "its trial on a sample, which may take \(bytes >> 30) GiB of memory, was ended"
                    + " by signal \(signal)")
        case .late:
            throw refused(
                kind, "its trial on a sample took longer than \(Int(time.seconds)) s")
        }
    }

    private static func refused(_ kind: String, _ reason: String) -> ClusterError {
        .input(
            "The index kind “\(kind)” cannot be used: \(reason). Choose another kind, or “exact”.")
    }

    /// What the process said, without the words before each of our errors.
    private static func reason(_ text: String) -> String {
        let lines = text.split(separator: "\n")
        let error = lines.first { $0.hasPrefix("error: ") }?.dropFirst(7)
        return String(error ?? lines.last ?? "it said nothing")
    }
}
