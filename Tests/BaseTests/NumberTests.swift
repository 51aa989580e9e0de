import Base
import Testing

struct NumberTests {
    /// Source: the reference `splitmix64.c` of Sebastiano Vigna, from the state 0.
    @Test func `SplitMix gives the numbers of its reference`() {
        var random = SplitMix(state: 0)
        #expect(
            (0..<3).map { _ in random.next() } == [
                0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F,
            ])
    }

    @Test func `numbers stay below their bound and a shuffle keeps what is in the list`() {
        var random = SplitMix(seed: 3, 1, 2)
        for bound in [1, 2, 7, 1 << 40] {
            for _ in 0..<100 { #expect(0..<bound ~= random.below(bound)) }
        }
        var list = Array(0..<50)
        random.shuffle(&list)
        #expect(list != Array(0..<50) && list.sorted() == Array(0..<50))
    }

    /// Source: test vectors of the authors, `test_fnv.c`.
    @Test(
        arguments: [
            ("", 0xCBF2_9CE4_8422_2325), ("a", 0xAF63_DC4C_8601_EC8C),
            ("foobar", 0x8594_4171_F739_67E8),
        ] as [(String, UInt64)])
    func `FNV gives the numbers of its authors`(text: String, number: UInt64) {
        var hash = FNV()
        hash.add(text.utf8)
        #expect(hash.value == number)
    }

    @Test func `hexadecimal digits`() {
        #expect(Hexadecimal.text([0x00, 0x0F, 0xA7, 0xFF]) == "000fa7ff")
        #expect("09afAF".utf8.map { Hexadecimal.value($0) } == [0, 9, 10, 15, 10, 15])
        #expect(":/@Gg`".utf8.allSatisfy { Hexadecimal.value($0) == nil })
        let digest = Hexadecimal.sha256("".utf8)
        #expect(digest.hasPrefix("e3b0c44298fc1c14") && Hexadecimal.isSHA256(digest.utf8))
        #expect(!Hexadecimal.isSHA256(digest.uppercased().utf8))
        #expect(!Hexadecimal.isSHA256(digest.dropLast().utf8))
    }

    @Test func `durations beyond what a number holds are the most it holds`() {
        #expect(Duration.milliseconds(1500).microseconds == 1_500_000)
        #expect(Duration.milliseconds(-1).microseconds == 0)
        #expect(Duration.seconds(Int64.max).microseconds == UInt64(Int64.max))
        #expect(Duration.seconds(Int64.min).nanoseconds == .min)
        #expect(Duration.nanoseconds(-7).nanoseconds == -7)
        #expect(Duration.milliseconds(250).seconds == 0.25)
    }
}
