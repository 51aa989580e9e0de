import ClusterCore
import Foundation
import Testing

/// Which seeds are run: 1000, as many as `SHEAF_SIMULATION_RUNS` says, or the one of
/// `SHEAF_SIMULATION_SEED`.
private enum Seeds {
    static let only = ProcessInfo.processInfo.environment["SHEAF_SIMULATION_SEED"]
        .flatMap { UInt64($0) }
    static let count =
        ProcessInfo.processInfo.environment["SHEAF_SIMULATION_RUNS"]
        .flatMap { UInt64($0) } ?? 1000
    /// Seeds in groups of ten: fewer lines of test output.
    static let groups: [ClosedRange<UInt64>] =
        only.map { [$0...$0] }
        ?? stride(from: 0, to: count, by: 10).map { $0...min($0 + 9, count - 1) }
}

@Suite struct ClusterSimulatorTests {
    /// The rules are in `Ledger` and at the end of `Simulation`.
    @Test(arguments: Seeds.groups)
    func `whatever fails, nothing is lost, nothing is doubled and the cluster recovers`(
        seeds: ClosedRange<UInt64>
    ) {
        for seed in seeds {
            let simulation = Simulation(seed: seed, isTold: Seeds.only != nil)
            guard let violation = simulation.run() else { continue }
            if Seeds.only != nil { print(simulation.transcript.joined(separator: "\n")) }
            Issue.record(
                """
                seed \(seed): \(violation), \(simulation.now.nanoseconds / 1_000_000) ms after the \
                start. See it happen with SHEAF_SIMULATION_SEED=\(seed).
                """)
        }
    }

    @Test func `every fault is caused and every hardship is come upon`() {
        var faults: Set<Fault> = []
        var sights: Set<Sight> = []
        for seed in 0..<1000 as Range<UInt64> {
            let simulation = Simulation(seed: seed)
            _ = simulation.run()
            faults.formUnion(simulation.caused)
            sights.formUnion(simulation.seen)
        }
        #expect(Fault.allCases.filter { !faults.contains($0) } == [])
        #expect(Sight.allCases.filter { !sights.contains($0) } == [])
    }

    @Test func `a seed runs the same way every time`() {
        for seed in 0..<10 as Range<UInt64> {
            let first = Simulation(seed: seed)
            let second = Simulation(seed: seed)
            #expect(first.run() == second.run())
            #expect(first.digest == second.digest)
            #expect(first.now == second.now)
        }
    }
}
