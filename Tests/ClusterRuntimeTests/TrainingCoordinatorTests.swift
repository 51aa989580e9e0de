import Base
import ClusterCore
import ClusterRuntime
import Foundation
import Logging
import Testing
import Training

/// A coordinator and ranks over real sockets, the ranks as threads of this process.
@Suite(.timeLimit(.minutes(2)))
struct TrainingCoordinatorTests {
    @Test(arguments: 1..<5)
    func `ranks come together, compute and end`(world: Int) async throws {
        let run = try CoordinatedRun(minimum: world, maximum: world)
        let outcome = try await run.run(ranks: world) { link in
            #expect(try link.plan() == "what to train")
            let group = try link.join(facts: [])
            var values = gradient(of: group.rank, count: 50_000)
            try group.allReduce(&values)
            #expect(largestError(values, plainSum(world, count: 50_000)) < 1e-6)
            #expect(group.generation == 1 && group.world == world)
            if group.rank == 0 { link.report(step: 1, progress: "a step") }
            try link.finish(
                group, report: "report of rank \(group.rank)", isInterrupted: false)
        }
        let result = try outcome.get()
        #expect(result.report == "report of rank 0")
        #expect(result.generations == 1 && !result.isInterrupted)
    }

    @Test func `when a rank goes, the others are told and go on with its successor`() async throws {
        let run = try CoordinatedRun(minimum: 3, maximum: 3)
        let hasLeft = Locked(false)
        let outcome = try await run.run(ranks: 3) { link in
            _ = try link.plan()
            var rounds = 0
            while true {
                let group = try link.join(facts: [])
                rounds += 1
                // The first to hold rank 1 goes away in the middle and comes back as another.
                let goes =
                    group.rank == 1
                    && hasLeft.withLock { left in
                        defer { left = true }
                        return !left
                    }
                if goes { throw RankLeaves() }
                do throws(CollectiveError) {
                    var values = gradient(of: group.rank, count: 1_000_000)
                    try group.allReduce(&values)
                    try group.barrier()
                } catch {
                    link.leave(group, reason: error.description)
                    continue
                }
                try link.finish(group, report: "\(group.generation)", isInterrupted: false)
                return
            }
        }
        #expect(try outcome.get().report == "2")
        let aborts = run.events.compactMap { event -> String? in
            if case .aborted(1, let who, _) = event { who } else { nil }
        }
        #expect(aborts.count == 1 && aborts.first?.contains("trainer-2") == true, "\(aborts)")
    }

    @Test func `the survivors go on alone where that is allowed`() async throws {
        var settings = Rendezvous.Settings(minimum: 2, maximum: 3)
        settings.settle = .milliseconds(200)
        let run = try CoordinatedRun(settings)
        let outcome = try await run.run(ranks: 3, comesBack: false) { link in
            _ = try link.plan()
            while true {
                let group = try link.join(facts: [])
                if group.generation == 1, group.rank == 2 { throw RankLeaves() }
                do throws(CollectiveError) {
                    try group.barrier()
                } catch {
                    link.leave(group, reason: error.description)
                    continue
                }
                try link.finish(group, report: "\(group.world) ranks", isInterrupted: false)
                return
            }
        }
        #expect(try outcome.get().report == "2 ranks")
    }

    @Test(arguments: ["model", "element type"])
    func `a rank with another model or element type is refused, and both are named`(
        fact: String
    ) async throws {
        var settings = Rendezvous.Settings(minimum: 2, maximum: 2)
        settings.patience = .seconds(8)
        let run = try CoordinatedRun(settings)
        let messages = Locked([String]())
        let outcome = try await run.run(ranks: 2, comesBack: false) { link in
            _ = try link.plan()
            // Most likely this one comes second and is refused.
            if link.name == "trainer-2" { usleep(300_000) }
            do {
                _ = try link.join(
                    facts: [TrainerFact(name: fact, value: "that of \(link.name)")])
            } catch let error as ClusterError {
                messages.withLock { $0.append("\(error)") }
                throw RankLeaves()
            }
        }
        let message = messages.withLock { $0.first } ?? ""
        let (first, second) =
            message.hasPrefix("trainer-1") ? ("trainer-2", "trainer-1") : ("trainer-1", "trainer-2")
        #expect(
            message.contains(
                "\(second) has another \(fact) than \(first): that of \(second), "
                    + "not that of \(first)"))
        let error = #expect(throws: ClusterError.self) { try outcome.get() }
        #expect("\(String(describing: error))".contains("another \(fact)"))
    }

    @Test func `what a rank cannot help ends the run with its words`() async throws {
        let run = try CoordinatedRun(minimum: 2, maximum: 2)
        let outcome = try await run.run(ranks: 2, comesBack: false) { link in
            _ = try link.plan()
            let group = try link.join(facts: [])
            if group.rank == 0 {
                link.fail("The disk is full. Make room.")
            } else {
                _ = try? group.barrier()
            }
            throw RankLeaves()
        }
        #expect(throws: ClusterError.input("The disk is full. Make room.")) { try outcome.get() }
    }

    @Test func `a spare that was not needed is told that all is done`() async throws {
        let run = try CoordinatedRun(minimum: 2, maximum: 2)
        let spares = Locked([String]())
        let outcome = try await run.run(ranks: 2) { link in
            _ = try link.plan()
            let group = try link.join(facts: [])
            if group.rank == 0 {
                run.start("trainer-3", false) { link in
                    _ = try link.plan()
                    if try link.isSpare() { spares.withLock { $0.append(link.name) } }
                }
                // Most likely it waits by then; one that comes later is told too.
                usleep(300_000)
            }
            try group.barrier()
            try link.finish(group, report: "", isInterrupted: false)
        }
        _ = try outcome.get()
        for _ in 0..<500 where spares.withLock(\.isEmpty) { usleep(10_000) }
        #expect(spares.withLock { $0 } == ["trainer-3"])
    }

    @Test func `an interruption reaches every rank`() async throws {
        let run = try CoordinatedRun(minimum: 2, maximum: 2)
        let outcome = try await run.run(ranks: 2) { link in
            _ = try link.plan()
            let group = try link.join(facts: [])
            if group.rank == 0 { run.stop() }
            while !link.isStopping { usleep(10_000) }
            try group.barrier()
            try link.finish(group, report: "step 7", isInterrupted: true)
        }
        #expect(try outcome.get().isInterrupted)
        #expect(try outcome.get().report == "step 7")
    }

    @Test func `a second run on the same folder is refused`() async throws {
        let run = try CoordinatedRun(minimum: 1, maximum: 1)
        let outcome = try await run.run(ranks: 1) { link in
            _ = try link.plan()
            let group = try link.join(facts: [])
            let second = try CoordinatedRun(minimum: 1, maximum: 1, folder: run.folder)
            let answer = second.coordinate()
            #expect(throws: ClusterError.self) { try answer.get() }
            if case .failure(let error) = answer {
                #expect("\(error)".contains("Another training"), "\(error)")
            }
            try link.finish(group, report: "", isInterrupted: false)
        }
        _ = try outcome.get()
    }
}

/// What a rank of a test throws to go away without a word.
struct RankLeaves: Error {}

/// A training run of a test: a coordinator in this process, and ranks as threads.
final class CoordinatedRun: Sendable {
    let folder: String
    private let settings: Rendezvous.Settings
    private let seen = Locked([TrainingEvent]())
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init(_ settings: Rendezvous.Settings, folder: String? = nil) throws {
        self.settings = settings
        self.folder = folder ?? "/tmp/sheaf-run-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(
            atPath: self.folder, withIntermediateDirectories: true)
        (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    }

    convenience init(minimum: Int, maximum: Int, folder: String? = nil) throws {
        try self.init(.init(minimum: minimum, maximum: maximum), folder: folder)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// What the coordinator told.
    var events: [TrainingEvent] { seen.withLock { $0 } }

    var endpoint: String { "ipc://\(folder)/control" }

    /// Asks the run to save and end.
    func stop() {
        continuation.yield()
        continuation.finish()
    }

    /// Runs the coordinator with ranks as threads; one that throws ``RankLeaves`` starts again as a
    /// new process would, unless it shall not come back.
    func run(
        ranks: Int, comesBack: Bool = true,
        _ body: @escaping @Sendable (TestLink) throws -> Void
    ) async throws -> Result<TrainingOutcome, any Error> {
        for number in 1...ranks { start("trainer-\(number)", comesBack, body) }
        return await withCheckedContinuation { continuation in
            Task { continuation.resume(returning: await self.coordinator()) }
        }
    }

    /// Runs the coordinator, and waits for it.
    func coordinate() -> Result<TrainingOutcome, any Error> {
        let answer = Locked<Result<TrainingOutcome, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        Task {
            let result = await self.coordinator()
            answer.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        return answer.withLock { $0 } ?? .failure(RankLeaves())
    }

    private func coordinator() async -> Result<TrainingOutcome, any Error> {
        let seen = self.seen
        let run = TrainingRun(
            configuration: "what to train", rendezvous: settings, localRanks: 0,
            endpoint: endpoint, folder: folder)
        do {
            return .success(
                try await TrainingCoordinator.run(
                    run, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                    stop: stream
                ) { event in seen.withLock { $0.append(event) } })
        } catch {
            return .failure(error)
        }
    }

    /// Starts a rank as a thread.
    func start(
        _ name: String, _ comesBack: Bool, _ body: @escaping @Sendable (TestLink) throws -> Void
    ) {
        let endpoint = self.endpoint
        Thread.detachNewThread {
            while true {
                do {
                    let link = try TestLink(name: name, endpoint: endpoint)
                    defer { link.link.close() }
                    try body(link)
                    return
                } catch is RankLeaves {
                    if !comesBack { return }
                } catch {
                    // What the coordinator says of its end is what tests look at.
                    return
                }
            }
        }
    }
}

/// A link that knows its name.
final class TestLink: Sendable {
    let name: String
    let link: TrainerLink

    init(name: String, endpoint: String) throws {
        self.name = name
        var options = TrainerOptions(coordinator: endpoint, name: name)
        options.patience = .seconds(20)
        link = try TrainerLink(options)
    }

    func plan() throws -> String { try link.plan() }
    func join(facts: [TrainerFact]) throws -> any CollectiveGroup {
        try #require(try link.join(facts: facts))
    }
    /// Whether the work was done before this rank had a place.
    func isSpare() throws -> Bool { try link.join(facts: []) == nil }
    func report(step: Int, progress: String) { link.report(step: step) { _ in progress } }
    func leave(_ group: any CollectiveGroup, reason: String) { link.leave(group, reason: reason) }
    func fail(_ message: String) { link.fail(message) }
    var isStopping: Bool { link.isStopping }

    func finish(_ group: any CollectiveGroup, report: String, isInterrupted: Bool) throws {
        try link.finish(group, report: report, isInterrupted: isInterrupted)
    }
}
