import Base
import Foundation

/// What a process can say about itself.
enum ProcessFacts {
    /// Bytes of memory this process holds, from /proc.
    static func residentBytes() -> UInt64 {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
            return 0
        }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = UInt64(fields[1]) else { return 0 }
        return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// The host's name.
    static func hostName() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        gethostname(&bytes, bytes.count - 1)
        return String(
            decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// A random nonce for one life of a process; never zero.
    static func nonce() -> UInt64 { UInt64.random(in: 1...UInt64.max) }
}

/// Ends this process when the one that started it has ended, however that was.
///
/// A thread looks at the parent's id: PDEATHSIG would fire when the *thread* that spawned us ends.
public enum ParentWatch {
    /// Watches `parent`; the process exits within about 100 ms of its end.
    public static func start(parent: Int32) {
        // Where the system refuses the thread, the parent ends its children itself.
        try? Threads.start {
            while getppid() == parent { usleep(100_000) }
            _exit(0)
        }.detach()
    }
}
