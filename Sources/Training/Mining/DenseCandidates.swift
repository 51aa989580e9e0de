public import Corpus
public import Models
import Tensors

/// Finds passages by the vectors of a model, over a whole corpus in this process.
///
/// Every question meets every passage. Vectors are in memory (4 bytes × dimension a passage), texts
/// in a temporary file. For a corpus too large for that, index it and search the cluster.
public final class DenseCandidates: CandidateSource {
    /// Passages.
    public let count: Int

    private let encoder: TextEncoder
    private let threads: Int
    private let table: PassageList
    private var vectors: [Float] = []

    private static let passagesAtOnce = 1024
    /// Scores that are in memory at a time.
    private static let scoresAtOnce = 1 << 24

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
        count = table.count
        for start in stride(from: 0, to: count, by: Self.passagesAtOnce) {
            var texts: [(title: String, text: String)] = []
            for index in start..<min(start + Self.passagesAtOnce, count) {
                let passage = try table.passage(index)
                texts.append((passage.title, passage.text))
            }
            vectors += context.encode(passages: texts, threads: self.threads)
            guard progress(min(start + texts.count, count)) else {
                throw .interrupted(step: 0, checkpoint: nil)
            }
        }
    }

    /// The passages nearest to each question, best first; equal ones in corpus order.
    public func candidates(
        for questions: [String], count wanted: Int
    ) throws(TrainingError) -> [[TrainingPassage]] {
        var found: [[TrainingPassage]] = []
        let block = max(1, Self.scoresAtOnce / max(1, count))
        for start in stride(from: 0, to: questions.count, by: block) {
            let part = Array(questions[start..<min(start + block, questions.count)])
            let rows = encoder.encode(questions: part, threads: threads)
            let scores = DenseScores(
                rows, of: 0..<part.count, vectors: vectors, width: encoder.dimension)
            for row in part.indices {
                var passages: [TrainingPassage] = []
                for (column, score) in scores.best(wanted, row: row) {
                    var passage = try table.passage(column)
                    passage.score = Double(score)
                    passages.append(passage)
                }
                found.append(passages)
            }
        }
        return found
    }
}

/// Scores of some rows of questions with all passages.
struct DenseScores {
    private let scores: [Float]
    private let columns: Int

    /// Multiplies `questions[range]` by all `vectors`.
    init(_ questions: [Float], of range: Range<Int>, vectors: [Float], width: Int) {
        let columns = vectors.count / width
        self.columns = columns
        scores = [Float](unsafeUninitializedCapacity: range.count * columns) { buffer, filled in
            questions.withUnsafeBufferPointer { questions in
                vectors.withUnsafeBufferPointer { vectors in
                    guard let a = questions.baseAddress, let b = vectors.baseAddress,
                        let c = buffer.baseAddress
                    else { return }
                    c.initialize(repeating: 0, count: range.count * columns)
                    OpenBLAS.sgemm(
                        m: range.count, n: columns, k: width, a: a + range.lowerBound * width,
                        b: b, transposeB: true, c: c)
                }
            }
            filled = range.count * columns
        }
    }

    /// The best columns of a row with their scores, best first, the smaller column first among
    /// equals.
    func best(_ wanted: Int, row: Int) -> [(column: Int, score: Float)] {
        var heap: [(column: Int, score: Float)] = []
        func isWorse(_ a: (column: Int, score: Float), _ b: (column: Int, score: Float)) -> Bool {
            a.score != b.score ? a.score < b.score : a.column > b.column
        }
        // A sorted list of the best so far: most columns fall below its last entry at once.
        for column in 0..<columns {
            let entry = (column, scores[row * columns + column])
            if heap.count == wanted {
                guard let last = heap.last, isWorse(last, entry) else { continue }
                heap.removeLast()
            }
            var low = 0
            var high = heap.count
            while low < high {
                let middle = (low + high) / 2
                if isWorse(entry, heap[middle]) { low = middle + 1 } else { high = middle }
            }
            heap.insert(entry, at: low)
        }
        return heap
    }
}

/// A whole corpus by position: texts in a temporary file, 8 bytes a passage in memory.
final class PassageList {
    private let spool: SpoolFile
    private let offsets: [UInt64]

    init(_ corpus: CorpusSource) throws(TrainingError) {
        spool = try SpoolFile()
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
        return TrainingPassage(id: record.text(), title: record.text(), text: record.text())
    }
}
