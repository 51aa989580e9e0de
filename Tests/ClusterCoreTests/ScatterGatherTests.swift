import ClusterCore
import Testing

@Suite struct ScatterGatherTests {
    private let a = worker("a")
    private let b = worker("b")
    private let zero = ShardNumber(0)
    private let one = ShardNumber(1)
    private let two = ShardNumber(2)

    private func search(
        _ rows: [ShardNumber: UInt64], _ holders: [ShardNumber: [WorkerID]],
        isPatient: Bool = false
    ) -> ScatterGather {
        ScatterGather(rows: rows, holders: holders, isPatient: isPatient, deadline: at(1))
    }

    private func coverage(_ shards: UInt32, of total: UInt32, rows: UInt64, of all: UInt64)
        -> Coverage
    {
        Coverage(shardsTotal: total, shardsAnswered: shards, rowsTotal: all, rowsAnswered: rows)
    }

    @Test func `each worker is asked once for all the shards it is the best holder of`() {
        var search = search([zero: 5, one: 6, two: 7], [zero: [a, b], one: [b], two: [a]])
        #expect(
            search.start() == [
                .send(a, request: 1, shards: [zero, two]), .send(b, request: 2, shards: [one]),
            ])
        #expect(search.worker(of: 1) == a && search.worker(of: 2) == b)
    }

    @Test func `a search ends with its last answer`() {
        var search = search([zero: 5, one: 6], [zero: [a], one: [b]])
        _ = search.start()
        #expect(search.answered(1, shards: [zero]) == [])
        #expect(search.answered(2, shards: [one]) == [.finish])
        #expect(search.coverage == coverage(2, of: 2, rows: 11, of: 11))
    }

    @Test func `a search of nothing ends at once`() {
        var search = search([:], [:])
        #expect(search.start() == [.finish])
        #expect(search.coverage == Coverage())
    }

    // MARK: Invariant 1: each holder once per shard

    @Test func `when a worker fails the next holder is asked`() {
        var search = search([zero: 5], [zero: [a, b]])
        _ = search.start()
        #expect(search.failed(a) == [.send(b, request: 2, shards: [zero])])
        #expect(search.failed(b) == [.finish])
        #expect(search.coverage == coverage(0, of: 1, rows: 0, of: 5))
    }

    @Test func `a worker that has failed is not asked for other shards later`() {
        var search = search([zero: 5, one: 6], [zero: [a], one: [b, a]])
        _ = search.start()
        #expect(search.failed(a) == [])
        #expect(search.failed(b) == [.finish])
        #expect(search.coverage == coverage(0, of: 2, rows: 0, of: 11))
    }

    @Test func `a shard that its worker does not name is asked of the next holder`() {
        var search = search([zero: 5, one: 6], [zero: [a], one: [a, b]])
        _ = search.start()
        #expect(
            search.answered(1, shards: [zero]) == [.send(b, request: 2, shards: [one])])
        #expect(search.answered(2, shards: [one]) == [.finish])
        #expect(search.coverage == coverage(2, of: 2, rows: 11, of: 11))
    }

    @Test func `an answer that comes after its worker was given up counts for nothing`() {
        var search = search([zero: 5], [zero: [a, b]])
        _ = search.start()
        _ = search.failed(a)
        #expect(search.answered(1, shards: [zero]) == [])
        #expect(search.coverage.shardsAnswered == 0)
        #expect(search.answered(2, shards: [zero]) == [.finish])
        #expect(search.coverage == coverage(1, of: 1, rows: 5, of: 5))
    }

    @Test func `the first of two requests to a worker does not answer for the second`() {
        var search = search([zero: 5, one: 6], [zero: [a], one: [b, a]])
        _ = search.start()
        #expect(search.failed(b) == [.send(a, request: 3, shards: [one])])
        #expect(search.answered(1, shards: [zero, one]) == [])
        #expect(!search.expects(1) && search.expects(3))
        #expect(search.answered(3, shards: [one]) == [.finish])
    }

    @Test func `the failure of a worker nobody asked changes nothing`() {
        var search = search([zero: 5], [zero: [a]])
        _ = search.start()
        #expect(search.failed(b) == [])
        #expect(search.expects(1) && search.worker(of: 1) == a)
    }

    // MARK: Invariant 2: the end

    @Test func `a shard nobody holds is missing from the start`() {
        var search = search([zero: 5, one: 6], [zero: [a]])
        #expect(search.start() == [.send(a, request: 1, shards: [zero])])
        #expect(search.answered(1, shards: [zero]) == [.finish])
        #expect(search.coverage == coverage(1, of: 2, rows: 5, of: 11))
    }

    @Test func `at the deadline waiting ends and late workers are told so`() {
        var search = search([zero: 5, one: 6], [zero: [a], one: [b]])
        _ = search.start()
        _ = search.answered(1, shards: [zero])
        #expect(search.tick(now: Instant(nanoseconds: 999_999_999)) == [])
        #expect(search.tick(now: at(1)) == [.cancel(b, request: 2), .finish])
        #expect(search.coverage == coverage(1, of: 2, rows: 5, of: 11))
    }

    @Test func `after the end nothing happens any more`() {
        var search = search([zero: 5], [zero: [a, b]])
        _ = search.start()
        _ = search.tick(now: at(1))
        #expect(search.answered(1, shards: [zero]) == [])
        #expect(search.failed(a) == [])
        #expect(search.held(by: [zero: [b]]) == [])
        #expect(search.tick(now: at(2)) == [])
        #expect(search.coverage.shardsAnswered == 0)
    }

    // MARK: Invariant 3: coverage

    @Test func `a shard without rows is answered from the start`() {
        var search = search([zero: 0, one: 6], [one: [a]])
        #expect(search.start() == [.send(a, request: 1, shards: [one])])
        #expect(search.coverage == coverage(1, of: 2, rows: 0, of: 6))
    }

    @Test func `shards a worker names without being asked do not count`() {
        var search = search([zero: 5, one: 6], [zero: [a], one: [b]])
        _ = search.start()
        _ = search.answered(1, shards: [zero, one, two])
        #expect(search.coverage == coverage(1, of: 2, rows: 5, of: 11))
    }

    // MARK: Which answers count

    /// A worker merges the hits of its shards, so an answer is taken whole or not at all.
    @Test func `an answer is expected until its worker answered, was given up, or time is up`() {
        var search = search([zero: 5, one: 6], [zero: [a, b], one: [b]])
        _ = search.start()
        #expect(search.expects(1) && search.worker(of: 1) == a)
        #expect(search.expects(2) && search.worker(of: 2) == b)
        _ = search.failed(a)
        #expect(!search.expects(1))
        #expect(search.expects(3) && search.worker(of: 3) == b)
        _ = search.answered(3, shards: [zero])
        #expect(!search.expects(3))
        #expect(search.expects(2))
        _ = search.tick(now: at(1))
        #expect(!search.expects(2))
    }

    // MARK: What comes back

    @Test func `a patient search waits for a shard whose worker is away`() {
        var search = search([zero: 5, one: 6], [zero: [a], one: [b]], isPatient: true)
        _ = search.start()
        #expect(search.failed(b) == [])
        #expect(search.answered(1, shards: [zero]) == [], "the other shard is waited for")
        let reborn = worker("b", life: 2)
        #expect(
            search.held(by: [zero: [a], one: [reborn]])
                == [.send(reborn, request: 3, shards: [one])])
        #expect(search.answered(3, shards: [one]) == [.finish])
        #expect(search.coverage == coverage(2, of: 2, rows: 11, of: 11))
    }

    @Test func `a patient search begins without any holder`() {
        var search = search([zero: 5], [:], isPatient: true)
        #expect(search.start() == [])
        #expect(search.held(by: [zero: [a]]) == [.send(a, request: 1, shards: [zero])])
    }

    @Test func `a worker that was away is asked again, and its former answer counts for nothing`() {
        var search = search([zero: 5, one: 6], [zero: [a], one: [a]], isPatient: true)
        _ = search.start()
        #expect(search.failed(a) == [])
        #expect(search.held(by: [zero: [b]]) == [.send(b, request: 2, shards: [zero])])
        #expect(
            search.held(by: [zero: [b, a], one: [a]]) == [.send(a, request: 3, shards: [one])])
        #expect(search.answered(1, shards: [zero, one]) == [])
        #expect(search.answered(3, shards: [one]) == [])
        #expect(search.answered(2, shards: [zero]) == [.finish])
    }

    @Test func `what is lost is not waited for, and with it nothing else`() {
        var search = search([zero: 5, one: 6, two: 7], [zero: [a]], isPatient: true)
        #expect(search.start() == [.send(a, request: 1, shards: [zero])])
        #expect(search.held(by: [zero: [a]], lost: [one]) == [], "who is asked may answer")
        #expect(search.answered(1, shards: [zero]) == [.finish])
        #expect(search.coverage == coverage(1, of: 3, rows: 5, of: 18))
    }

    @Test func `a search of what is lost from the start ends at once`() {
        var search = search([zero: 5], [:], isPatient: true)
        #expect(search.start(lost: [zero]) == [.finish])
    }

    @Test func `a shard that all its holders refuse is not waited for`() {
        var search = search([zero: 5], [zero: [a, b]], isPatient: true)
        _ = search.start()
        #expect(search.answered(1, shards: []) == [.send(b, request: 2, shards: [zero])])
        #expect(search.answered(2, shards: []) == [.finish])
    }

    /// The shard has moved: whoever refused it has lost it, and another loads it.
    @Test func `a shard whose holder has given it away is waited for`() {
        var search = search([zero: 5], [zero: [a]], isPatient: true)
        _ = search.start()
        #expect(search.held(by: [:]) == [])
        #expect(search.answered(1, shards: []) == [])
        #expect(search.held(by: [zero: [b]]) == [.send(b, request: 2, shards: [zero])])
    }

    @Test func `a patient search ends at its deadline all the same`() {
        var search = search([zero: 5], [:], isPatient: true)
        _ = search.start()
        #expect(search.tick(now: at(1)) == [.finish])
        #expect(search.coverage == coverage(0, of: 1, rows: 0, of: 5))
    }
}
