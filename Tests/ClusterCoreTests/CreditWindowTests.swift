import ClusterCore
import TestSupport
import Testing

@Suite struct CreditWindowTests {
    @Test func `a message larger than the credit waits and takes nothing`() {
        var window = CreditWindow(granted: 10)
        #expect(window.take(11) == false)
        #expect(window.available == 10)
        #expect(window.take(10) == true)
        #expect(window.take(1) == false)
    }

    @Test func `bytes the receiver took may be sent again`() {
        var window = CreditWindow(granted: 10)
        #expect(window.take(7) == true)
        window.grant(7)
        #expect(window.available == 10)
    }

    /// Credit that comes back for bytes sent before the window was renewed must not widen it.
    @Test func `credit beyond the first grant is not taken`() {
        var window = CreditWindow(granted: 10)
        #expect(window.take(4) == true)
        window.grant(4)
        window.grant(4)
        #expect(window.available == 10)
    }

    /// Credit for chunks that were lost with their connection never comes.
    @Test func `a renewed window is as wide as at first`() {
        var window = CreditWindow(granted: 10)
        #expect(window.take(9) == true)
        window.renew()
        #expect(window.available == 10)
        window.grant(9)
        #expect(window.available == 10)
    }

    @Test func `bytes under way never exceed the grant whatever comes back`() {
        for seed in 0..<50 as Range<UInt64> {
            var dice = Dice(seed: seed)
            let granted = dice.below(1000)
            var window = CreditWindow(granted: granted)
            for _ in 0..<200 {
                if dice.once(in: 2) {
                    let before = window.available
                    let bytes = dice.below(granted + 2)
                    #expect(window.take(bytes) == (bytes <= before))
                } else {
                    window.grant(dice.below(granted + 1))
                }
                #expect((0...granted).contains(window.available), "seed \(seed)")
            }
        }
    }
}
