import TestSupport
import Testing

/// The dice that all tests share.
struct DiceTests {
    @Test func `the numbers are those of the published generator`() {
        var dice = Dice(seed: 0)
        #expect(dice.next() == 0xE220_A839_7B1D_CDAF)
        #expect(dice.next() == 0x6E78_9E6A_A1B9_65F4)
        #expect(dice.next() == 0x06C4_5D18_8009_454F)
    }

    @Test func `numbers stay within their bounds and reach them`() {
        var dice = Dice(seed: 1)
        let numbers = (0..<1000).map { _ in dice.number(-2...3) }
        #expect(Set(numbers) == Set(-2...3))
        #expect(Set((0..<1000).map { _ in dice.below(4) }) == Set(0..<4))
        #expect(dice.pick([Int]()) == nil)
    }
}
