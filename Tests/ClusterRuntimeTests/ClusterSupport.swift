import ClusterCore
import Corpus
import Foundation
import Logging
import Models
import TestSupport

@testable import ClusterRuntime

/// Coordinator and workers as tasks of the test process, over real sockets and real files.
final class TestCluster: Sendable {
    let data: DataFolder
    let client: ClusterClient
    let endpoint: String
    private let coordinator: Running
    private let workers: [String: Running]

    /// What can be told to stop and waited for.
    struct Running: Sendable {
        let stop: AsyncStream<Void>.Continuation
        let task: Task<Void, any Error>

        func end() async {
            stop.yield(())
            stop.finish()
            _ = try? await task.value
        }
    }

    /// Starts a cluster on `folder`.
    ///
    /// - Parameters:
    ///   - sharing: False gives each worker a data folder of its own, as on other hosts.
    ///   - garbageWaitSeconds: Between the mark on a file that nothing names and its deletion.
    init(
        _ folder: String, workers count: Int, sharing: Bool = true, questionsAllowed: Int = 8192,
        queryBytesWaiting: Int = 64 << 20, inboundBytesPerPeer: Int = 32 << 20,
        garbageWaitSeconds: Int64 = 3600, models: ModelPlaces = ModelPlaces()
    ) async throws {
        data = DataFolder(path: folder + "/data")
        var log = Logger(label: "test")
        log.logLevel =
            ProcessInfo.processInfo.environment["SHEAF_TEST_LOG"] == nil ? .critical : .trace
        let (started, announce) = AsyncStream.makeStream(of: String.self)
        let (stop, end) = AsyncStream.makeStream(of: Void.self)
        let options = CoordinatorOptions(
            data: data, endpoint: "tcp://127.0.0.1:0", localWorkers: 0, threadsPerWorker: 1,
            questionThreads: 1, loadsOnDemand: true, security: .localOnly,
            questionsAllowed: questionsAllowed, queryBytesWaiting: queryBytesWaiting,
            inboundBytesPerPeer: inboundBytesPerPeer, models: models,
            garbageWaitSeconds: garbageWaitSeconds)
        let (coordinatorLog, workerLog) = (log, log)
        coordinator = Running(
            stop: end,
            task: Task {
                defer { announce.finish() }
                try await Coordinator.run(options: options, log: coordinatorLog, stop: stop) {
                    announce.yield($0)
                }
            })
        var iterator = started.makeAsyncIterator()
        guard let endpoint = await iterator.next() else {
            try await coordinator.task.value
            throw ClusterError.internal("The coordinator did not start.")
        }
        self.endpoint = endpoint
        var workers: [String: Running] = [:]
        for number in stride(from: 1, through: count, by: 1) {
            let name = "worker-\(number)"
            let own = DataFolder(path: folder + "/" + name)
            let options = WorkerOptions(
                coordinator: endpoint, name: name, data: sharing ? data : own, threads: 1,
                security: .localOnly)
            let (stop, end) = AsyncStream.makeStream(of: Void.self)
            workers[name] = Running(
                stop: end,
                task: Task { try await Worker.run(options: options, log: workerLog, stop: stop) })
        }
        self.workers = workers
        client = try await ClusterClient.connect(to: endpoint, security: .localOnly)
        try await wait { $0.workers.count { $0.state == "ready" } == count }
    }

    /// Waits until the cluster's status is as wanted.
    func wait(until condition: (Status) -> Bool) async throws {
        for _ in 0..<1500 {
            if condition(try await client.status()) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ClusterError.internal("The cluster did not get there: \(try await client.status())")
    }

    func stopWorker(_ name: String) async { await workers[name]?.end() }

    func stop() async {
        await client.close()
        for worker in workers.values { await worker.end() }
        await coordinator.end()
    }

    func index(
        _ corpus: String, as name: String, model: String, shards: Int = 0, batchSize: Int = 16
    ) async throws -> IndexProgress {
        try await client.index(
            .test(corpus, as: name, model: model, shards: shards, batchSize: batchSize)
        ) { _ in }
    }

    func search(
        _ questions: [String], in name: String, k: Int, allowPartial: Bool = false
    ) async throws -> [SearchAnswer] {
        var answers: [SearchAnswer] = []
        try await client.search(
            questions, collection: name, k: k, allowPartial: allowPartial, texts: true,
            budget: .seconds(20)
        ) { _, answer in answers.append(answer) }
        return answers
    }
}

extension IndexRequest {
    static func test(
        _ corpus: String, as name: String, model: String, shards: Int = 0, batchSize: Int = 16
    ) -> IndexRequest {
        IndexRequest(
            collection: name, paths: [corpus], questionModel: model + "/question_encoder",
            contextModel: model + "/context_encoder", shards: UInt32(shards),
            batchSize: UInt32(batchSize))
    }
}

/// Models and corpora for the tests.
enum TestData {
    /// A folder with both towers of the tiny DPR model and their tokenizer.
    static func model(in folder: String) throws -> String {
        try Goldens.copyTowers(to: folder + "/model")
        return folder + "/model"
    }

    /// `count` passages of words from a seed, as a psgs file; some texts occur twice.
    static func corpus(_ count: Int, seed: UInt64, in folder: String) throws -> String {
        var text = "id\ttext\ttitle\n"
        for passage in passages(count, seed: seed) {
            text += "\(passage.id)\t\"\(passage.text)\"\t\(passage.title)\n"
        }
        let path = folder + "/corpus-\(seed).tsv"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    static func passages(_ count: Int, seed: UInt64) -> [Passage] {
        var dice = Dice(seed: seed)
        let words = [
            "river", "planet", "capital", "iron", "gold", "city", "light", "water", "moon", "bee",
            "heart", "sun", "ring", "stone", "north", "king", "queen", "war", "peace", "ship",
        ]
        var passages: [Passage] = []
        for number in 0..<count {
            if number % 11 == 10 {
                var twin = passages[number - 7]
                twin.id = "p\(number)"
                passages.append(twin)
                continue
            }
            let text = (0..<(3 + dice.below(30))).map { _ in words[dice.below(words.count)] }
            let title = dice.below(5) == 0 ? "" : words[dice.below(words.count)]
            passages.append(
                Passage(id: "p\(number)", title: title, text: text.joined(separator: " ")))
        }
        return passages
    }

    static let questions = [
        "which river runs through the capital", "iron and gold", "the moon of a planet", "bee",
        "a king and a queen at war", "north light", "who has a ship of stone",
    ]
}
