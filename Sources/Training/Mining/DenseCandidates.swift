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
            let rows = context.encode(passages: texts, threads: self.threads)
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
        let rows = encoder.encode(questions: questions, threads: threads)
        var best = BestColumns(rows: questions.count, wanted: wanted)
        for slab in slabs {
            try vectors.read(at: slab).withUnsafeBytes { bytes in
                best.add(rows, bytes.bindMemory(to: Float.self), width: encoder.dimension)
            }
        }
        var found: [[TrainingPassage]] = []
        for list in best.lists {
            var passages: [TrainingPassage] = []
            for entry in list {
                var passage = try table.passage(entry.column)
                passage.score = Double(entry.score)
                passages.append(passage)
            }
            found.append(passages)
        }
        return found
    }
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
