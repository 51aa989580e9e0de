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
    func readTable(
        _ body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) {
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
                    hardNegatives: known.hardNegatives.compactMap { column in
                        cells[column].isEmpty ? nil : TrainingPassage(text: cells[column])
                    }))
        }
        if columns == nil { throw .noExamples(path: path, dropped: 0) }
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

    /// Reads the first line; columns that are not known are passed over.
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
        var numbered: [(number: Int, column: Int)] = []
        for (column, name) in names.enumerated() {
            // The documentation of Simple Transformers says hard_negatives, its code the others.
            if name == "hard_negative" || name == "hard_negatives" {
                numbered.append((-1, column))
            } else if name.hasPrefix("hard_negative_"), let number = Int(name.dropFirst(14)) {
                numbered.append((number, column))
            }
        }
        hardNegatives = numbered.sorted { ($0.number, $0.column) < ($1.number, $1.column) }
            .map(\.column)
    }
}
