public import Corpus
public import Models

/// Finds passages by the vectors of a model, over a whole corpus in this process.
///
/// Every question meets every passage. Texts and vectors are in temporary files (4 bytes ×
/// dimension a passage) and read in slabs, so memory is 8 bytes a passage and one slab. For a
/// corpus too large for that, index it and search the cluster.
public final class DenseCandidates: CandidateSource {
    /// Passages.
    public let count: Int
    /// What was cut off the passages, and off the questions that were asked.
    public private(set) var cuts = TextCuts()

    private let encoder: TextEncoder
    private let threads: Int
    private let table: PassageList
    /// Vectors, a record each slab.
    private let vectors: SpoolFile
    private var slabs: [UInt64] = []

    private static let passagesAtOnce = 1024

    /// Encodes a corpus.
    ///
    /// - Parameters:
    ///   - question: Encodes the questions.
    ///   - context: Encodes the passages; vectors of both are compared by inner product.
    ///   - corpus: The passages.
    ///   - threads: Compute threads.
    ///   - progress: Told how many passages are done; false ends the encoding.
    /// - Throws: `TrainingError`; `interrupted` where `progress` says so.
    public init(
        question: TextEncoder, context: TextEncoder, corpus: CorpusSource, threads: Int = 1,
        progress: (Int) -> Bool = { _ in true }
    ) throws(TrainingError) {
        guard question.dimension == context.dimension else {
            throw .invalidSetting(
                name: "model",
                reason: "has towers of \(question.dimension) and \(context.dimension) dimensions")
        }
        encoder = question
        self.threads = max(1, threads)
        table = try PassageList(corpus)
        vectors = try SpoolFile()
        count = table.count
        for start in stride(from: 0, to: count, by: Self.passagesAtOnce) {
            var texts: [(title: String, text: String)] = []
            for index in start..<min(start + Self.passagesAtOnce, count) {
                let passage = try table.passage(index)
                texts.append((passage.title, passage.text))
            }
            let rows = context.encode(passages: texts, threads: self.threads, cuts: &cuts) { _ in }
            slabs.append(try vectors.append(rows.withUnsafeBytes { Array($0) }))
            guard progress(min(start + texts.count, count)) else {
                throw .interrupted(step: 0, checkpoint: nil)
            }
        }
        try vectors.flush()
    }

    /// The passages nearest to each question, best first; equal ones in corpus order.
    public func candidates(
        for questions: [String], count wanted: Int
    ) throws(TrainingError) -> [[TrainingPassage]] {
        try found(for: questions, count: wanted).map { $0.map(\.passage) }
    }

    /// A passage with its place among those of the corpus.
    public struct Found: Equatable, Sendable {
        /// Its place in the corpus, from 0.
        public var ordinal: Int
        /// The inner product with the question's vector.
        public var score: Float
        /// The passage, with its score.
        public var passage: TrainingPassage
    }

    /// The same with their places in the corpus.
    public func found(
        for questions: [String], count wanted: Int
    ) throws(TrainingError) -> [[Found]] {
        let rows = encoder.encode(questions: questions, threads: threads, cuts: &cuts)
        var found: [[Found]] = []
        for list in try best(rows, wanted) {
            found.append(
                zip(list, try passages(list)).map { entry, passage in
                    Found(ordinal: entry.column, score: entry.score, passage: passage)
                })
        }
        return found
    }

    /// The same with the vectors of questions and passages.
    public func answers(
        for questions: [String], count wanted: Int
    ) throws(TrainingError) -> [DenseAnswer] {
        let rows = encoder.encode(questions: questions, threads: threads, cuts: &cuts)
        let lists = try best(rows, wanted)
        let vectors = try self.vectors(of: Set(lists.joined().map(\.column)))
        var answers: [DenseAnswer] = []
        for (number, list) in lists.enumerated() {
            let start = number * encoder.dimension
            answers.append(
                DenseAnswer(
                    question: questions[number],
                    vector: Array(rows[start..<start + encoder.dimension]),
                    passages: try passages(list), vectors: list.map { vectors[$0.column] ?? [] }))
        }
        return answers
    }

    private func best(
        _ rows: [Float], _ wanted: Int
    ) throws(TrainingError) -> [[BestColumns.Entry]] {
        var best = BestColumns(rows: rows.count / encoder.dimension, wanted: wanted)
        for slab in slabs {
            try vectors.read(at: slab).withUnsafeBytes { bytes in
                best.add(rows, bytes.bindMemory(to: Float.self), width: encoder.dimension)
            }
        }
        return best.lists
    }

    private func passages(
        _ list: [BestColumns.Entry]
    ) throws(TrainingError) -> [TrainingPassage] {
        var passages: [TrainingPassage] = []
        for entry in list {
            var passage = try table.passage(entry.column)
            passage.score = Double(entry.score)
            passages.append(passage)
        }
        return passages
    }

    /// The vectors of some passages; each slab that holds one is read once.
    private func vectors(of columns: Set<Int>) throws(TrainingError) -> [Int: [Float]] {
        var found: [Int: [Float]] = [:]
        let width = encoder.dimension
        for (slab, columns) in Dictionary(grouping: columns, by: { $0 / Self.passagesAtOnce }) {
            try vectors.read(at: slabs[slab]).withUnsafeBytes { bytes in
                let floats = bytes.bindMemory(to: Float.self)
                for column in columns {
                    let start = column % Self.passagesAtOnce * width
                    found[column] = Array(floats[start..<start + width])
                }
            }
        }
        return found
    }
}

/// What was found for a question, with the vectors that it was found by.
public struct DenseAnswer: Equatable, Sendable {
    /// The question.
    public var question: String
    /// Its vector: `[dimension]`.
    public var vector: [Float]
    /// The nearest passages with their scores, best first.
    public var passages: [TrainingPassage]
    /// The vector of each: `[dimension]`.
    public var vectors: [[Float]]
}

/// A whole corpus by position: texts in a temporary file, 8 bytes a passage in memory.
final class PassageList {
    private let spool: SpoolFile
    private let offsets: [UInt64]
    private let name: String

    init(_ corpus: CorpusSource) throws(TrainingError) {
        spool = try SpoolFile()
        name = corpus.name
        let reader = try readingCorpus { () throws(CorpusError) in try PassageReader(corpus) }
        var offsets: [UInt64] = []
        while true {
            let passage = try readingCorpus { () throws(CorpusError) in try reader.next() }
            guard let passage else { break }
            var record = ByteRecord()
            record.append(passage.id)
            record.append(passage.title)
            record.append(passage.text)
            offsets.append(try spool.append(record.bytes))
        }
        try spool.flush()
        self.offsets = offsets
    }

    var count: Int { offsets.count }

    func passage(_ index: Int) throws(TrainingError) -> TrainingPassage {
        var record = ByteRecord(try spool.read(at: offsets[index]))
        return TrainingPassage(
            id: record.text(), title: record.text(), text: record.text(), corpus: name)
    }
}
