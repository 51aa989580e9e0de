import Base
import Foundation
import Logging
import Testing

@testable import ClusterRuntime

/// Processes that are kept running, with small programs of the system.
struct ChildProcessesTests {
    private struct End: Sendable {
        var name: String
        var processID: Int32
        var reason: String
    }

    private static let short = ChildProcesses.Pauses(
        first: .milliseconds(1), longest: .milliseconds(4), calm: .seconds(3600))

    private static func shell(_ script: String) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.standardInput = FileHandle.nullDevice
        return process
    }

    private func keep(
        _ names: [String], _ script: String, making: @escaping @Sendable () -> Void = {}
    ) -> (processes: ChildProcesses, ends: AsyncStream<End>) {
        var log = Logger(label: "test")
        log.logLevel = .critical
        let (ends, feed) = AsyncStream.makeStream(of: End.self)
        let processes = ChildProcesses(
            names: names, pauses: Self.short, log: log,
            make: { _ in
                making()
                return Self.shell(script)
            },
            ended: { feed.yield(End(name: $0, processID: $1, reason: $2)) })
        return (processes, ends)
    }

    @Test func `a process that ends is started again under its name, as another process`() async {
        let (processes, stream) = keep(["one"], "exit 3")
        processes.start()
        var ends: [End] = []
        for await end in stream {
            ends.append(end)
            if ends.count == 4 { break }
        }
        await processes.stop()
        #expect(ends.allSatisfy { $0.name == "one" && $0.reason == "it ended (status 3)" })
        #expect(Set(ends.map(\.processID)).count == 4)
    }

    @Test func `killing ends the named process alone`() async {
        let (processes, stream) = keep(["one", "two"], "exec sleep 3600")
        processes.start()
        processes.stopRestarting()
        processes.kill("three")
        processes.kill("two")
        var ends = stream.makeAsyncIterator()
        let first = await ends.next()
        #expect(first?.name == "two")
        #expect(first?.reason == "it ended (signal 9)")
        processes.kill("one")
        #expect(await ends.next()?.name == "one")
    }

    @Test func `nothing is started once restarting was stopped`() async {
        let made = Locked(0)
        let (processes, stream) = keep(["one"], "exec sleep 3600") {
            made.withLock { $0 += 1 }
        }
        processes.start()
        processes.stopRestarting()
        processes.kill("one")
        for await _ in stream { break }
        processes.start()
        #expect(made.withLock { $0 } == 1)
    }
}
