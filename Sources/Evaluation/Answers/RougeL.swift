import Tokenizers

/// ROUGE-L: how long a sequence of words two texts share, in order but with gaps.
///
/// Words are runs of ASCII letters and digits after lower-casing, as in Google's `rouge_score`
/// without a stemmer. Source: Lin 2004, §3.
public struct RougeL: Equatable, Sendable {
    /// Shared words over those of the prediction.
    public var precision = 0.0
    /// Shared words over those of the reference.
    public var recall = 0.0
    /// Their harmonic mean.
    public var f1: Double {
        precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
    }

    /// Compares two texts; all values are 0 where one has no word.
    public init(_ prediction: String, reference: String) {
        let words = Self.words(prediction)
        let wanted = Self.words(reference)
        guard !words.isEmpty, !wanted.isEmpty else { return }
        let shared = Double(Self.longestCommon(words, wanted))
        precision = shared / Double(words.count)
        recall = shared / Double(wanted.count)
    }

    /// The best F1 over several references; 0 without any.
    public static func f1(_ prediction: String, references: [String]) -> Double {
        references.map { RougeL(prediction, reference: $0).f1 }.max() ?? 0
    }

    private static func words(_ text: String) -> [Substring.UTF8View] {
        Substring(PythonLowercase.lowercased(text)).utf8.split { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                false
            default: true
            }
        }
    }

    private static func longestCommon(
        _ one: [Substring.UTF8View], _ other: [Substring.UTF8View]
    ) -> Int {
        let one = one.map { String($0) ?? "" }
        let other = other.map { String($0) ?? "" }
        var row = [Int](repeating: 0, count: other.count + 1)
        for word in one {
            var diagonal = 0
            for (column, wanted) in other.enumerated() {
                let above = row[column + 1]
                row[column + 1] = word == wanted ? diagonal + 1 : max(above, row[column])
                diagonal = above
            }
        }
        return row[other.count]
    }
}
