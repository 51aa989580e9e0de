import Base
import Corpus

/// A passage as training data hold it.
public struct TrainingPassage: Hashable, Sendable {
    /// The source's own id; empty where it has none.
    public var id: String
    /// The title; empty where there is none.
    public var title: String
    /// The body.
    public var text: String
    /// What the source says of its fit to the question.
    public var score: Double?
    /// The corpus that the id is of, by its path; nil where that is not known.
    public var corpus: String?

    /// Makes a passage.
    public init(
        id: String = "", title: String = "", text: String, score: Double? = nil,
        corpus: String? = nil
    ) {
        self.id = id
        self.title = title
        self.text = text
        self.score = score
        self.corpus = corpus
    }

    /// What tells it from others.
    public var identity: PassageIdentity { PassageIdentity(self) }

    /// A number for title and text as they are.
    var content: PassageContent { PassageContent(title: title, text: text) }

    /// Tells whether two passages are one.
    func isSame(as other: TrainingPassage) -> Bool { identity.isSame(as: other.identity) }
}

/// A number for the bytes of title and text, by which each is kept once, the same on every machine.
struct PassageContent: Hashable, Sendable {
    /// 64 bits that depend on title and text alone.
    var rawValue: UInt64

    /// Takes a number made before.
    init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// FNV-1a over both texts with a separator no text holds, its bits mixed at the end.
    init(title: String, text: String) {
        var hash = FNV()
        hash.add(title.utf8)
        hash.add(0xFF)
        hash.add(text.utf8)
        rawValue = SplitMix.mixed(hash.value)
    }
}

/// A question with passages that answer it and passages that do not.
public struct TrainingExample: Hashable, Sendable {
    /// The source's own id, or its number in the source from 1.
    public var id: String
    /// The question.
    public var question: String
    /// Accepted answers.
    public var answers: [String]
    /// Passages that answer the question; at least one in data that were read.
    public var positives: [TrainingPassage]
    /// Passages that look right and are not.
    public var hardNegatives: [TrainingPassage]
    /// Passages that do not answer the question and need not look right.
    public var negatives: [TrainingPassage]
    /// Whether the example is half of a quartet, whose other half has the same passages.
    public var isOfQuartet: Bool

    /// Makes an example.
    public init(
        id: String, question: String, answers: [String] = [], positives: [TrainingPassage],
        hardNegatives: [TrainingPassage] = [], negatives: [TrainingPassage] = [],
        isOfQuartet: Bool = false
    ) {
        self.id = id
        self.question = question
        self.answers = answers
        self.positives = positives
        self.hardNegatives = hardNegatives
        self.negatives = negatives
        self.isOfQuartet = isOfQuartet
    }
}

/// What was left out while training data were read, and why.
public struct DroppedRows: Equatable, Sendable, Codable {
    /// Rows without a positive passage.
    public var withoutPositive = 0
    /// Rows whose question is empty.
    public var withoutQuestion = 0
    /// Passages whose title and text are both empty.
    public var emptyPassages = 0
    /// Negatives that are the positive of their own question.
    public var negativesEqualToPositive = 0
    /// Lists of negatives for questions that are not asked.
    public var listsOfOtherQuestions = 0
    /// Columns of a table that nothing is read from.
    public var unusedColumns: [String] = []

    /// Nothing dropped.
    public init() {}

    /// Rows dropped as a whole.
    public var rows: Int { withoutPositive + withoutQuestion }

    /// What was left out, as one sentence; empty where nothing was.
    public var summary: String {
        let parts = [
            (withoutPositive, "row", " without a positive"),
            (withoutQuestion, "row", " without a question"), (emptyPassages, "empty passage", ""),
            (negativesEqualToPositive, "negative", " equal to the positive"),
            (listsOfOtherQuestions, "list", " of questions that are not asked"),
        ]
        return
            (parts.filter { $0.0 > 0 }.map { counted($0.0, $0.1) + $0.2 }
            + unusedColumns.map { "column “\($0)”, which is not used" }).joined(separator: ", ")
    }

    static func + (left: DroppedRows, right: DroppedRows) -> DroppedRows {
        var sum = left
        sum.withoutPositive += right.withoutPositive
        sum.withoutQuestion += right.withoutQuestion
        sum.emptyPassages += right.emptyPassages
        sum.negativesEqualToPositive += right.negativesEqualToPositive
        sum.listsOfOtherQuestions += right.listsOfOtherQuestions
        sum.unusedColumns += right.unusedColumns
        return sum
    }
}

extension TrainingExample {
    /// Removes what cannot be trained on and counts it; nil where nothing is left.
    func cleaned(_ dropped: inout DroppedRows) -> TrainingExample? {
        var example = self
        func isBlank(_ text: String) -> Bool {
            text.unicodeScalars.allSatisfy(\.properties.isWhitespace)
        }
        guard !isBlank(question) else {
            dropped.withoutQuestion += 1
            return nil
        }
        func filled(_ passages: [TrainingPassage]) -> [TrainingPassage] {
            let kept = passages.filter { !isBlank($0.title) || !isBlank($0.text) }
            dropped.emptyPassages += passages.count - kept.count
            return kept
        }
        example.positives = filled(positives)
        guard !example.positives.isEmpty else {
            dropped.withoutPositive += 1
            return nil
        }
        let known = example.positives.map(\.identity)
        let ids = Set(example.positives.map(\.id).filter { !$0.isEmpty })
        func otherThanPositives(_ passages: [TrainingPassage]) -> [TrainingPassage] {
            // The ids of one row are all its file's.
            let kept = passages.filter { !ids.contains($0.id) && !known.holds($0.identity) }
            dropped.negativesEqualToPositive += passages.count - kept.count
            return kept
        }
        example.hardNegatives = otherThanPositives(filled(hardNegatives))
        example.negatives = otherThanPositives(filled(negatives))
        return example
    }
}
