import ClusterCore
import Testing

/// Whether the simulator sees a worker that breaks a rule: one that cannot fail proves nothing.
///
/// The machine's own invariants are not asked then; what is seen is seen from outside, by the
/// ledger, the catalog and the disks.
@Suite struct BrokenWorkerTests {
    /// Seeds within which a broken rule must be seen.
    private static let seeds = 0..<1000 as Range<UInt64>

    @Test(arguments: [
        ProtocolRule.epochFence, .syncBeforePublish, .loadBeforeServe, .pinnedAnswer,
    ])
    func `a worker that breaks a rule is found`(rule: ProtocolRule) {
        let found = Self.seeds.lazy.compactMap { seed in
            Simulation(seed: seed, breaking: rule).run().map { (seed, $0) }
        }.first
        guard let (seed, violation) = found else {
            Issue.record("\(rule) is broken in \(Self.seeds.count) seeds, and nothing is seen")
            return
        }
        // It is the rule that is seen, and nothing else.
        #expect(Simulation(seed: seed).run() == nil)
        print("\(rule): seed \(seed): \(violation)")
    }
}
