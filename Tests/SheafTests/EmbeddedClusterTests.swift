import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Sheaf

/// A cluster within the process that asked for it: what `Cluster.open` gives a program.
@Suite(.serialized)
struct EmbeddedClusterTests {
    private static let questions = (1...7).map { "river stone wing number \($0)" }

    private func order(in folder: String, passages: Int = 60) throws -> IndexOrder {
        var order = IndexOrder(
            collection: "c", corpus: [try Fixtures.corpus(in: folder, count: passages)],
            model: try Fixtures.tinyModel(in: folder))
        order.batchSize = 8
        return order
    }

    /// Every hit of the questions: ordinals and the bits of their scores.
    private func answers(of cluster: Cluster) async throws -> [[String]] {
        var answers: [[String]] = []
        for question in Self.questions {
            let answer = try await cluster.search(question, in: "c", k: 20)
            answers.append(
                answer.found.map { "\($0.ordinal) \($0.score.bitPattern) \($0.passage.title)" })
        }
        return answers
    }

    private func segments(_ data: DataFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: data.segments("c")).sorted()
    }

    private func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    private func threads() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    }

    @Test(.enabled(if: Program.isBuilt, "the program is not built"))
    func `both modes make the same files and give the same answers, bit for bit`() async throws {
        try await withFolder { folder in
            let order = try order(in: folder)
            var seen: [(answers: [[String]], segments: [String])] = []
            for (mode, workers) in [(ClusterMode.inProcess, 1), (.inProcess, 3), (.processes, 2)] {
                let data = DataFolder(path: "\(folder)/\(mode)-\(workers)")
                let cluster = try await Cluster.open(data, workers: workers, mode: mode)
                #expect(cluster.isOurs)
                let found = try await cluster.closing {
                    _ = try await cluster.index(order) { _ in }
                    let status = try await cluster.status()
                    #expect(status.workers.count == workers)
                    let isHere = status.processID == UInt32(getpid())
                    #expect(isHere == (mode == .inProcess))
                    return try await answers(of: cluster)
                }
                #expect(try !FolderLock.isHeld(data.lock), "\(mode)")
                seen.append((found, try segments(data)))
            }
            #expect(seen[0].answers.allSatisfy { $0.count == 20 })
            for other in seen.dropFirst() {
                #expect(other.answers == seen[0].answers && other.segments == seen[0].segments)
            }
        }
    }

    @Test func `all who open a folder share its cluster, which ends with the last`() async throws {
        try await withFolder { folder in
            let data = DataFolder(path: folder + "/data")
            let order = try order(in: folder)
            async let opening = Cluster.open(data, workers: 2)
            let second = try await Cluster.open(data, workers: 1)
            let first = try await opening
            _ = try await first.index(order) { _ in }
            await first.close()
            #expect(try await answers(of: second).count == Self.questions.count)
            #expect(try FolderLock.isHeld(data.lock))
            await second.close()
            #expect(try !FolderLock.isHeld(data.lock))
            let again = try await Cluster.open(data)
            #expect(try await answers(of: again).count == Self.questions.count)
            await again.close()
        }
    }

    @Test(.enabled(if: Program.isBuilt, "the program is not built"))
    func `another process reaches it, and may end it`() async throws {
        try await withFolder { folder in
            let data = DataFolder(path: folder + "/data")
            let order = try order(in: folder)
            let cluster = try await Cluster.open(data)
            _ = try await cluster.index(order) { _ in }
            let found = try Program.run(
                ["search", "river stone", "--collection", "c", "-k", "3", "--format", "jsonl"],
                data: data.path)
            #expect(found.status == 0 && found.output.contains("\"p"), "\(found)")
            let down = try Program.run(["down"], data: data.path)
            #expect(down.status == 0, "\(down)")
            await #expect(throws: SheafError.self) { _ = try await answers(of: cluster) }
            await cluster.close()
            // What ended without us is not in the way of the next.
            let next = try await Cluster.open(data)
            #expect(try await answers(of: next).count == Self.questions.count)
            await next.close()
        }
    }

    @Test func `a cluster that is ended from elsewhere is not handed out again`() async throws {
        try await withFolder { folder in
            let data = DataFolder(path: folder + "/data")
            let first = try await Cluster.open(data)
            try await first.shutDown()
            while try FolderLock.isHeld(data.lock) { try await Task.sleep(for: .milliseconds(5)) }
            let second = try await Cluster.open(data)
            _ = try await second.status()
            await first.close()
            _ = try await second.status()
            await second.close()
            #expect(try !FolderLock.isHeld(data.lock))
        }
    }

    @Test func `fifty clusters one after the other leave no descriptor and no thread`()
        async throws
    {
        try await withFolder { folder in
            // A path too long for a socket takes another way, which must not leak either.
            let long = String(repeating: "long", count: 25)
            func cycle(_ number: Int) async throws {
                let name = number.isMultiple(of: 2) ? "/data" : "/" + long
                let cluster = try await Cluster.open(DataFolder(path: folder + name), workers: 1)
                _ = try await cluster.status()
                await cluster.close()
            }
            for number in 0..<4 { try await cycle(number) }
            let before = (try descriptors(), try threads())
            for number in 0..<50 { try await cycle(number) }
            let after = (try descriptors(), try threads())
            // One a cycle would be 50; other tests of this process may have some open meanwhile.
            #expect(after.0 < before.0 + 25, "\(before) and \(after) descriptors and threads")
            #expect(after.1 < before.1 + 25, "\(before) and \(after) descriptors and threads")
        }
    }

    @Test func `closing while it indexes ends the run, and the next goes on`() async throws {
        try await withFolder { folder in
            let data = DataFolder(path: folder + "/data")
            let order = try order(in: folder, passages: 3000)
            let cluster = try await Cluster.open(data, workers: 1)
            let (began, begin) = AsyncStream.makeStream(of: Void.self)
            let run = Task {
                try await cluster.index(order) { progress in
                    if progress.batchesCommitted > 0 { begin.yield() }
                }
            }
            for await _ in began { break }
            await cluster.close()
            #expect(try !FolderLock.isHeld(data.lock))
            await #expect(throws: (any Error).self) { try await run.value }
            let again = try await Cluster.open(data, workers: 1)
            let summary = try await again.closing { try await again.index(order) { _ in } }
            #expect(summary.passages == 3000)
            #expect(summary.passagesEncoded < 3000)
        }
    }

    @Test func `an opening that is cancelled leaves no cluster`() async throws {
        try await withFolder { folder in
            let data = DataFolder(path: folder + "/data")
            for delay in [0, 1, 5, 20] {
                let opening = Task { try await Cluster.open(data, workers: 1) }
                try await Task.sleep(for: .milliseconds(delay))
                opening.cancel()
                // It may have been too late to cancel it.
                if case .success(let cluster) = await opening.result { await cluster.close() }
                #expect(try !FolderLock.isHeld(data.lock), "after \(delay) ms")
            }
        }
    }

    @Test func `progress is told when it changes`() async throws {
        try await withFolder { folder in
            let order = try order(in: folder, passages: 400)
            let cluster = try await Cluster.open(DataFolder(path: folder + "/data"))
            let seen = Seen()
            try await cluster.closing {
                _ = try await cluster.index(order) { seen.note($0) }
            }
            let reports = seen.all
            #expect(reports.last?.state == .complete)
            #expect(zip(reports, reports.dropFirst()).allSatisfy { $0 != $1 })
        }
    }

    @Test func `a folder that another process holds is refused with its holder`() async throws {
        try await withFolder { folder in
            let data = DataFolder(path: folder + "/data")
            try data.create()
            let lock = try FolderLock(data.lock)
            do {
                _ = try await Cluster.open(data)
                Issue.record("the folder was taken")
            } catch {
                #expect("\(error)".contains("Process \(getpid()) holds \(data.path)"))
            }
            withExtendedLifetime(lock) {}
        }
    }

    /// Reports in the order in which they came.
    private final class Seen: Sendable {
        private let reports = Mutex<[IndexProgress]>([])
        var all: [IndexProgress] { reports.withLock { $0 } }
        func note(_ report: IndexProgress) { reports.withLock { $0.append(report) } }
    }
}
