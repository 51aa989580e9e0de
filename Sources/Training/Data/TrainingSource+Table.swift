import Corpus

extension TrainingSource {
    /// Hands over the rows of a table.
    static func rows(
        of path: String,
        _ body: (SourcePlace, [String]) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        let reader = try readingCorpus { () throws(CorpusError) in try TableReader(path: path) }
        while true {
            let row = try readingCorpus { () throws(CorpusError) in try reader.next() }
            guard let row else { return }
            try body(row.place, row.cells)
        }
    }

    /// Reads a table with named columns.
    ///
    /// - Returns: The columns that are not used.
    func readTable(
        _ body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) -> [String] {
        var columns: TrainingColumns?
        var number = 0
        try Self.rows(of: path) { place, cells throws(TrainingError) in
            guard let known = columns else {
                columns = try TrainingColumns(cells, path: path)
                return
            }
            guard cells.count == known.count else {
                throw .corpus(
                    .malformed(
                        place: place,
                        reason: .wrongColumnCount(expected: known.count, got: cells.count)))
            }
            number += 1
            let title = known.title.map { cells[$0] } ?? ""
            let positive = TrainingPassage(title: title, text: cells[known.passage])
            try body(
                TrainingExample(
                    id: "\(number)", question: cells[known.question],
                    positives: positive.text.isEmpty ? [] : [positive],
                    hardNegatives: known.negatives(in: cells)))
        }
        guard let columns else { throw .noExamples(path: path, dropped: 0) }
        return columns.unused
    }

    /// Reads a question and a passage a row.
    func readTwoColumns(
        _ body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        var number = 0
        try Self.rows(of: path) { place, cells throws(TrainingError) in
            guard cells.count == 2 else {
                throw .corpus(
                    .malformed(
                        place: place, reason: .wrongColumnCount(expected: 2, got: cells.count)))
            }
            number += 1
            if number == 1, ["question", "query", "query_text"].contains(cells[0]) {
                number = 0
                return
            }
            try body(
                TrainingExample(
                    id: "\(number)", question: cells[0],
                    positives: cells[1].isEmpty ? [] : [TrainingPassage(text: cells[1])]))
        }
    }
}

/// Where the columns of a Simple Transformers table are.
struct TrainingColumns: Equatable {
    var count: Int
    var question: Int
    var passage: Int
    var title: Int?
    /// In the order of their numbers.
    var hardNegatives: [Int]
    /// The one among them whose cells may hold a list, as a table library writes it.
    var list: Int?
    /// The names of the others.
    var unused: [String] = []

    /// Reads the first line.
    init(_ names: [String], path: String) throws(TrainingError) {
        count = names.count
        let question = names.firstIndex(of: "query_text")
        let passage = names.firstIndex(of: "gold_passage")
        guard let question, let passage else {
            var missing: [String] = []
            if question == nil { missing.append("query_text") }
            if passage == nil { missing.append("gold_passage") }
            throw .missingColumns(path: path, missing: missing, found: names)
        }
        self.question = question
        self.passage = passage
        title = names.firstIndex(of: "title")
        list = names.firstIndex(of: "hard_negatives")
        var numbered: [(number: Int, column: Int)] = []
        for (column, name) in names.enumerated() {
            if let number = Self.negativeNumber(name) {
                numbered.append((number, column))
            } else if ![question, passage, title].contains(column) {
                unused.append(name)
            }
        }
        hardNegatives = numbered.sorted { ($0.number, $0.column) < ($1.number, $1.column) }
            .map(\.column)
    }

    /// The place of a column of hard negatives among them; nil where it is none.
    ///
    /// The code of Simple Transformers says hard_negative for one and numbers several; of its
    /// releases and its documentation some write the plural.
    private static func negativeNumber(_ name: String) -> Int? {
        for stem in ["hard_negatives", "hard_negative"] where name.hasPrefix(stem) {
            let rest = name.dropFirst(stem.count)
            if rest.isEmpty { return -1 }
            return rest.first == "_" ? Int(rest.dropFirst()) : nil
        }
        return nil
    }

    /// The hard negatives of a row.
    func negatives(in cells: [String]) -> [TrainingPassage] {
        hardNegatives.flatMap { column in
            let cell = cells[column]
            let texts = column == list ? PythonList.texts(cell) ?? [cell] : [cell]
            return texts.filter { !$0.isEmpty }.map { TrainingPassage(text: $0) }
        }
    }
}
