import Base
import ClusterCore
import Foundation
import TestSupport
import Testing
import Training
import WireFuzz

@testable import ClusterRuntime

/// A real rank of a training, over real sockets, and a coordinator and neighbours whose numbers
/// lie.
@Suite(.serialized) struct HostileRankTests {
    /// The heap is the program's.
    init() { HeapPolicy.set() }

    @Test func `a rank outlives a training coordinator with hostile numbers`() async throws {
        let folder = try TemporaryFolder()
        try await HostileTrial.expectBounded("rank") { seed, count in
            let endpoint = "ipc://\(folder.path)/control-\(seed)"
            let isDone = Locked(false)
            let rank = Task {
                try await HostileTrial.detached {
                    var lives = 0
                    while !isDone.withLock({ $0 }) {
                        lives += 1
                        Self.live(endpoint) { isDone.withLock { $0 } }
                    }
                    return lives
                }
            }
            var run = HostileRun(seed: seed)
            run.known = [
                "names": ["trainer-1", "other"],
                "endpoints": [
                    "ipc://\(folder.path)/nowhere", "tcp://127.0.0.1:1", "inproc://x", "x",
                ],
            ]
            let hostile = run
            let summary = try await HostileTrial.detached {
                try hostile.againstRank(at: endpoint, messages: count)
            }
            isDone.withLock { $0 = true }
            #expect(summary.sent >= count && summary.alwaysAnswered)
            #expect(try await rank.value > 0)
        }
    }

    /// Joins worlds, and does its part there, until the link is of no more use.
    private static func live(_ endpoint: String, isDone: () -> Bool) {
        var options = TrainerOptions(coordinator: endpoint, name: "trainer-1")
        options.patience = .seconds(5)
        options.settings.deadline = .milliseconds(20)
        guard let link = try? TrainerLink(options) else { return }
        defer { link.close() }
        do {
            _ = try link.plan()
            while !isDone(), !link.isStopping {
                let facts = [TrainerFact(name: "a", value: "b")]
                guard let group = try link.join(facts: facts) else { return }
                var values: [Float] = [1, 2, 3]
                do throws(CollectiveError) {
                    try group.allReduce(&values)
                    _ = try group.allGather(bytes: [1])
                } catch {
                    link.leave(group, reason: error.description)
                    continue
                }
                link.report(step: 1) { _ in "{}" }
                try link.finish(group, report: "{}", isInterrupted: false)
            }
        } catch {}
    }

    @Test func `a ring outlives a neighbour with hostile numbers`() async throws {
        // Each message but the first few ends a ring, and so takes a ring of its own.
        try await HostileTrial.expectBounded("ring", share: 500) { seed, count in
            let folder = try TemporaryFolder()
            let path = folder.path
            try await HostileTrial.detached {
                var dice = MessageDice(seed: seed, schema: try ProtoSchema.ours.get())
                dice.known["run"] = ["run"]
                dice.knownNumbers = [
                    "generation": [1], "sequence": [1, 2], "kind": [1, 2, 3, 5],
                    "element": [1, 2, 3],
                    "count": [2, 4], "width": [1, 4], "rank": [1], "step": [0], "offset": [0, 8],
                ]
                var sent = 0
                while sent < count {
                    let messages = 1 + dice.dice.below(4)
                    try Self.ring(path, sent, messages, &dice)
                    sent += messages
                }
            }
        }
    }

    /// One ring of two, of which the other is hostile.
    private static func ring(
        _ folder: String, _ number: Int, _ messages: Int, _ dice: inout MessageDice
    ) throws {
        var settings = RingSettings()
        settings.deadline = .milliseconds(50)
        let own = "ipc://\(folder)/\(number)"
        let listener = try RingListener(endpoints: [own], settings: settings)
        let next = try RingListener(endpoints: [own + "-next"], settings: settings)
        let group = try RingGroup(
            RingPlace(run: "run", generation: 1, rank: 0, names: ["a", "b"]), listener: listener,
            next: next.address, settings: settings)
        defer { group.close() }
        HostileRun(seed: 0).pushAround(own, messages: messages, &dice)
        do throws(CollectiveError) {
            switch dice.dice.below(3) {
            case 0:
                // Whatever is said to be there has come.
                let all = try group.allGather(rows: [Float](repeating: 1, count: 8), width: 4)
                #expect(all.values.count == 4 * all.counts.reduce(0, +))
            case 1:
                let all = try group.allGather(bytes: [1, 2])
                #expect(all.count == 2 && all[0] == [1, 2])
            default:
                var values = [Float](repeating: 1, count: 64 << 10)
                try group.allReduce(&values)
            }
        } catch {
            #expect(!error.description.isEmpty)
        }
    }
}
