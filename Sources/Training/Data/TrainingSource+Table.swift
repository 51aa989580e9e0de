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
        var columns: (any TableColumns)?
        var number = 0
        try Self.rows(of: path) { place, cells throws(TrainingError) in
            guard let known = columns else {
                let isQuartet = QuartetColumns.belong(to: cells)
                columns =
                    isQuartet
                    ? try QuartetColumns(cells, path: path)
                    : try TrainingColumns(cells, path: path)
                return
            }
            guard cells.count == known.count else {
                throw .corpus(
                    .malformed(
                        place: place,
                        reason: .wrongColumnCount(expected: known.count, got: cells.count)))
            }
            number += 1
            for example in try known.examples(in: cells, number: number, place: place) {
                try body(example)
            }
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
