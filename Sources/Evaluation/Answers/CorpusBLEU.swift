import Foundation

/// BLEU of a whole set of answers, each against one or more references.
///
/// Counts are clipped by the reference that has most of an n-gram, the brevity penalty takes the
/// closest length, and an order without a match counts half as much each time, as sacrebleu does
/// by default (`13a`, exponential smoothing). Source: Papineni et al. 2002, §2; Post 2018.
public struct CorpusBLEU: Equatable, Sendable {
    private static let orders = 4
    private var matched = [Int](repeating: 0, count: orders)
    private var total = [Int](repeating: 0, count: orders)
    private var length = 0
    private var referenceLength = 0

    /// Starts without answers.
    public init() {}

    /// Adds an answer; one without references is left out.
    public mutating func add(_ answer: String, references: [String]) {
        let words = MTWords.split(answer)
        let wanted = references.map { MTWords.split($0) }
        let closest = wanted.map(\.count).min {
            (abs($0 - words.count), $0) < (abs($1 - words.count), $1)
        }
        guard let closest else { return }
        length += words.count
        referenceLength += closest
        for order in 1...Self.orders {
            var most: [[String]: Int] = [:]
            for reference in wanted {
                most.merge(NGrams.counts(reference, order)) { max($0, $1) }
            }
            for (gram, count) in NGrams.counts(words, order) {
                total[order - 1] += count
                matched[order - 1] += min(count, most[gram] ?? 0)
            }
        }
    }

    /// BLEU up to n-grams of `order` words, in [0, 1].
    public func value(order: Int) -> Double {
        precondition((1...Self.orders).contains(order), "BLEU is kept up to 4 words")
        guard matched[..<order].contains(where: { $0 > 0 }) else { return 0 }
        var logarithm = 0.0
        var smoothing = 1.0
        for index in 0..<order {
            guard total[index] > 0 else { return 0 }
            var found = Double(matched[index])
            if matched[index] == 0 {
                smoothing *= 2
                found = 1 / smoothing
            }
            logarithm += log(found / Double(total[index]))
        }
        let brevity = length < referenceLength ? 1 - Double(referenceLength) / Double(length) : 0
        return exp(brevity + logarithm / Double(order))
    }
}

/// Runs of words.
enum NGrams {
    /// How often each run of `order` words stands in `words`.
    static func counts(_ words: [String], _ order: Int) -> [[String]: Int] {
        var counts: [[String]: Int] = [:]
        guard words.count >= order else { return counts }
        for start in 0...words.count - order {
            counts[Array(words[start..<start + order]), default: 0] += 1
        }
        return counts
    }
}

/// Words as mteval-v13a splits them: signs stand alone but for `.` and `,` between digits, and `-`
/// without a digit before it.
enum MTWords {
    /// The words of a text, in its own case.
    static func split(_ text: String) -> [String] {
        var line = text.replacing("<skipped>", with: "").replacing("-\n", with: "")
            .replacing("\n", with: " ")
        for (entity, sign) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
            line = line.replacing(entity, with: sign)
        }
        return standingAlone(Array(line.unicodeScalars)).split { $0.properties.isWhitespace }
            .map { word in
                var text = String.UnicodeScalarView()
                text.append(contentsOf: word)
                return String(text)
            }
    }

    /// The text with blanks around the signs that are words of their own.
    private static func standingAlone(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var parts: [Unicode.Scalar] = []
        func isDigit(_ place: Int) -> Bool {
            text.indices.contains(place) && ("0"..."9").contains(text[place])
        }
        for (place, scalar) in text.enumerated() {
            switch scalar.value {
            case 0x21...0x26, 0x28...0x2B, 0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E:
                parts += [" ", scalar, " "]
            case 0x2C, 0x2E:
                let between = isDigit(place - 1) && isDigit(place + 1)
                parts += between ? [scalar] : [" ", scalar, " "]
            case 0x2D where isDigit(place - 1):
                parts += [" ", scalar, " "]
            default:
                parts.append(scalar)
            }
        }
        return parts
    }
}
