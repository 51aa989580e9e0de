import Corpus

/// Where the columns of a table of quartets are: two questions a row, two passages, and a teacher's
/// score of each question with each passage.
///
/// A row is two examples. Each has the passage that the teacher prefers as its positive and the
/// other as its hard negative, as Simple Transformers labels them.
struct QuartetColumns: TableColumns {
    var count: Int
    var unused: [String]
    private var questions: [Int] = []
    private var passages: [Int] = []
    private var titles: [Int?] = []
    /// Per question the columns of its scores with either passage.
    private var scores: [[Int]] = []
    private let names: [String]

    private static let letters = ["a", "b"]

    /// Tells whether a table is of this kind.
    static func belong(to names: [String]) -> Bool {
        names.contains("query_text_a") || names.contains("passage_text_a")
    }

    /// Reads the first line.
    init(_ names: [String], path: String) throws(TrainingError) {
        count = names.count
        self.names = names
        var missing: [String] = []
        func column(_ name: String) -> Int {
            guard let column = names.firstIndex(of: name) else {
                missing.append(name)
                return 0
            }
            return column
        }
        for letter in Self.letters {
            questions.append(column("query_text_" + letter))
            passages.append(column("passage_text_" + letter))
            titles.append(names.firstIndex(of: "title_" + letter))
            scores.append(Self.letters.map { column(letter + $0 + "_score") })
        }
        guard missing.isEmpty else {
            throw .missingColumns(path: path, missing: missing, found: names)
        }
        let used = Set(questions + passages + titles.compactMap { $0 } + scores.joined())
        unused = names.indices.filter { !used.contains($0) }.map { names[$0] }
    }

    func examples(
        in cells: [String], number: Int, place: SourcePlace
    ) throws(TrainingError) -> [TrainingExample] {
        var examples: [TrainingExample] = []
        for question in 0..<2 {
            var both: [TrainingPassage] = []
            for passage in 0..<2 {
                let column = scores[question][passage]
                both.append(
                    TrainingPassage(
                        title: titles[passage].map { cells[$0] } ?? "",
                        text: cells[passages[passage]],
                        score: try Self.score(cells[column], names[column], place)))
            }
            let (own, other) = (both[question], both[1 - question])
            // Where both are as good, the other one is the label there.
            let prefersOwn = (own.score ?? 0) > (other.score ?? 0)
            let (positive, negative) = prefersOwn ? (own, other) : (other, own)
            examples.append(
                TrainingExample(
                    id: "\(number)\(Self.letters[question])", question: cells[questions[question]],
                    positives: positive.text.isEmpty ? [] : [positive],
                    hardNegatives: [negative], isOfQuartet: true))
        }
        return examples
    }
}
