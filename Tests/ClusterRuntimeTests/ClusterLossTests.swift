import ClusterCore
import Foundation
import TestSupport
import Testing

@testable import ClusterRuntime

/// What a client hears of a coordinator that ends, stands still or stops.
@Suite(.serialized) struct ClusterLossTests {
    /// A coordinator in miniature: says WELCOME, and answers what it is told to.
    private func coordinator(
        in folder: SocketFolder, answersBeats: Bool
    ) throws -> (process: MiniProcess, endpoint: String) {
        let own = Holder()
        let endpoint = "ipc://\(folder.path)/control"
        let process = try MiniProcess("coordinator") { inbound in
            guard case .message(let envelope, let origin) = inbound, let peer = origin.peer
            else { return }
            let answer: Message?
            switch envelope.message {
            case .hello: answer = .welcome(Welcome(queryEndpoint: endpoint + ".query"))
            case .heartbeat: answer = answersBeats ? .heartbeatAck(HeartbeatAck()) : nil
            default: answer = nil
            }
            guard let answer else { return }
            own.send(
                Envelope(sender: "coordinator", requestID: envelope.requestID, message: answer),
                on: origin.lane, to: peer)
        }
        own.reactor = process.reactor
        _ = try process.reactor.bind(.control, to: endpoint)
        _ = try process.reactor.bind(.query, to: endpoint + ".query")
        return (process, endpoint)
    }

    /// Set before the first message comes.
    private final class Holder: @unchecked Sendable {
        var reactor: Reactor?

        func send(_ envelope: Envelope, on lane: Lane, to peer: PeerID) {
            try? reactor?.send(envelope, on: lane, to: peer)
        }
    }

    /// How long `status` waited for its error, and what that says.
    private func failure(
        of client: ClusterClient, after act: @Sendable @escaping () -> Void
    ) async throws -> (seconds: Double, text: String) {
        let asked = Task { try await client.status() }
        try await Task.sleep(for: .milliseconds(200))
        act()
        let began = ContinuousClock.now
        do {
            _ = try await asked.value
            Issue.record("nobody was there to answer")
            return (0, "")
        } catch {
            return (began.duration(to: .now) / .seconds(1), "\(error)")
        }
    }

    @Test func `a client hears at once that its coordinator has ended`() async throws {
        let folder = try SocketFolder()
        let (process, endpoint) = try coordinator(in: folder, answersBeats: true)
        let client = try await ClusterClient.connect(to: endpoint, security: .localOnly)
        let (seconds, text) = try await failure(of: client) { process.reactor.stop() }
        #expect(text.contains("has ended"))
        // Half a second may pass in stop() itself.
        #expect(seconds < 2, "the client waited for \(seconds) s")
        await #expect(throws: ClusterError.self) { _ = try await client.status() }
        await client.close()
    }

    @Test func `what a living coordinator does not answer is waited for as long as it is worth`()
        async throws
    {
        let folder = try SocketFolder()
        let (process, endpoint) = try coordinator(in: folder, answersBeats: true)
        let client = try await ClusterClient.connect(to: endpoint, security: .localOnly)
        let began = ContinuousClock.now
        let error = await #expect(throws: ClusterError.self) {
            try await client.nothing(within: .seconds(1))
        }
        #expect("\(String(describing: error))".contains("has not answered for 1 s"))
        #expect(began.duration(to: .now) >= .seconds(1))
        // Only what is awaited counts, and nothing else is given up with it.
        await #expect(throws: ClusterError.self) {
            try await client.nothing(within: .seconds(1), pause: .seconds(2))
        }
        #expect(began.duration(to: .now) >= .seconds(4))
        await client.close()
        process.reactor.stop()
    }

    @Test func `a client gives up a coordinator that is silent, not one that works`() async throws {
        let folder = try SocketFolder()
        let (process, endpoint) = try coordinator(in: folder, answersBeats: false)
        let client = try await ClusterClient.connect(to: endpoint, security: .localOnly)
        let (seconds, text) = try await failure(of: client) {}
        #expect(text.contains("no sign of life"))
        // Far below the patience with which a coordinator that works is waited for.
        #expect(seconds < 15, "the client waited for \(seconds) s")
        await client.close()
        process.reactor.stop()

        let other = try SocketFolder()
        let (busy, busyEndpoint) = try coordinator(in: other, answersBeats: true)
        let patient = try await ClusterClient.connect(to: busyEndpoint, security: .localOnly)
        let asked = Task { try await patient.status() }
        try await Task.sleep(for: .seconds(7))
        let (_, end) = try await failure(of: patient) { busy.reactor.stop() }
        #expect(end.contains("has ended"))
        await #expect(throws: ClusterError.self) { _ = try await asked.value }
        await patient.close()
    }

    @Test func `a cluster that stops tells those who wait`() async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(2000, seed: 3, in: scratch.path)
        let cluster = try await TestCluster(scratch.path, workers: 1)
        let client = try await ClusterClient.connect(to: cluster.endpoint, security: .localOnly)
        let run = Task {
            try await client.index(.test(corpus, as: "c", model: model, batchSize: 4)) { _ in }
        }
        try await cluster.wait { ($0.collections.first?.batchesCommitted ?? 0) > 0 }
        try await cluster.client.shutDown()
        do {
            _ = try await run.value
            Issue.record("a run went on in a cluster that stops")
        } catch let error as ClusterError {
            #expect(error.code == .unavailable && "\(error)".contains("stopping"), "\(error)")
        }
        await client.close()
        await cluster.stop()
    }
}

extension ClusterClient {
    /// Asks for what is never answered, and awaits it after a pause.
    fileprivate func nothing(within patience: Duration, pause: Duration = .zero) async throws {
        let answers = try request(
            .statusRequest(StatusRequest(collection: "")), on: .control, patience: patience)
        var iterator = answers.makeIterator()
        try await Task.sleep(for: pause)
        _ = try await iterator.next()
    }
}
