import Base
import Foundation

/// The examples of a training set, kept in a temporary file and read back by number.
///
/// Memory is 8 bytes an example and 40 a positive, and 16 a different passage while the store is
/// filled; each passage is kept once. The file has no name, so nothing is left behind when the
/// process ends.
public final class ExampleStore: Sendable {
    /// What was dropped while the store was filled.
    public let dropped: DroppedRows
    /// Whether the examples are halves of quartets.
    let holdsQuartets: Bool

    private let spool: SpoolFile
    private let offsets: [UInt64]
    private let shared: SharedPositives
    private let corpus: String?

    private init(
        _ spool: SpoolFile, _ offsets: [UInt64], _ dropped: DroppedRows, _ shared: SharedPositives,
        corpus: String?, holdsQuartets: Bool
    ) {
        self.spool = spool
        self.offsets = offsets
        self.dropped = dropped
        self.shared = shared
        self.corpus = corpus
        self.holdsQuartets = holdsQuartets
    }

    /// Number of examples.
    public var count: Int { offsets.count }

    /// A passage of the store, by which it can be read and told from others.
    public struct Reference: Hashable, Sendable {
        /// A number for its content.
        var content: PassageContent
        /// What the source says of its fit to the question.
        public var score: Double?
        var offset: UInt64
    }

    /// An example whose passages are still in the file.
    public struct Outline: Hashable, Sendable {
        /// The source's own id.
        public var id: String
        /// The question.
        public var question: String
        /// Accepted answers.
        public var answers: [String]
        /// Passages that answer the question.
        public var positives: [Reference]
        /// Passages that look right and are not.
        public var hardNegatives: [Reference]
        /// Passages that do not answer the question.
        public var negatives: [Reference]
    }

    /// Fills a store with what a source holds.
    ///
    /// - Parameters:
    ///   - source: Where the examples are.
    ///   - scratchFolder: Where the temporary file is made; nil: the system's folder.
    /// - Throws: `TrainingError`: a malformed row with file and line, a missing column, or no row
    ///   that can be trained on.
    public static func fill(
        from source: TrainingSource, scratchFolder: String? = nil
    ) throws(TrainingError) -> ExampleStore {
        let spool = try SpoolFile(folder: scratchFolder)
        var offsets: [UInt64] = []
        var known: [PassageContent: UInt64] = [:]
        var shared = SharedPositives()
        var holdsQuartets = false
        let dropped = try source.read { example throws(TrainingError) in
            func store(_ passages: [TrainingPassage]) throws(TrainingError) -> [Reference] {
                var references: [Reference] = []
                for passage in passages {
                    let content = passage.content
                    let offset: UInt64
                    if let known = known[content] {
                        offset = known
                    } else {
                        var record = ByteRecord()
                        record.append(passage.id)
                        record.append(passage.title)
                        record.append(passage.text)
                        offset = try spool.append(record.bytes)
                        known[content] = offset
                    }
                    references.append(
                        Reference(content: content, score: passage.score, offset: offset))
                }
                return references
            }
            shared.add(example.question, example.positives)
            if example.isOfQuartet { holdsQuartets = true }
            var record = ByteRecord()
            record.append(example.id)
            record.append(example.question)
            record.append(UInt64(example.answers.count))
            for answer in example.answers { record.append(answer) }
            for list in [example.positives, example.hardNegatives, example.negatives] {
                let references = try store(list)
                record.append(UInt64(references.count))
                for reference in references {
                    record.append(reference.offset)
                    record.append(reference.content.rawValue)
                    record.append((reference.score ?? .nan).bitPattern)
                }
            }
            offsets.append(try spool.append(record.bytes))
        }
        guard !offsets.isEmpty else {
            throw .noExamples(path: source.path, dropped: dropped.rows)
        }
        try spool.flush()
        shared.sort()
        return ExampleStore(
            spool, offsets, dropped, shared, corpus: source.corpusName,
            holdsQuartets: holdsQuartets)
    }

    /// What tells the positives of a question from other passages, over all rows that ask it.
    func positives(of question: String) -> [PassageIdentity] { shared.positives(of: question) }

    /// Reads an example without its passages.
    public func outline(_ number: Int) throws(TrainingError) -> Outline {
        var record = ByteRecord(try spool.read(at: offsets[number]))
        var outline = Outline(
            id: record.text(), question: record.text(), answers: [], positives: [],
            hardNegatives: [], negatives: [])
        for _ in 0..<record.number() { outline.answers.append(record.text()) }
        func references() -> [Reference] {
            (0..<record.number()).map { _ in
                let offset = record.number()
                let content = PassageContent(rawValue: record.number())
                let score = Double(bitPattern: record.number())
                return Reference(
                    content: content, score: score.isNaN ? nil : score, offset: offset)
            }
        }
        outline.positives = references()
        outline.hardNegatives = references()
        outline.negatives = references()
        return outline
    }

    /// Reads a passage.
    public func passage(_ reference: Reference) throws(TrainingError) -> TrainingPassage {
        var record = ByteRecord(try spool.read(at: reference.offset))
        return TrainingPassage(
            id: record.text(), title: record.text(), text: record.text(), score: reference.score,
            corpus: corpus)
    }

    /// Leaves out the negatives of an example that other rows of its question have as positives.
    func removePositives(
        _ positives: [PassageIdentity], from outline: inout Outline
    ) throws(TrainingError) {
        // A row's own negatives are none of its own positives.
        guard positives.count > outline.positives.count else { return }
        func others(_ references: [Reference]) throws(TrainingError) -> [Reference] {
            var kept: [Reference] = []
            for reference in references
            where !positives.holds(try passage(reference).identity) {
                kept.append(reference)
            }
            return kept
        }
        outline.hardNegatives = try others(outline.hardNegatives)
        outline.negatives = try others(outline.negatives)
    }

    /// Reads an example whole.
    public func example(_ number: Int) throws(TrainingError) -> TrainingExample {
        let outline = try outline(number)
        func passages(_ references: [Reference]) throws(TrainingError) -> [TrainingPassage] {
            var passages: [TrainingPassage] = []
            for reference in references { passages.append(try passage(reference)) }
            return passages
        }
        return TrainingExample(
            id: outline.id, question: outline.question, answers: outline.answers,
            positives: try passages(outline.positives),
            hardNegatives: try passages(outline.hardNegatives),
            negatives: try passages(outline.negatives), isOfQuartet: holdsQuartets)
    }

    /// A number for the content and order of all examples, for telling runs apart.
    public func digest() throws(TrainingError) -> UInt64 {
        var digest = FNV(UInt64(count))
        for offset in offsets {
            digest.add(try spool.read(at: offset))
            digest.value = SplitMix.mixed(digest.value)
        }
        return digest.value
    }
}

/// Texts and numbers in a row of bytes; what was appended is read in the same order.
struct ByteRecord {
    private(set) var bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8] = []) {
        self.bytes = bytes
    }

    mutating func append(_ number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }

    mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// Whether everything was read.
    var isAtEnd: Bool { at == bytes.count }

    mutating func number() -> UInt64 {
        precondition(at + 8 <= bytes.count, "a record of \(bytes.count) bytes ends at \(at)")
        var number: UInt64 = 0
        for index in 0..<8 { number |= UInt64(bytes[at + index]) << UInt64(8 * index) }
        at += 8
        return number
    }

    mutating func text() -> String {
        let length = Int(number())
        precondition(at + length <= bytes.count, "a record of \(bytes.count) bytes ends at \(at)")
        at += length
        return String(decoding: bytes[at - length..<at], as: UTF8.self)
    }
}
