import TestSupport
import Testing

@testable import Tokenizers

/// Where characters of several scalars end.
struct ClusterBoundsTests {
    @Test func `the table's answers are the standard library's`() {
        var dice = Dice(seed: 12)
        let pool: [ClosedRange<UInt32>] = [
            0x20...0x7E, 0x300...0x36F, 0x600...0x6DF, 0x900...0x97F, 0xD00...0xDFF, 0xE00...0xEFF,
            0x1100...0x11FF, 0x200B...0x200F, 0xA960...0xA97F, 0xAC00...0xAC20, 0xD7B0...0xD7FF,
            0xFE00...0xFE0F, 0xFF9E...0xFF9F, 0x110B0...0x110CF, 0x11900...0x11941,
            0x1F1E6...0x1F1FF, 0x1F3FB...0x1F3FF, 0x1F468...0x1F469, 0xE0020...0xE007F, 0xA...0xD,
        ]
        for _ in 0..<3000 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<8 {
                let range = pool[dice.below(pool.count)]
                if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &dice)) {
                    scalars.append(scalar)
                }
            }
            let text = String(scalars)
            let bytes = Array(text.utf8)
            var ends: [Int] = []
            var start = 0
            while start < bytes.count {
                start = ClusterBounds.endOfCharacter(at: start, in: bytes.span)
                ends.append(start)
            }
            var expected: [Int] = []
            for character in text { expected.append((expected.last ?? 0) + character.utf8.count) }
            #expect(ends == expected, "\(text.debugDescription)")
        }
    }
}
