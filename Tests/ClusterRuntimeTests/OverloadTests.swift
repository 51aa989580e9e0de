import Base
import ClusterCore
import TestSupport
import Testing

@testable import ClusterRuntime

/// More clients than the coordinator lets in at once.
struct OverloadTests {
    @Test(arguments: [0, 64 << 20])
    func `clients that wait or are refused for now all get their answers, in order and once`(
        queryBytesWaiting: Int
    ) async throws {
        let folder = try TemporaryFolder()
        let cluster = try await TestCluster(
            folder.path, workers: 1, questionsAllowed: 64, queryBytesWaiting: queryBytesWaiting)
        let model = try TestData.model(in: folder.path)
        let corpus = try TestData.corpus(40, seed: 5, in: folder.path)
        _ = try await cluster.index(corpus, as: "c", model: model)
        let questions =
            (0..<3).flatMap { round in
                TestData.questions.map { "\($0) \(round)" }
            } + Array(repeating: "iron", count: 180)
        let expected = try await cluster.search(questions, in: "c", k: 3).map(\.found)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let client = try await ClusterClient.connect(
                        to: cluster.endpoint, security: .localOnly)
                    var found: [[SearchAnswer.Found]] = []
                    try await client.search(
                        questions, collection: "c", k: 3, allowPartial: false, texts: true,
                        budget: .seconds(60)
                    ) { number, answer in
                        #expect(number == found.count)
                        found.append(answer.found)
                    }
                    #expect(found == expected)
                    await client.close()
                }
            }
            try await group.waitForAll()
        }
        await cluster.stop()
    }

    @Test func `more questions in one request than may be under way are refused for good`()
        async throws
    {
        let folder = try TemporaryFolder()
        let cluster = try await TestCluster(folder.path, workers: 1, questionsAllowed: 4)
        let model = try TestData.model(in: folder.path)
        let corpus = try TestData.corpus(40, seed: 5, in: folder.path)
        _ = try await cluster.index(corpus, as: "c", model: model)
        do {
            _ = try await cluster.search(Array(repeating: "iron", count: 5), in: "c", k: 1)
            Issue.record("five questions were let in where four may be")
        } catch {
            #expect((error as? ClusterError)?.code == .input)
        }
        await cluster.stop()
    }

    @Test func `a client that is refused until its deadline asks again, and ends in time`()
        async throws
    {
        let asked = Locked(0)
        let reactor = Locked<Reactor?>(nil)
        let endpoint = Locked("")
        let coordinator = try MiniProcess("coordinator") { inbound in
            guard case .message(let envelope, let origin) = inbound, let peer = origin.peer
            else { return }
            let answer: Message
            switch envelope.message {
            case .hello:
                answer = .welcome(Welcome(name: "c", queryEndpoint: endpoint.withLock { $0 }))
            case .queryRequest:
                asked.withLock { $0 += 1 }
                answer = .failure(Failure(code: .busy, message: "full"))
            default: return
            }
            try? reactor.withLock { $0 }?.send(
                Envelope(
                    clusterID: "c", sender: "coordinator", incarnation: 1, epoch: 1,
                    requestID: envelope.requestID, message: answer),
                on: origin.lane, to: peer)
        }
        reactor.withLock { $0 = coordinator.reactor }
        let query = try coordinator.bind(.query)
        endpoint.withLock { $0 = query }
        let client = try await ClusterClient.connect(
            to: try coordinator.bind(.control), security: .localOnly)
        let clock = ContinuousClock()
        let began = clock.now
        do {
            try await client.search(
                ["q"], collection: "c", k: 1, allowPartial: false, texts: true,
                budget: .seconds(2)
            ) { _, _ in }
            Issue.record("nobody answered, and the search succeeded")
        } catch {
            #expect(error == .answered(Failure(code: .busy, message: "full")))
        }
        // Spans of up to 20 ms, 40 ms … 1 s: at least three fit into two seconds, on any host.
        #expect(asked.withLock { $0 } >= 3)
        #expect(clock.now - began < .seconds(10))
        await client.close()
        reactor.withLock { $0 = nil }
    }
}
