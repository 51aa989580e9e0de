import Foundation
import TestSupport
import Testing
import Tokenizers

@testable import Evaluation

struct AnswerMatcherTests {
    private static let given = ProcessInfo.processInfo.environment["SHEAF_ANSWER_MATCH"]

    /// Code points whose tables differ from those the expected values were made with: none so far.
    private static let newerTables: Set<Unicode.Scalar> = []

    private static func files(_ mode: String) throws -> [String] {
        guard let given else { return ["\(fixtures)/answers.\(mode).jsonl"] }
        return try FileManager.default.contentsOfDirectory(atPath: given)
            .filter { $0.hasPrefix(mode) && $0.hasSuffix(".jsonl") }.map { "\(given)/\($0)" }
    }

    @Test(arguments: ["string", "regex"])
    func `answers are found as DPR's evaluation finds them`(_ kind: String) throws {
        let mode: AnswerMode = kind == "string" ? .string : .expression
        var rows = 0
        for file in try Self.files(kind) {
            for row in try AnswerRow.read(file) {
                rows += 1
                if row.text.unicodeScalars.contains(where: Self.newerTables.contains) { continue }
                let matcher = AnswerMatcher(answers: row.answers, mode: mode)
                #expect(
                    matcher.matches(row.text) == row.hasAnswer,
                    "\(row.answers) in \(row.text.debugDescription)")
            }
        }
        #expect(rows > 0)
    }

    @Test func `case is folded one character to one, as Python's regex does`() throws {
        let known = Set(FullFolding.ranges.joined())
        var seen: Set<UInt32> = []
        for row in try AnswerRow.read("\(fixtures)/answers.folding.jsonl") {
            let matcher = AnswerMatcher(answers: row.answers, mode: .expression)
            #expect(
                matcher.matches(row.text) == row.hasAnswer,
                "\(row.answers[0].debugDescription) in \(row.text.debugDescription)")
            seen.formUnion(row.answers[0].unicodeScalars.map(\.value))
        }
        #expect(known.count == 104 && known.isSubset(of: seen))
        #expect(!AnswerMatcher(answers: ["fi"], mode: .expression).matches("the of\u{FB01}ce"))
        #expect(AnswerMatcher(answers: ["O\u{FB01}C"], mode: .expression).matches("o\u{FB01}ce"))
    }

    @Test func `a final sigma is told by what stands around it`() {
        func lower(_ word: String) -> String {
            var bytes: [UInt8] = []
            PythonLowercase.append(Array(word.unicodeScalars)[...], to: &bytes)
            return String(decoding: bytes, as: UTF8.self)
        }
        #expect(lower("ΟΔΟΣ") == "οδος")
        #expect(lower("ΣΟΦΟΣΣ") == "σοφοσς")
        #expect(lower("Σ") == "σ")
        #expect(lower("ΑΣ\u{301}") == "ας\u{301}")
        #expect(lower("ΑΣ\u{301}Β") == "ασ\u{301}β")
        #expect(lower("1Σ") == "1σ")
        #expect(lower("AΣ") == "aς")
        #expect(Array(lower("İ").unicodeScalars) == ["i", "\u{307}"])
        #expect(lower("ẞSS") == "ßss")
    }

    @Test func `words are joined across ASCII and beyond`() {
        #expect(AnswerTokens("naïveté Σa bΣ") == AnswerTokens("NAI\u{308}VETE\u{301} σA Bς"))
        #expect(AnswerTokens("aéb").contains(AnswerTokens("AÉB")))
        #expect(!AnswerTokens("aéb").contains(AnswerTokens("aé")))
        #expect(!AnswerTokens("éa").contains(AnswerTokens("a")))
        #expect(!AnswerTokens("a日").contains(AnswerTokens("a")))
        #expect(AnswerTokens("日-a").contains(AnswerTokens("- A")))
        #expect(AnswerTokens(" \u{0}\u{AD}").isEmpty)
    }

    /// The rule written the plain way: lists of strings, compared element by element.
    private static func plainTokens(_ text: String) -> [[Unicode.Scalar]] {
        var tokens: [[Unicode.Scalar]] = []
        var word: [Unicode.Scalar] = []
        func end() {
            if !word.isEmpty { tokens.append(word) }
            word = []
        }
        for scalar in text.decomposedStringWithCanonicalMapping.unicodeScalars {
            let category = scalar.properties.generalCategory
            if [
                .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
                .decimalNumber, .letterNumber, .otherNumber, .nonspacingMark, .spacingMark,
                .enclosingMark,
            ].contains(category) {
                word.append(scalar)
            } else {
                end()
                if ![
                    .spaceSeparator, .lineSeparator, .paragraphSeparator, .control, .format,
                    .surrogate, .privateUse, .unassigned,
                ].contains(category) {
                    tokens.append([scalar])
                }
            }
        }
        end()
        return tokens.map { token in
            token.flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) }
        }
    }

    @Test func `the fast search finds what the plain one finds`() {
        let pool = Array("ab AB12 .,-éÉe\u{301}\u{323}ÅKßİ日本한😀\u{AD}\n\u{0}ÂŸ".unicodeScalars)
        for seed: UInt64 in 0..<20_000 {
            var generator = Dice(seed: seed)
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...16, using: &generator) {
                text.append(pool.randomElement(using: &generator) ?? "a")
            }
            let scalars = Array(text)
            let start = Int.random(in: 0...scalars.count, using: &generator)
            let end = Int.random(in: start...min(scalars.count, start + 5), using: &generator)
            var part = String.UnicodeScalarView()
            part.append(contentsOf: scalars[start..<end])
            let answer = Bool.random(using: &generator) ? String(part) : String(part).uppercased()
            let words = Self.plainTokens(String(text))
            let wanted = Self.plainTokens(answer)
            let expected =
                words.count >= wanted.count
                && (0...words.count - wanted.count).contains {
                    Array(words[$0..<$0 + wanted.count]) == wanted
                }
            #expect(
                AnswerTokens(String(text)).contains(AnswerTokens(answer)) == expected,
                "seed \(seed)")
        }
    }

    @Test func `an expression that would never end is given up`() {
        let text = String(repeating: "a", count: 500) + "b"
        for pattern in ["(a+)+$", "(a|aa)+$", "(.*a){25}$", "^(a?){60}a{60}c"] {
            #expect(!AnswerMatcher(answers: [pattern], mode: .expression).matches(text))
        }
    }

    @Test func `a long text is searched to its end`() {
        let text = String(repeating: "word ", count: 20_000) + "forty-two"
        #expect(AnswerMatcher(answers: ["FORTY.TWO$"], mode: .expression).matches(text))
        #expect(AnswerMatcher(answers: ["Forty - Two"]).matches(text))
    }

    @Test func `the head of a group stays as it is`() {
        for group in ["(?<=a)", "(?<!a)", "(?=a)", "(?!a)", "(?:a)", "(?>a)", "(?i:a)", "(?#a)"] {
            #expect(PythonExpression.translate(group + "b") == group + "b")
        }
        #expect(AnswerMatcher(answers: ["(?<=a)b"], mode: .expression).matches("ab"))
        #expect(!AnswerMatcher(answers: ["(?<!a)b"], mode: .expression).matches("ab"))
    }

    @Test func `an invalid expression matches nothing, and a valid one beside it still does`() {
        let matcher = AnswerMatcher(answers: ["(", "\\e", "b+"], mode: .expression)
        #expect(matcher.matches("abc"))
        #expect(!matcher.matches("x ( \u{1B}"))
    }
}
