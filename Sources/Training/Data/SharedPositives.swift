import Corpus

/// The positives of each question over all rows that ask it: questions of equal text share theirs.
///
/// 40 bytes a positive.
struct SharedPositives: Sendable {
    private var entries: [(question: UInt64, positive: PassageIdentity)] = []

    /// Adds the positives of a row; `sort()` comes after the last.
    mutating func add(_ question: String, _ positives: [TrainingPassage]) {
        let question = NormalisedText.hash(question)
        for positive in positives { entries.append((question, positive.identity)) }
    }

    /// Makes what was added ready to be looked up.
    mutating func sort() {
        entries.sort { $0.question < $1.question }
    }

    /// All positives of a question.
    func positives(of question: String) -> [PassageIdentity] {
        let wanted = NormalisedText.hash(question)
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].question < wanted { low = middle + 1 } else { high = middle }
        }
        var found: [PassageIdentity] = []
        while low < entries.count, entries[low].question == wanted {
            found.append(entries[low].positive)
            low += 1
        }
        return found
    }
}
