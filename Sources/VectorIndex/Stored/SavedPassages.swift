public import Corpus
internal import Formats

/// A folder of passages that Hugging Face's `Dataset.save_to_disk` wrote, with the Faiss index of
/// its vectors.
///
///     let passages = try SavedPassages(folder: "my_dataset", index: "my_index.faiss")
///     let found = try passages.search(vector, k: 5)
///
/// The columns are `title`, `text` and `embeddings`. The index says which passages are found; their
/// scores are inner products with the vectors of the folder, and their ids the numbers of their
/// rows. Source: `CustomHFIndex` of transformers 4.41.
public struct SavedPassages: Sendable {
    /// Components of a question's vector.
    public var dimension: Int { index.dimension }
    /// How many passages there are.
    public var count: Int { dataset.rows }

    private let index: StoredIndex
    private let dataset: SavedDataset
    private let columns: (title: Int, text: Int, vectors: Int)

    /// Opens a folder and an index file.
    ///
    /// - Throws: `IndexError` naming the file that is missing, damaged or does not fit the other.
    public init(folder: String, index path: String) throws(IndexError) {
        index = try StoredIndex(path: path)
        (dataset, columns) = try reading { () throws(SavedDatasetError) in
            let dataset = try SavedDataset(folder: folder)
            return (
                dataset,
                (
                    try dataset.texts("title"), try dataset.texts("text"),
                    try dataset.vectors("embeddings")
                )
            )
        }
        guard index.rows == dataset.rows else {
            throw .unreadableFaissFile(
                path: path, offset: 0,
                reason: "it has \(index.rows) rows, and \(folder) has \(dataset.rows)")
        }
        let width = dataset.rows == 0 ? index.dimension : try vector(0).count
        guard width == index.dimension else {
            throw .unreadableFaissFile(
                path: path, offset: 0,
                reason: "its vectors have \(index.dimension) components, and those of \(folder) "
                    + "have \(width)")
        }
    }

    /// The passages of highest inner product among those that the index finds, best first.
    ///
    /// - Parameter question: A vector of `dimension` components.
    public func search(_ question: [Float], k: Int) throws(IndexError) -> [RankedEntry] {
        var found: [RankedEntry] = []
        for row in try index.search(question, k: k) {
            let vector = try vector(row)
            guard vector.count == dimension else {
                throw .shapeMismatch(
                    what: "components of row \(row) of \(dataset.folder)", expected: dimension,
                    found: vector.count)
            }
            let (title, text) = try reading { () throws(SavedDatasetError) in
                (
                    try dataset.text(columns.title, row: row) ?? "",
                    try dataset.text(columns.text, row: row) ?? ""
                )
            }
            found.append(
                RankedEntry(
                    id: String(row), title: title, text: text,
                    score: try score(question, vector, row, of: dataset.folder)))
        }
        try reading { () throws(SavedDatasetError) in try dataset.check() }
        return bestFirst(found.map(\.score)).map { found[$0] }
    }

    /// The vector of a row; empty where it is missing.
    private func vector(_ row: Int) throws(IndexError) -> [Float] {
        try reading { () throws(SavedDatasetError) in
            var vector: [Float] = []
            _ = try dataset.appendVector(columns.vectors, row: row, to: &vector)
            return vector
        }
    }
}

/// Runs what reads a saved data set.
private func reading<Result>(
    _ body: () throws(SavedDatasetError) -> Result
) throws(IndexError) -> Result {
    do throws(SavedDatasetError) {
        return try body()
    } catch {
        throw .savedDataset(message: error.description)
    }
}
