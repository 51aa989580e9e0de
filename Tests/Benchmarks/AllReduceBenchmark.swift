import ArgumentParser
import Foundation
import Sheaf

/// The time of a sum over ranks in processes of their own, and the bus bandwidth that it comes to.
///
/// Bus bandwidth counts what a ring must carry at least: size / time · 2 (W − 1) / W.
struct AllReduceBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all-reduce", abstract: "Sum floats over rank processes on this host.")

    @Option(help: "How many ranks.") var ranks = 2
    @Option(help: "Bytes to sum.") var sizes = [1 << 16, 1 << 20, 1 << 25, 1 << 27]
    @Option(help: "Repetitions; the median counts.") var repetitions = 15
    @Option(help: ArgumentHelp("The rank of this process.", visibility: .hidden)) var rank: Int?
    @Option(help: ArgumentHelp("Where the ranks' sockets are.", visibility: .hidden))
    var sockets: String?

    private struct Result: Encodable {
        var what = "all-reduce"
        var ranks: Int
        var bytes: Int
        var milliseconds: Double
        var busGigabytesPerSecond: Double
    }

    func run() throws {
        if let rank, let sockets { return try measure(rank, sockets) }
        try withScratch { folder in
            let shape = ["--ranks", "\(ranks)", "--repetitions", "\(repetitions)"]
            let asked = sizes.flatMap { ["--sizes", "\($0)"] }
            let processes = try (0..<ranks).map {
                try ownProcess(
                    ["all-reduce"] + shape + asked + ["--rank", "\($0)", "--sockets", folder])
            }
            for process in processes { process.waitUntilExit() }
        }
    }

    private func measure(_ rank: Int, _ folder: String) throws {
        let group = try localRing(rank: rank, of: ranks, in: folder)
        defer { group.close() }
        for bytes in sizes {
            let buffer = UnsafeMutableBufferPointer<Float>.allocate(
                capacity: bytes / MemoryLayout<Float>.stride)
            unsafe buffer.initialize(repeating: 1)
            defer { unsafe buffer.deallocate() }
            var times: [Duration] = []
            for _ in 0..<repetitions {
                try group.barrier()
                let start = ContinuousClock.now
                unsafe try group.begin(buffer)
                try group.wait()
                times.append(start.duration(to: .now))
            }
            guard rank == 0 else { continue }
            let median = times.sorted()[times.count / 2] / .milliseconds(1)
            let carried = Double(bytes) * 2 * Double(ranks - 1) / Double(ranks)
            try Result(
                ranks: ranks, bytes: bytes, milliseconds: median,
                busGigabytesPerSecond: carried / median / 1e6
            ).printLine()
        }
        try group.barrier()
    }
}
