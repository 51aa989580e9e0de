import Foundation
import Testing

@testable import Tokenizers

/// The reference's classes of all 1,112,064 scalars, against those made from the standard library.
///
/// The standard library's tables are newer. The age of a scalar hides what came later; the list
/// below is what only a look at the scalar itself can set right.
struct UnicodeTests {
    struct Classes: Decodable {
        var control: [[UInt32]]
        var space: [[UInt32]]
        var punctuation: [[UInt32]]
        var mark: [[UInt32]]
        var chinese: [[UInt32]]
        var letter: [[UInt32]]
        var number: [[UInt32]]
        var lowercase: [String: String]
        var decomposition: [String: String]
    }

    static func classes() throws -> Classes {
        let url = Fixtures.repository.appendingPathComponent("tokenizer/unicode.json")
        return try JSONDecoder().decode(Classes.self, from: Data(contentsOf: url))
    }

    private func expand(_ ranges: [[UInt32]]) -> Set<UInt32> {
        Set(ranges.flatMap { $0[0]...$0[1] })
    }

    private func members(_ predicate: (Unicode.Scalar) -> Bool) -> Set<UInt32> {
        Set((UInt32(0)...0x10FFFF).filter { Unicode.Scalar($0).map(predicate) ?? false })
    }

    @Test func `classes of scalars are the reference's`() throws {
        let classes = try Self.classes()
        #expect(members(ScalarRules.isControl) == expand(classes.control))
        #expect(members(ScalarRules.isWhitespace) == expand(classes.space))
        #expect(members(ScalarRules.isPunctuation) == expand(classes.punctuation))
        #expect(members(ScalarRules.isNonspacingMark) == expand(classes.mark))
        #expect(members { ScalarRules.isChinese($0.value) } == expand(classes.chinese))
        #expect(members(ScalarRules.isLetter) == expand(classes.letter))
        #expect(members(ScalarRules.isNumber) == expand(classes.number))
    }

    /// Scalars whose category changed after version 8, so that their age does not tell.
    @Test func `the scalars that changed their category are these`() {
        func category(_ scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
            scalar.properties.generalCategory
        }
        let marks = members {
            ScalarRules.isNonspacingMark($0)
                != (category($0) == .nonspacingMark && ScalarRules.isOf(version: 8, $0))
        }
        #expect(marks == [0x1734, 0x1885, 0x1886, 0xA9BD, 0x1171E, 0x111C9])
        let punctuation: Set<Unicode.GeneralCategory> = [
            .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation,
        ]
        let signs = members {
            $0.value >= 0x80
                && ScalarRules.isPunctuation($0)
                    != (punctuation.contains(category($0)) && ScalarRules.isOf(version: 8, $0))
        }
        #expect(signs == [0x166D, 0x111C9])
    }

    @Test func `lower case is the reference's`() throws {
        var expected: [UInt32: [UInt32]] = [:]
        for (value, lower) in try Self.classes().lowercase {
            expected[try #require(UInt32(value))] = lower.unicodeScalars.map(\.value)
        }
        var found: [UInt32: [UInt32]] = [:]
        for value in UInt32(0)...0x10FFFF where Unicode.Scalar(value) != nil {
            var text = AlignedText()
            text.append(value, origin: 0)
            let lower = text.lowercased().scalars
            if lower != [value] { found[value] = lower }
        }
        #expect(found == expected)
    }

    @Test func `canonical decomposition is the reference's, and Foundation's but for one`() throws {
        var differences: [UInt32] = []
        var found: [UInt32: [UInt32]] = [:]
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            var parts: [UInt32] = []
            Decomposition.append(value, to: &parts)
            #expect(Decomposition.changes(value) == (parts != [value]))
            if parts != [value] { found[value] = parts }
            // Foundation decomposes whole strings; the rest of the planes cannot change.
            if value < 0x30000 {
                let text = String(scalar).decomposedStringWithCanonicalMapping
                if text.unicodeScalars.map(\.value) != parts { differences.append(value) }
            }
        }
        #expect(differences == [0x11938])
        for (value, decomposition) in try Self.classes().decomposition {
            let value = try #require(UInt32(value))
            #expect(found[value] == decomposition.unicodeScalars.map(\.value))
        }
    }
}
