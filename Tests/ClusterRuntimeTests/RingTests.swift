import Base
import ClusterCore
import ClusterRuntime
import Foundation
import Testing
import Training

/// Operations of all ranks over real sockets, against plain sums.
@Suite(.timeLimit(.minutes(2)))
struct RingTests {
    private static let worlds = [2, 3, 4]

    @Test(arguments: worlds)
    func `a sum of any length is the plain sum, with the same bits on every rank`(
        world: Int
    ) throws {
        // One float, fewer than ranks, the short form to its last float, one more, uneven parts.
        for count in [1, 2, 3, 1_000, 16_384, 16_385, 100_003, 700_001] {
            let ring = try RingWorld(world)
            defer { ring.close() }
            let sums = try ring.onEveryRank { group in
                var values = gradient(of: group.rank, count: count)
                try group.allReduce(&values)
                return values
            }
            #expect(largestError(sums[0], plainSum(world, count: count)) < 1e-6, "\(count)")
            for sum in sums { #expect(sum == sums[0], "\(count)") }
        }
    }

    @Test(arguments: worlds, [false, true])
    func `rows are gathered in the order of ranks, whatever each has`(
        world: Int, isEven: Bool
    ) throws {
        let ring = try RingWorld(world)
        defer { ring.close() }
        let counts = (0..<world).map { isEven ? 7 : [5, 0, 900, 1][$0] }
        let width = 72
        let gathered = try ring.onEveryRank { group in
            try group.allGather(
                rows: gradient(of: group.rank, count: counts[group.rank] * width), width: width)
        }
        let expected = counts.enumerated().flatMap { gradient(of: $0, count: $1 * width) }
        for rows in gathered {
            #expect(rows.counts == counts)
            #expect(rows.values == expected)
        }
        #expect(gathered[0].rows(of: 1) == counts[0]..<counts[0] + counts[1])
    }

    @Test(arguments: worlds, [false, true])
    func `each owner gets the sum for its rows, added in the order of ranks`(
        world: Int, isEven: Bool
    ) throws {
        let ring = try RingWorld(world)
        defer { ring.close() }
        let counts = (0..<world).map { isEven ? 7 : [5, 0, 900, 1][$0] }
        let width = 72
        let total = counts.reduce(0, +) * width
        let parts = try ring.onEveryRank { group in
            try group.reduceScatter(
                rows: gradient(of: group.rank, count: total), counts: counts, width: width)
        }
        var expected = [Float](repeating: 0, count: total)
        for rank in 0..<world {
            for (index, value) in gradient(of: rank, count: total).enumerated() {
                expected[index] += value
            }
        }
        #expect(parts.map(\.count) == counts.map { $0 * width })
        #expect(Array(parts.joined()) == expected)
    }

    @Test(arguments: worlds)
    func `bytes and barriers`(world: Int) throws {
        let ring = try RingWorld(world)
        defer { ring.close() }
        let texts = try ring.onEveryRank { group in
            try group.barrier()
            let told = try group.allGather(bytes: Array("rank \(group.rank)".utf8))
            let all = try group.allGather(bytes: Array(repeating: 7, count: group.rank * 70_000))
            #expect(all.map(\.count) == (0..<world).map { $0 * 70_000 })
            return told.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(texts == (0..<world).map { _ in (0..<world).map { "rank \($0)" } })
    }

    @Test(arguments: worlds)
    func `buckets of a gradient are summed while others are still being made`(
        world: Int
    ) throws {
        let ring = try RingWorld(world)
        defer { ring.close() }
        let count = 300_000
        let sums = try ring.onEveryRank { group in
            var values = gradient(of: group.rank, count: count)
            try values.withUnsafeMutableBufferPointer { buffer in
                var buckets = GradientBuckets(buffer, over: group, bucketCount: 40_000)
                // The last rank has no backward pass; others report out of order.
                if group.rank < world - 1 {
                    try buckets.finished(200_000..<300_000)
                    try buckets.finished(0..<10_000)
                    try buckets.finished(100_000..<200_000)
                }
                try buckets.finish()
            }
            return values
        }
        #expect(largestError(sums[0], plainSum(world, count: count)) < 1e-6)
        for sum in sums { #expect(sum == sums[0]) }
    }

    @Test func `a sum has the same bits in every run of the same world`() throws {
        let runs = try (0..<2).map { _ in
            let ring = try RingWorld(4)
            defer { ring.close() }
            return try ring.onEveryRank { group in
                var values = gradient(of: group.rank, count: 123_457)
                try group.allReduce(&values)
                return values.map(\.bitPattern)
            }
        }
        #expect(runs[0] == runs[1])
    }

    @Test(arguments: [RingSecurity.localOnly, .keys])
    func `a ring works over tcp, plain and with keys`(security: RingSecurity) throws {
        let ring = try RingWorld(3, overTCP: true, security: security)
        defer { ring.close() }
        let sums = try ring.onEveryRank { group in
            var values = gradient(of: group.rank, count: 200_000)
            try group.allReduce(&values)
            return values
        }
        #expect(largestError(sums[0], plainSum(3, count: 200_000)) < 1e-6)
        for sum in sums { #expect(sum == sums[0]) }
    }

    @Test func `a ring is not open to other hosts unless that is asked for`() {
        #expect(throws: TransportError.openEndpoint(endpoint: "tcp://0.0.0.0:0")) {
            _ = try RingListener(endpoints: ["tcp://0.0.0.0:0"])
        }
    }
}

/// What a ring does when ranks differ, stop or go.
@Suite(.timeLimit(.minutes(2)))
struct RingFaultTests {
    @Test func `another count is named with both sides`() throws {
        let ring = try RingWorld(2)
        defer { ring.close() }
        let outcomes = ring.outcomes { group in
            var values = gradient(of: group.rank, count: 100_000 + group.rank)
            try group.allReduce(&values)
        }
        for (rank, outcome) in outcomes.enumerated() {
            let sides = (0..<2).map { side in
                CollectiveSide(
                    rank: side,
                    operation: CollectiveOperation(
                        run: "run", generation: 1, sequence: 1, kind: .allReduce,
                        element: .float32, count: UInt64(100_000 + side)))
            }
            #expect(
                throws: CollectiveError.mismatch(ours: sides[rank], theirs: sides[1 - rank])
            ) { try outcome.get() }
        }
    }

    @Test func `ranks of worlds of other sizes are named with both`() throws {
        let folder = NSTemporaryDirectory() + "ring-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let listeners = try (0..<2).map {
            try RingListener(endpoints: ["ipc://\(folder)/\($0)"])
        }
        // The second rank was told of a third one.
        let groups = try listeners.enumerated().map { rank, listener in
            try RingGroup(
                RingPlace(
                    run: "run", generation: 1, rank: rank,
                    names: (0..<2 + rank).map { "trainer-\($0 + 1)" }),
                listener: listener, next: listeners[1 - rank].address)
        }
        defer { for group in groups { group.close() } }
        let texts = Locked([String]())
        DispatchQueue.concurrentPerform(iterations: 2) { rank in
            let error = #expect(throws: CollectiveError.self) {
                _ = try groups[rank].allGather(rows: [1, 2], width: 2)
            }
            texts.withLock { $0.append(error?.description ?? "") }
        }
        for text in texts.withLock({ $0 }) {
            #expect(text.contains("gatherCounts of 2 integer64"), "\(text)")
            #expect(text.contains("gatherCounts of 3 integer64"), "\(text)")
        }
    }

    @Test func `another operation is named with both sides`() throws {
        let ring = try RingWorld(2)
        defer { ring.close() }
        let outcomes = ring.outcomes { group in
            if group.rank == 0 {
                var values = gradient(of: 0, count: 2)
                try group.allReduce(&values)
            } else {
                _ = try group.allGather(rows: [1, 2], width: 2)
            }
        }
        for outcome in outcomes {
            let error = #expect(throws: CollectiveError.self) { try outcome.get() }
            let text = error?.description ?? ""
            #expect(text.contains("allReduce of 2 float32"))
            #expect(text.contains("gatherCounts of 2 integer64"))
            #expect(text.contains("rank 0") && text.contains("rank 1"))
        }
    }

    @Test func `another width, generation or run is a mismatch too`() throws {
        let ring = try RingWorld(2)
        defer { ring.close() }
        let outcomes = ring.outcomes { group in
            _ = try group.allGather(rows: [1, 2, 3, 4], width: group.rank == 0 ? 2 : 4)
        }
        for outcome in outcomes {
            let error = #expect(throws: CollectiveError.self) { try outcome.get() }
            guard case .mismatch = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test func `an abort ends an operation that waits, and those after it`() throws {
        let ring = try RingWorld(3)
        defer { ring.close() }
        let expected = CollectiveError.aborted(by: "rank 2 (trainer-3)", reason: "it was killed")
        let aborter = Thread {
            usleep(100_000)
            for group in ring.groups {
                group.abort(by: "rank 2 (trainer-3)", reason: "it was killed")
            }
        }
        aborter.start()
        let first = Locked([Int: CollectiveError]())
        let outcomes = ring.outcomes { group in
            // Rank 2 never comes.
            if group.rank == 2 { return }
            var values = gradient(of: group.rank, count: 1_000_000)
            let error = #expect(throws: CollectiveError.self) { try group.allReduce(&values) }
            first.withLock { $0[group.rank] = error }
            try group.barrier()
        }
        // One rank is told before the others, whose connection to it may then end first.
        let reasons = first.withLock { $0 }
        #expect(reasons.values.contains(expected), "\(reasons)")
        for (rank, outcome) in outcomes.enumerated().prefix(2) {
            let reason = try #require(reasons[rank])
            guard case .aborted = reason else {
                Issue.record("rank \(rank): \(reason)")
                continue
            }
            #expect(throws: reason) { try outcome.get() }
        }
    }

    @Test func `a rank whose neighbour goes away notices at once`() throws {
        let notices = Locked([Int: String]())
        let ring = try RingWorld(2) { rank, reason in notices.withLock { $0[rank] = reason } }
        defer { ring.close() }
        _ = try ring.onEveryRank { try $0.barrier() }
        let outcomes = ring.outcomes { group in
            if group.rank == 1 {
                (group as? RingGroup)?.close()
                return
            }
            var values = gradient(of: 0, count: 1_000_000)
            try group.allReduce(&values)
        }
        #expect(
            throws: CollectiveError.aborted(
                by: "rank 1 (trainer-2)",
                reason: "its connection to rank 0 (trainer-1) ended")
        ) { try outcomes[0].get() }
        #expect(
            notices.withLock { $0[0] }
                == "rank 1 (trainer-2): its connection to rank 0 (trainer-1) ended")
    }

    @Test func `a rank that does not come is named after the deadline`() throws {
        var settings = RingSettings()
        settings.deadline = .milliseconds(300)
        let ring = try RingWorld(2, settings: settings)
        defer { ring.close() }
        let outcomes = ring.outcomes { group in
            if group.rank == 1 { return }
            try group.barrier()
        }
        let error = #expect(throws: CollectiveError.self) { try outcomes[0].get() }
        guard case .deadline(_, waitingFor: 1, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `rows that have no such shape are refused before anything is sent`() throws {
        let ring = try RingWorld(2)
        defer { ring.close() }
        #expect(throws: CollectiveError.shape(expected: 3, found: 4, of: .gatherRows)) {
            _ = try ring.groups[0].allGather(rows: [1, 2, 3, 4], width: 3)
        }
        #expect(throws: CollectiveError.shape(expected: 6, found: 4, of: .reduceScatter)) {
            _ = try ring.groups[0].reduceScatter(rows: [1, 2, 3, 4], counts: [1, 1], width: 3)
        }
    }
}
