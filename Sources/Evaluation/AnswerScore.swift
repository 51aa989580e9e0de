import Tokenizers

/// How well a predicted answer fits the true ones: exact match and F1 over words, the best over all
/// of them.
///
/// Before the comparison, texts are lower-cased, ASCII punctuation and the articles a, an, the are
/// removed, and white space becomes single spaces.
///
/// Source: Rajpurkar et al. 2016, §6.1.
public struct AnswerScore: Equatable, Sendable {
    /// 1 where the texts are the same after that, else 0.
    public var exact: Double
    /// Harmonic mean of precision and recall over words, with their multiplicity.
    public var f1: Double

    /// Compares `prediction` with each of `answers`; both scores are 0 without any.
    public init(_ prediction: String, answers: [String]) {
        exact = 0
        f1 = 0
        let words = Self.words(prediction)
        for answer in answers {
            let wanted = Self.words(answer)
            exact = max(exact, words == wanted ? 1 : 0)
            f1 = max(f1, Self.f1(words, wanted))
        }
    }

    private static func f1(_ words: [String], _ wanted: [String]) -> Double {
        // Without a word on one side nothing is shared, unless both are empty.
        if words.isEmpty || wanted.isEmpty { return words == wanted ? 1 : 0 }
        var left: [String: Int] = [:]
        for word in wanted { left[word, default: 0] += 1 }
        var shared = 0
        for word in words where left[word, default: 0] > 0 {
            left[word, default: 0] -= 1
            shared += 1
        }
        guard shared > 0 else { return 0 }
        let precision = Double(shared) / Double(words.count)
        let recall = Double(shared) / Double(wanted.count)
        return 2 * precision * recall / (precision + recall)
    }

    /// The words that count.
    static func words(_ text: String) -> [String] {
        let kept = PythonLowercase.lowercased(text).unicodeScalars.filter { !isPunctuation($0) }
        return kept.split { $0.properties.isWhitespace }.map { String($0) }
            .filter { !["a", "an", "the"].contains($0) }
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }
}
