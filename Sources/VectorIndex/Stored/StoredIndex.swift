internal import Base

/// A Faiss index file as others made it, to be searched as it is.
///
///     let index = try StoredIndex(path: "my_index.faiss")
///     let hits = try index.search(vector, k: 5)
///
/// Flat, scalar and product quantizers, HNSW and IVF over these, with linear transforms before
/// them. The whole file is looked through before Faiss reads it.
public final class StoredIndex: Sendable {
    /// The file.
    public let path: String
    /// Components of a vector.
    public let dimension: Int
    /// Rows, from 0.
    public let rows: Int
    /// The metric that the index compares by.
    public let metric: Metric
    /// Whether it gives back the vectors that it stores.
    public let givesVectors: Bool
    private let index: FaissIndex

    /// Opens a file.
    ///
    /// - Throws: `IndexError.unreadableFaissFile` for a damaged file or one of another kind.
    public init(path: String) throws(IndexError) {
        let file: MappedFile
        do throws(FileError) {
            file = try MappedFile(path)
        } catch {
            throw .unreadableFaissFile(path: path, offset: 0, reason: error.reason)
        }
        let found = try FaissFileCheck.check(file)
        let index = try FaissIndex(reading: path)
        guard index.dimension == found.dimension, index.rows == found.rows else {
            throw .changedInUse(path: path)
        }
        self.path = path
        self.index = index
        dimension = found.dimension
        rows = found.rows
        metric = found.metric
        givesVectors = found.givesVectors
    }

    /// The rows that the index finds nearest, best first; fewer than `k` where it finds fewer.
    ///
    /// - Parameter question: A vector of `dimension` components, all finite.
    public func search(_ question: [Float], k: Int) throws(IndexError) -> [Int] {
        guard question.count == dimension else {
            throw .shapeMismatch(
                what: "components of a question", expected: dimension, found: question.count)
        }
        guard question.allSatisfy(\.isFinite) else { throw .nonFiniteQuestion(index: 0) }
        let k = min(k, rows)
        guard k > 0 else { return [] }
        var result: Result<[Int64], IndexError> = .success([])
        question.withUnsafeBufferPointer { question in
            result = Result { () throws(IndexError) in try index.search(question, k: k).rows }
        }
        return try result.get().filter { $0 >= 0 }.map { Int($0) }
    }

    /// The vector that the index stores of a row: of codes, what they stand for.
    public func vector(_ row: Int) throws(IndexError) -> [Float] {
        guard (0..<rows).contains(row) else {
            throw .outOfRange(what: "the row", value: row, minimum: 0, maximum: rows - 1)
        }
        return try index.vectors(row..<row + 1)
    }
}
