import Foundation

/// The memory that this process has, and had at most, in MiB.
struct ResidentMemory {
    var now: Int
    var peak: Int

    static func now() -> ResidentMemory {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        func value(_ name: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) >> 10
        }
        return ResidentMemory(now: value("VmRSS"), peak: value("VmHWM"))
    }

    /// Has the peak begin anew.
    static func forgetPeak() {
        // 5: the high-water mark, see proc(5).
        try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    }
}
