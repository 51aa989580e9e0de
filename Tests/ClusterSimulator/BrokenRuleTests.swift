import ClusterCore
import Testing

/// Whether the simulator sees a machine that breaks a rule: one that cannot fail proves nothing.
@Suite struct BrokenRuleTests {
    /// Seeds within which a broken rule must be seen.
    private static let seeds = 0..<1000 as Range<UInt64>

    @Test(arguments: ProtocolRule.allCases)
    func `a machine that breaks a rule is found`(rule: ProtocolRule) {
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
