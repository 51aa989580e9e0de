import ClusterCore
import Foundation

/// The limits that the system puts on this process, looked at before it needs what they forbid.
///
/// The libraries below cannot be asked afterwards: ZeroMQ and the dispatcher end the process where
/// they get no descriptor, no memory or no thread.
public enum ProcessLimits {
    /// What a process is about to do.
    public enum Purpose: Equatable, Sendable {
        /// To run a command at all.
        case command
        /// To speak to a cluster, as a client or as a worker.
        case member
        /// To start processes, or to have so many members connected.
        case host(members: Int)

        /// Descriptors that must be free.
        var descriptors: Int {
            switch self {
            case .command: 24
            // Three lanes and their threads, the dispatcher, the files of a shard being opened.
            case .member: 48
            // Three connections and two ends of a log for each, the catalog, listeners.
            case .host(let members): 64 + 8 * members
            }
        }

        /// The least limit of descriptors: those that start processes use high numbers.
        var leastDescriptorLimit: Int {
            if case .host(let members) = self, members > 0 { 256 } else { 0 }
        }
    }

    /// Bytes of address space that it takes before any model or shard: of the program, and of the
    /// threads that each core brings.
    private static func addressSpace(_ purpose: Purpose, cores: UInt64) -> UInt64 {
        purpose == .command ? 300_000_000 + cores * 40_000_000 : 750_000_000 + cores * 80_000_000
    }

    /// Throws where a limit leaves too little; raises that of open files first as far as it may.
    public static func check(_ purpose: Purpose) throws(ClusterError) {
        raiseFileLimit()
        try checkDescriptors(purpose)
        try checkAddressSpace(purpose)
    }

    /// Whether some limit is so low that a library may run into it.
    public static var areTight: Bool {
        limit(RLIMIT_AS) != nil || limit(RLIMIT_DATA) != nil
            || limit(RLIMIT_NOFILE).map { $0 < 1024 } == true
    }

    private static func checkDescriptors(_ purpose: Purpose) throws(ClusterError) {
        guard let limit = limit(RLIMIT_NOFILE).map({ Int(clamping: $0) }), limit < 65_536 else {
            return
        }
        // Where not even the folder can be opened, nothing is free.
        let open =
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? limit
        let needed = max(open + purpose.descriptors, purpose.leastDescriptorLimit)
        guard limit < needed else { return }
        throw .input(
            """
            The limit of open files is \(limit), and this needs \(needed). Raise it with \
            `ulimit -n \(max(1024, needed))`.
            """)
    }

    private static func checkAddressSpace(_ purpose: Purpose) throws(ClusterError) {
        let cores = UInt64(min(64, ProcessInfo.processInfo.activeProcessorCount))
        let needed = addressSpace(purpose, cores: cores)
        guard let limit = limit(RLIMIT_AS), limit < needed else { return }
        throw .input(
            """
            The limit of address space is \(limit >> 20) MiB, and this needs \(needed >> 20) MiB, \
            and room for models and shards. Raise it with `ulimit -v unlimited`.
            """)
    }

    /// The limit that holds now; nil where there is none.
    private static func limit(_ resource: __rlimit_resource) -> UInt64? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0,
            limit.rlim_cur < UInt64(Int64.max)
        else { return nil }
        return UInt64(limit.rlim_cur)
    }
}
