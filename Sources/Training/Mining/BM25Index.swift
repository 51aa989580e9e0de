public import Corpus
import Foundation
import GRDB

/// A full-text index of a corpus in SQLite, ranked by BM25 (k₁ = 1.2, b = 0.75).
///
/// Lies in a temporary file without a name, which is gone when the process ends. Title and text are
/// searched alike.
/// Words in more than a fifth of all passages are left out of a question that finds enough with its
/// others: they change little in the ranking and cost most of the time.
public final class BM25Index: CandidateSource {
    /// Where the file was, for messages.
    private let path: String
    private let corpus: String
    private let database: DatabaseQueue
    /// Passages in the index.
    public let count: Int

    private static let commonShare = 0.2
    private static let rowsPerTransaction = 10_000

    /// Reads a corpus into an index; memory does not grow with the corpus.
    ///
    /// - Parameter stop: Whether to end before all is read.
    /// - Throws: `TrainingError`; `interrupted` where `stop` says so.
    public init(
        _ source: CorpusSource, scratchFolder: String? = nil, stop: () -> Bool = { false }
    ) throws(TrainingError) {
        let path =
            (scratchFolder ?? NSTemporaryDirectory()) + "/sheaf-bm25-\(UUID().uuidString).sqlite"
        self.path = path
        corpus = source.name
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            // The file is thrown away: nothing is lost with a crash.
            try database.execute(sql: "PRAGMA synchronous = OFF")
            try database.execute(sql: "PRAGMA journal_mode = OFF")
            try database.execute(sql: "PRAGMA cache_size = -65536")
        }
        do {
            database = try DatabaseQueue(path: path, configuration: configuration)
            try database.write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE passage(number INTEGER PRIMARY KEY, id TEXT, title TEXT,
                            text TEXT);
                        CREATE VIRTUAL TABLE words USING fts5(title, text, content='passage',
                            content_rowid='number', tokenize='porter unicode61');
                        """)
            }
        } catch {
            try? FileManager.default.removeItem(atPath: path)
            throw .database(path: path, reason: "\(error)")
        }
        // The file lasts as long as it is open.
        try? FileManager.default.removeItem(atPath: path)
        count = try Self.fill(database, source, path: path, stop)
    }

    private static func fill(
        _ database: DatabaseQueue, _ source: CorpusSource, path: String, _ stop: () -> Bool
    ) throws(TrainingError) -> Int {
        let reader = try readingCorpus { () throws(CorpusError) in try PassageReader(source) }
        var count = 0
        var isAtEnd = false
        while !isAtEnd {
            guard !stop() else { throw .interrupted(step: 0, checkpoint: nil) }
            var block: [Passage] = []
            while block.count < rowsPerTransaction {
                let passage = try readingCorpus { () throws(CorpusError) in try reader.next() }
                guard let passage else {
                    isAtEnd = true
                    break
                }
                block.append(passage)
            }
            let first = count
            let rows = block
            do {
                try database.write { database in
                    let insert = try database.makeStatement(
                        sql: "INSERT INTO passage(number, id, title, text) VALUES (?, ?, ?, ?)")
                    let index = try database.makeStatement(
                        sql: "INSERT INTO words(rowid, title, text) VALUES (?, ?, ?)")
                    for (offset, passage) in rows.enumerated() {
                        let number = first + offset
                        try insert.execute(
                            arguments: [number, passage.id, passage.title, passage.text])
                        try index.execute(arguments: [number, passage.title, passage.text])
                    }
                }
            } catch {
                throw .database(path: path, reason: "\(error)")
            }
            count += block.count
        }
        return count
    }

    /// The passages that hold words of each question, best first; equal ones in corpus order.
    public func candidates(
        for questions: [String], count: Int
    ) throws(TrainingError) -> [[TrainingPassage]] {
        do {
            return try database.read { database in
                try questions.map { try search($0, count, database) }
            }
        } catch {
            throw .database(path: path, reason: "\(error)")
        }
    }

    private func search(
        _ question: String, _ limit: Int, _ database: Database
    ) throws -> [TrainingPassage] {
        let words = Self.words(of: question)
        guard !words.isEmpty else { return [] }
        var rare: [String] = []
        for word in words {
            let frequency = try frequency(of: word, database)
            if frequency > 0, Double(frequency) <= Self.commonShare * Double(count) {
                rare.append(word)
            }
        }
        var found = try search(words: rare, limit, database)
        // Common words alone, or too few passages with rare ones: then all words count.
        if found.count < limit, rare.count < words.count {
            found = try search(words: words, limit, database)
        }
        return found
    }

    private func search(
        words: [String], _ limit: Int, _ database: Database
    ) throws -> [TrainingPassage] {
        guard !words.isEmpty else { return [] }
        let query = words.map { "\"\($0)\"" }.joined(separator: " OR ")
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT passage.id, passage.title, passage.text, found.score FROM (
                    SELECT rowid, bm25(words) AS score FROM words WHERE words MATCH ?
                    ORDER BY score, rowid LIMIT ?) AS found
                JOIN passage ON passage.number = found.rowid
                ORDER BY found.score, found.rowid
                """, arguments: [query, limit])
        return rows.map { row in
            // SQLite's bm25 is better the lower it is.
            TrainingPassage(
                id: row[0], title: row[1], text: row[2], score: -(row[3] as Double), corpus: corpus)
        }
    }

    /// How many passages hold a word, as the index cuts words; 0 where none does.
    private func frequency(of word: String, _ database: Database) throws -> Int {
        if let known = frequencies[word] { return known }
        let found =
            try Int.fetchOne(
                database,
                sql: "SELECT count(*) FROM (SELECT rowid FROM words WHERE words MATCH ? LIMIT ?)",
                arguments: ["\"\(word)\"", Int(Self.commonShare * Double(count)) + 1]) ?? 0
        if frequencies.count < Self.frequenciesKept { frequencies[word] = found }
        return found
    }

    private static let frequenciesKept = 200_000
    private var frequencies: [String: Int] = [:]

    /// The words of a question, each once, in their order.
    private static func words(of question: String) -> [String] {
        var seen: Set<String> = []
        return question.lowercased().split { !($0.isLetter || $0.isNumber) }.map(String.init)
            .filter { seen.insert($0).inserted }
    }
}

extension BM25Index {
    /// Indexes the corpus in a file or folder, its format told by its first record.
    ///
    /// - Parameter stop: Whether to end before all is read.
    public static func open(
        _ path: String, stop: () -> Bool = { false }
    ) throws(TrainingError) -> BM25Index {
        try BM25Index(
            try readingCorpus { () throws(CorpusError) in try CorpusSource(paths: [path]) },
            stop: stop)
    }
}
