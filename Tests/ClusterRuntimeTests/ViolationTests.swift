import ClusterCore
import TestSupport
import Testing

@testable import ClusterRuntime

/// What is not as it must be in a process of the cluster is told by `status`.
@Suite(.serialized) struct ViolationTests {
    @Test func `status tells what a worker finds wrong with itself, and until then nothing`()
        async throws
    {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let cluster = try await TestCluster(scratch.path, workers: 1)
        #expect(try await cluster.client.status().problems == [])

        let worker = try MiniProcess("unsound")
        defer { worker.reactor.stop() }
        try worker.reactor.connect(.control, to: cluster.endpoint)
        let hello = Message.hello(
            Hello(role: .worker, name: "unsound", release: Release.version))
        try worker.reactor.send(worker.envelope(hello), on: .control)
        try await worker.wait(for: "WELCOME") { !$0.isEmpty }
        let answer = try #require(worker.envelopes.first)
        guard case .welcome(let welcome) = answer.message else {
            Issue.record("\(answer.message)")
            return
        }
        for (lane, endpoint) in [
            (Lane.query, welcome.queryEndpoint), (.bulk, welcome.bulkEndpoint),
        ] {
            let seen = LaneEndpoints.seen(endpoint, through: cluster.endpoint)
            try worker.reactor.connect(lane, to: seen)
            try worker.reactor.send(worker.envelope(hello), on: lane)
        }
        try await worker.wait(for: "a WELCOME on each lane") { $0.count == Lane.allCases.count }
        var beat = worker.envelope(
            .heartbeat(Heartbeat(violations: ["a shard answers that nobody built"])))
        (beat.clusterID, beat.epoch) = (answer.clusterID, answer.epoch)
        try worker.reactor.send(beat, on: .control)
        try await worker.wait(for: "its acknowledgement") { $0.count > Lane.allCases.count }

        let problems = try await cluster.client.status().problems
        let told = "the worker unsound is not as it must be: a shard answers that nobody built."
        #expect(problems.count == 1 && problems.first?.hasPrefix(told) == true, "\(problems)")
        await cluster.stop()
    }
}
