internal import Base
internal import CKernels

/// Index kind `exact`: a scan over int8 codes keeps the rows that may belong into the answer, and
/// only those are scored, from the vectors in the segments' files.
///
/// The codes give each score a lower and an upper bound. A row is left out only when its upper
/// bound lies below the scores of k others, so the answer is that of a full scan in float64. Codes
/// need a quarter of the memory of float32 vectors.
struct ExactScan: RowSearch {
    /// Questions that share one pass over the codes.
    private static let blockSize = 64
    /// Bytes that the candidates of one block may take.
    private static let candidateBytes = 64 << 20
    /// Rows between two looks at the lists; a multiple of the kernel's block.
    private static let tileRows = 512
    /// From this many questions for each thread on, threads divide questions instead of rows: the
    /// codes are then used often enough that reading them again costs less than scoring the first
    /// rows of each part.
    private static let questionsPerThread = 32

    let store: RowStore
    let table: CodeTable
    let path: sheaf_simd_path

    init(store: RowStore, path: sheaf_simd_path = Kernels.path) throws(IndexError) {
        let limit = Int(SHEAF_SCAN_MAXIMUM_DIMENSION)
        guard store.dimension <= limit else {
            throw .outOfRange(
                what: "the dimension of an exact index", value: store.dimension, minimum: 1,
                maximum: limit)
        }
        guard store.rows < Int(UInt32.max) - Self.tileRows else {
            throw .outOfRange(
                what: "the rows of one shard", value: store.rows, minimum: 0,
                maximum: Int(UInt32.max) - Self.tileRows - 1)
        }
        self.store = store
        self.path = path
        table = CodeTable(store, path: path)
    }

    func search(
        _ questions: [Float], k: Int, threads: Int
    ) throws(IndexError) -> [[ScoredRow]] {
        let count = questions.count / store.dimension
        guard threads > 1, count >= Self.questionsPerThread * threads else {
            return blocks(questions, k: k, threads: threads)
        }
        return try divided(questions, dimension: store.dimension, threads: threads) {
            blocks($0, k: k, threads: 1)
        }
    }

    private func blocks(_ questions: [Float], k: Int, threads: Int) -> [[ScoredRow]] {
        // Pruning leaves few more than k where bounds tell rows apart.
        let capacity = min(4 * k + 1024, table.paddedRows) + Self.tileRows
        let candidate = MemoryLayout<sheaf_scan_candidate>.stride + MemoryLayout<Float>.stride
        let size = max(1, min(Self.blockSize, Self.candidateBytes / (capacity * candidate)))
        return stride(from: 0, to: questions.count, by: size * store.dimension).flatMap { first in
            let last = min(first + size * store.dimension, questions.count)
            return scan(Array(questions[first..<last]), k: k, capacity: capacity, threads: threads)
        }
    }

    private func scan(
        _ questions: [Float], k: Int, capacity: Int, threads: Int
    ) -> [[ScoredRow]] {
        let asked = EncodedQuestions(questions, store: store, path: path)
        let scoring = Scoring(questions: questions, asked: asked, store: store)
        let count = asked.questions.count
        let tiles = (table.paddedRows + Self.tileRows - 1) / Self.tileRows
        let found = Threads.map(count: tiles, threads: threads) { range in
            let lists = CandidateLists(count: count, k: k, capacity: capacity)
            for tile in range {
                let first = tile * Self.tileRows
                let rows = first..<min(first + Self.tileRows, table.paddedRows)
                for number in 0..<count { lists.makeRoom(for: rows.count, of: number, scoring) }
                table.candidates(in: rows, of: asked, into: lists.lists, path: path)
            }
            return lists
        }
        return Threads.map(count: count, threads: threads) { range in
            range.map { number in
                for other in found.dropFirst() { found[0].absorb(other, of: number, scoring) }
                return found[0].finish(number, scoring)
            }
        }.flatMap { $0 }
    }
}

extension ExactScan {
    /// Seconds that reading what a scan reads takes at least.
    func secondsToReadCodes() -> Double {
        let began = ContinuousClock.now
        let sum = table.readAll()
        let seconds = (ContinuousClock.now - began).seconds
        // A use of the sum keeps the reading from being left out.
        return sum == .max ? .infinity : seconds
    }
}
