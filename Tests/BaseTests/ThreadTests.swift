import Base
import Testing

struct ThreadTests {
    @Test func `each share runs once, and all have ended at the return`() {
        for count in [0, 1, 2, 9] {
            let runs = Locked([Int](repeating: 0, count: max(1, count)))
            Threads.run(count: count) { share in runs.withLock { $0[share] += 1 } }
            #expect(runs.withLock { $0 } == [Int](repeating: 1, count: max(1, count)))
        }
    }

    @Test func `results come in the order of their ranges`() {
        for (count, threads) in [(0, 3), (1, 3), (10, 1), (10, 3), (1000, 7)] {
            let ranges = Threads.map(count: count, threads: threads) { $0 }
            #expect(ranges.flatMap { Array($0) } == Array(0..<count))
            #expect(ranges.count == max(1, min(threads, count)))
        }
    }

    @Test func `a thread is started, knows itself and is joined`() throws {
        let seen = Locked(false)
        let thread = try Threads.start(stackBytes: 1 << 20, withoutSignals: true) {
            seen.withLock { $0 = Threads.Running.current.isCurrent }
        }
        #expect(!thread.isCurrent)
        thread.join()
        #expect(seen.withLock { $0 })
    }
}
