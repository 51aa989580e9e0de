import ClusterCore
import Corpus
import TestSupport
import Testing

@testable import ClusterRuntime

/// Many clients at once: whatever shares a batch or a search, each gets what it gets alone.
struct SharedBatchTests {
    /// One client's way of asking.
    private struct Manner: Sendable {
        var k: Int
        var allowPartial: Bool
        var texts: Bool
        var questions: [String]
    }

    private static func manner(_ dice: inout Dice) -> Manner {
        let number = dice.below(TestData.questions.count)
        let count = dice.number(1...3)
        return Manner(
            k: [1, 3, 10, 1000][dice.below(4)], allowPartial: dice.once(in: 3),
            texts: !dice.once(in: 4),
            questions: (0..<count).map {
                TestData.questions[(number + $0) % TestData.questions.count]
            })
    }

    private static func ask(
        _ client: ClusterClient, _ manner: Manner, budget: Duration = .seconds(20)
    ) async throws -> [[SearchAnswer.Found]] {
        var found: [[SearchAnswer.Found]] = []
        try await client.search(
            manner.questions, collection: "c", k: manner.k, allowPartial: manner.allowPartial,
            texts: manner.texts, budget: budget
        ) { number, answer in
            #expect(number == found.count)
            // A part of an answer may come where time is short.
            #expect(answer.coverage.isComplete || budget < .seconds(1))
            found.append(answer.found)
        }
        return found
    }

    @Test(arguments: [1, 3])
    func `clients that ask at once get the bytes that each gets alone`(shards: Int) async throws {
        let folder = try TemporaryFolder()
        let cluster = try await TestCluster(folder.path, workers: 2)
        let model = try TestData.model(in: folder.path)
        let corpus = try TestData.corpus(150, seed: 8, in: folder.path)
        _ = try await cluster.index(corpus, as: "c", model: model, shards: shards)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seed in 0..<12 as Range<UInt64> {
                group.addTask {
                    var dice = Dice(seed: seed)
                    let client = try await ClusterClient.connect(
                        to: cluster.endpoint, security: .localOnly)
                    for _ in 0..<12 {
                        let manner = Self.manner(&dice)
                        // Some are given up long before they can be answered.
                        if dice.once(in: 4) {
                            _ = try? await Self.ask(client, manner, budget: .microseconds(300))
                        }
                        let found = try await Self.ask(client, manner)
                        let k = min(manner.k, 150)
                        #expect(found.count == manner.questions.count)
                        #expect(found.allSatisfy { $0.count == k })
                        #expect(
                            found.joined().allSatisfy { $0.passage.text.isEmpty != manner.texts })
                    }
                    await client.close()
                }
            }
            try await group.waitForAll()
        }
        // Alone, and together with all the others at one moment.
        var dice = Dice(seed: 99)
        let manners = (0..<24).map { _ in Self.manner(&dice) }
        var alone: [[[SearchAnswer.Found]]] = []
        for manner in manners { alone.append(try await Self.ask(cluster.client, manner)) }
        let together = try await withThrowingTaskGroup(
            of: (Int, [[SearchAnswer.Found]]).self
        ) { group in
            for (index, manner) in manners.enumerated() {
                group.addTask {
                    let client = try await ClusterClient.connect(
                        to: cluster.endpoint, security: .localOnly)
                    let found = try await Self.ask(client, manner)
                    await client.close()
                    return (index, found)
                }
            }
            return try await group.reduce(into: [Int: [[SearchAnswer.Found]]]()) {
                $0[$1.0] = $1.1
            }
        }
        for (index, found) in alone.enumerated() { #expect(together[index] == found) }
        await cluster.stop()
    }

    @Test func `clients that leave, and a worker that dies, keep no others from their answers`()
        async throws
    {
        let folder = try TemporaryFolder()
        let cluster = try await TestCluster(folder.path, workers: 3)
        let model = try TestData.model(in: folder.path)
        let corpus = try TestData.corpus(150, seed: 8, in: folder.path)
        _ = try await cluster.index(corpus, as: "c", model: model, shards: 3)
        let questions = TestData.questions
        let expected = try await cluster.search(questions, in: "c", k: 7).map(\.found)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<10 {
                group.addTask {
                    let client = try await ClusterClient.connect(
                        to: cluster.endpoint, security: .localOnly)
                    let isLeaving = number % 3 == 2
                    if isLeaving {
                        // It asks, and is gone before it can be answered.
                        let asked = Task {
                            try await client.search(
                                questions, collection: "c", k: 7, allowPartial: true,
                                texts: true, budget: .seconds(20)
                            ) { _, _ in }
                        }
                        try await Task.sleep(for: .milliseconds(2 * number))
                        await client.close()
                        _ = try? await asked.value
                        return
                    }
                    for _ in 0..<15 {
                        var found: [[SearchAnswer.Found]] = []
                        try await client.search(
                            questions, collection: "c", k: 7, allowPartial: false, texts: true,
                            budget: .seconds(20)
                        ) { _, answer in found.append(answer.found) }
                        #expect(found == expected)
                    }
                    await client.close()
                }
            }
            group.addTask {
                try await Task.sleep(for: .milliseconds(40))
                await cluster.stopWorker("worker-2")
            }
            try await group.waitForAll()
        }
        #expect(try await cluster.search(questions, in: "c", k: 7).map(\.found) == expected)
        await cluster.stop()
    }
}
