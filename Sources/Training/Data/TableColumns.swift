import Corpus

/// Where the columns of a table of training data are, and what a row of it says.
protocol TableColumns {
    /// How many columns there are.
    var count: Int { get }
    /// The names of those that are not used.
    var unused: [String] { get }

    /// The examples of a row.
    ///
    /// - Parameter number: The row's number in the table, from 1.
    func examples(
        in cells: [String], number: Int, place: SourcePlace
    ) throws(TrainingError) -> [TrainingExample]
}

extension TableColumns {
    /// A teacher's score.
    static func score(
        _ cell: String, _ column: String, _ place: SourcePlace
    ) throws(TrainingError) -> Double {
        guard let score = Double(cell), score.isFinite else {
            throw .corpus(.malformed(place: place, reason: .badNumber(field: column, value: cell)))
        }
        return score
    }
}

/// Where the columns of a Simple Transformers table are.
struct TrainingColumns: TableColumns {
    var count: Int
    var question: Int
    var passage: Int
    var title: Int?
    /// In the order of their numbers.
    var hardNegatives: [Int]
    /// The one among them whose cells may hold a list, as a table library writes it.
    var list: Int?
    /// The teacher's score of the gold passage: its own, or how far it is above the negative's.
    var positiveScore: Int?
    /// The teacher's score of the negative.
    var negativeScore: Int?
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
        positiveScore = names.firstIndex(of: "true_p_scores")
        negativeScore = names.firstIndex(of: "true_n_scores")
        if positiveScore == nil || negativeScore == nil {
            (positiveScore, negativeScore) = (names.firstIndex(of: "margin"), nil)
        }
        let used = [question, passage, title, positiveScore, negativeScore]
        var numbered: [(number: Int, column: Int)] = []
        for (column, name) in names.enumerated() {
            if let number = Self.negativeNumber(name) {
                numbered.append((number, column))
            } else if !used.contains(column) {
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

    func examples(
        in cells: [String], number: Int, place: SourcePlace
    ) throws(TrainingError) -> [TrainingExample] {
        var positive = TrainingPassage(title: title.map { cells[$0] } ?? "", text: cells[passage])
        var negatives = negatives(in: cells)
        if let column = positiveScore, negatives.count == 1 {
            let name = negativeScore == nil ? "margin" : "true_p_scores"
            positive.score = try Self.score(cells[column], name, place)
            negatives[0].score =
                try negativeScore.map { column throws(TrainingError) in
                    try Self.score(cells[column], "true_n_scores", place)
                } ?? 0
        }
        return [
            TrainingExample(
                id: "\(number)", question: cells[question],
                positives: positive.text.isEmpty ? [] : [positive], hardNegatives: negatives)
        ]
    }

    /// The hard negatives of a row.
    private func negatives(in cells: [String]) -> [TrainingPassage] {
        hardNegatives.flatMap { column in
            let cell = cells[column]
            let texts = column == list ? PythonList.texts(cell) ?? [cell] : [cell]
            return texts.filter { !$0.isEmpty }.map { TrainingPassage(text: $0) }
        }
    }
}
