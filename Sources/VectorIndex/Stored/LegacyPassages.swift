internal import Base
public import Corpus
internal import Formats
internal import Foundation

/// The files of DPR's own index: a graph, the ids of its rows, and the passages.
///
///     let passages = try LegacyPassages(folder: "dpr_index")
///     let found = try passages.search(vector, k: 5)
///
/// The graph compares by distance in one dimension more, where passages stand √(φ − |x|²) and
/// questions 0, so that the nearest have the highest inner product. Scores are inner products with
/// the vectors that the index stores. Source: `LegacyIndex` of transformers 4.41; Karpukhin et al.
/// 2020, `dpr/indexer/faiss_indexers.py`.
public struct LegacyPassages: Sendable {
    /// Components of a question's vector.
    public var dimension: Int { index.dimension - 1 }
    /// How many passages there are.
    public var count: Int { index.rows }

    private let index: StoredIndex
    /// The ids of the rows.
    private let ids: FlatPickle
    private let rows: [FlatPickle.Value]
    private let passages: PassagePickle

    /// What the files are called in the folder that the reference reads.
    private static let indexName = "hf_bert_base.hnswSQ8_correct_phi_128.c_index"
    private static let passagesName = "psgs_w100.tsv.pkl"

    /// Opens the files in `folder`: those of the reference's names, else the only ones that end in
    /// `.index.dpr`, `.index_meta.dpr` and `.pkl`.
    ///
    /// - Throws: `IndexError` naming the file that is missing, damaged or fits no other.
    public init(folder: String) throws(IndexError) {
        func place(_ name: String, _ suffix: String) throws(IndexError) -> String {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            if names.contains(name + suffix) { return folder + "/" + name + suffix }
            let end = suffix.isEmpty ? ".pkl" : suffix
            let found = names.filter { $0.hasSuffix(end) }
            guard found.count == 1 else {
                throw .missingIndexFile(folder: folder, name: name + suffix, ending: end)
            }
            return folder + "/" + found[0]
        }
        try self.init(
            index: place(Self.indexName, ".index.dpr"),
            ids: place(Self.indexName, ".index_meta.dpr"), passages: place(Self.passagesName, ""))
    }

    /// Opens three files.
    public init(index path: String, ids meta: String, passages: String) throws(IndexError) {
        index = try StoredIndex(path: path)
        guard index.dimension > 1, index.givesVectors else {
            throw .unreadableFaissFile(
                path: path, offset: 0, reason: "it gives no stored vectors back")
        }
        ids = try FlatPickle.open(meta)
        guard case .list(let rows) = ids.root else {
            throw .unreadablePickle(path: meta, offset: 0, reason: "it is no list of ids")
        }
        guard rows.count == index.rows else {
            throw .unreadablePickle(
                path: meta, offset: 0,
                reason: "it lists \(rows.count) ids, and the index has \(index.rows) rows")
        }
        self.rows = rows
        self.passages = try PassagePickle(passages)
    }

    /// The passages of highest inner product among those that the index finds, best first.
    ///
    /// - Parameter question: A vector of `dimension` components.
    public func search(_ question: [Float], k: Int) throws(IndexError) -> [RankedEntry] {
        guard question.count == dimension else {
            throw .shapeMismatch(
                what: "components of a question", expected: dimension, found: question.count)
        }
        var found: [RankedEntry] = []
        for row in try index.search(question + [0], k: k) {
            let id = ids.label(rows[row])
            let passage = try passages.passage(id)
            found.append(
                RankedEntry(
                    id: id, title: passage.title, text: passage.text,
                    score: try score(
                        question, index.vector(row).dropLast(), row, of: index.path)))
        }
        return bestFirst(found.map(\.score)).map { found[$0] }
    }
}

/// The inner product in float64 of a question and a stored row; refused where it is none.
func score(
    _ question: [Float], _ vector: some Collection<Float>, _ row: Int, of path: String
) throws(IndexError) -> Double {
    let score = zip(question, vector).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    guard score.isFinite else {
        throw .unreadableFaissFile(
            path: path, offset: 0, reason: "the vector of row \(row) is not finite")
    }
    return score
}

/// The passages pickle: texts and titles by id.
struct PassagePickle: Sendable {
    private let path: String
    private let pickle: FlatPickle
    /// Keys and values in turn.
    private let members: [FlatPickle.Value]
    /// Where the key of a hash stands, by hash.
    private let places: [(hash: UInt64, key: Int)]

    init(_ path: String) throws(IndexError) {
        self.path = path
        let pickle = try FlatPickle.open(path)
        guard case .dictionary(let members) = pickle.root else {
            throw .unreadablePickle(
                path: path, offset: 0, reason: "it is no dictionary of passages by id")
        }
        self.pickle = pickle
        self.members = members
        places = stride(from: 0, to: members.count, by: 2)
            .map { (Self.hash(pickle.label(members[$0])), $0) }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    }

    private static func hash(_ id: String) -> UInt64 {
        var hash = FNV()
        hash.add(id.utf8)
        return hash.value
    }

    /// Title and text of a passage; of several with one id the last.
    func passage(_ id: String) throws(IndexError) -> (title: String, text: String) {
        let wanted = Self.hash(id)
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle].hash <= wanted { low = middle + 1 } else { high = middle }
        }
        while low > 0, places[low - 1].hash == wanted {
            low -= 1
            let key = places[low].key
            guard pickle.label(members[key]) == id else { continue }
            let parts = Array(pickle.tuple(members[key + 1]) ?? [])
            guard parts.count == 2, let text = pickle.text(parts[0]),
                let title = pickle.text(parts[1])
            else {
                throw .unreadablePickle(
                    path: path, offset: 0, reason: "passage \(id) is no pair of text and title")
            }
            return (title, text)
        }
        throw .unreadablePickle(
            path: path, offset: 0, reason: "it lacks the passage \(id), which the index names")
    }
}

extension FlatPickle {
    /// Opens a file as one of this room.
    static func open(_ path: String) throws(IndexError) -> FlatPickle {
        let file: MappedFile
        do throws(FileError) {
            file = try MappedFile(path)
        } catch {
            throw .unreadablePickle(path: path, offset: 0, reason: error.reason)
        }
        do throws(FormatError) {
            return try FlatPickle(file)
        } catch {
            throw .unreadablePickle(path: path, offset: error.offset, reason: error.reason)
        }
    }

    /// An id as text: numbers as they are written without zeros before them.
    func label(_ value: Value) -> String {
        if case .integer(let number) = value { return String(number) }
        let text = text(value) ?? ""
        return Int(text).map { String($0) } ?? text
    }
}
