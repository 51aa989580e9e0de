import Foundation
import Sheaf

extension Encodable {
    /// Prints the measurement as a JSON object on a line of its own.
    func printLine() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        print(String(decoding: try encoder.encode(self), as: UTF8.self))
    }
}

/// A temporary folder for a measurement with files or processes of its own.
func withScratch<Value>(_ body: (String) throws -> Value) throws -> Value {
    let folder = NSTemporaryDirectory() + "sheaf-measure-\(getpid())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// Starts this program with other arguments.
func ownProcess(_ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
    process.arguments = arguments
    try process.run()
    return process
}

/// The ring of rank processes of this host, whose sockets are in `folder`.
func localRing(rank: Int, of ranks: Int, in folder: String) throws -> RingGroup {
    let listener = try RingListener(endpoints: ["ipc://\(folder)/\(rank)"])
    let next = RingAddress(
        host: listener.address.host, endpoints: ["ipc://\(folder)/\((rank + 1) % ranks)"])
    let place = RingPlace(
        run: "benchmark", generation: 1, rank: rank, names: (0..<ranks).map { "rank \($0)" })
    return try RingGroup(place, listener: listener, next: next)
}

/// The memory of this process that is in use.
enum Resident {
    /// Bytes that are in memory now.
    static func bytes() -> Int {
        let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = text?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// The most bytes that come to memory while something runs, those of mapped files left out:
    /// rows of weights that are read for the first time.
    static func growth(_ body: () throws -> Void) throws -> Int {
        let before = try status("RssAnon:")
        // The kernel's mark of the highest use goes back to the use of now.
        try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
        try body()
        return try status("VmHWM:") - status("RssFile:") - before
    }

    private static func status(_ key: String) throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        return (line?.split { " \t".contains($0) }.compactMap { Int($0) }.first ?? 0) << 10
    }
}
