import Corpus

/// The validation data as one pool of different passages, and those of a corpus where one is named.
struct EvaluationPool {
    /// One question.
    struct Example {
        /// The source's own id.
        var id: String
        var question: String
        /// Column of its first positive.
        var positive: Int
        /// What tells the positives of its question from others: none of them counts against it.
        var positives: [PassageIdentity]
        /// Columns that it brings into a batch.
        var inBatch: [Int]
    }

    private(set) var examples: [Example] = []
    /// The passages of the data; a column is an index here, and behind them among the others.
    let references: [ExampleStore.Reference]
    /// The passages of the corpus that the data have not, by their number in it.
    private var others: [Int] = []
    private let corpus: PassageList?
    private var identities: [PassageIdentity]
    private let batchSize: Int

    init(_ store: ExampleStore, _ settings: TrainingConfiguration) throws(TrainingError) {
        let evaluation = settings.evaluation
        batchSize = evaluation.batchSize
        var known: [PassageContent: Int] = [:]
        var references: [ExampleStore.Reference] = []
        var identities: [PassageIdentity] = []
        func column(_ reference: ExampleStore.Reference) throws(TrainingError) -> Int {
            if let column = known[reference.content] { return column }
            known[reference.content] = references.count
            references.append(reference)
            identities.append(try store.passage(reference).identity)
            return references.count - 1
        }
        func columns(
            _ references: some Sequence<ExampleStore.Reference>
        ) throws(TrainingError) -> [Int] {
            var columns: [Int] = []
            for reference in references { columns.append(try column(reference)) }
            return columns
        }
        let count =
            evaluation.maximumExamples > 0
            ? min(evaluation.maximumExamples, store.count) : store.count
        for number in 0..<count {
            let outline = try store.outline(number)
            let positives = try columns(outline.positives)
            let hard = try columns(outline.hardNegatives.prefix(evaluation.hardNegatives))
            let others = try columns(outline.negatives.prefix(evaluation.otherNegatives))
            examples.append(
                Example(
                    id: outline.id, question: outline.question, positive: positives[0],
                    positives: store.positives(of: outline.question),
                    inBatch: [positives[0]]
                        + (hard + others).prefix(settings.input.hardNegatives)))
        }
        self.references = references
        self.identities = identities
        corpus =
            evaluation.additionalPassages.isEmpty
            ? nil
            : try PassageList(
                try readingCorpus { () throws(CorpusError) in
                    try CorpusSource(paths: [evaluation.additionalPassages])
                })
        guard let corpus else { return }
        var seen = Set(known.keys)
        for number in 0..<corpus.count {
            let passage = try corpus.passage(number)
            guard seen.insert(passage.content).inserted else { continue }
            others.append(number)
            self.identities.append(passage.identity)
        }
    }

    /// Passages.
    var count: Int { references.count + others.count }

    /// The passage of a column.
    func passage(
        _ column: Int, in store: ExampleStore
    ) throws(TrainingError) -> TrainingPassage {
        guard column >= references.count, let corpus else {
            return try store.passage(references[column])
        }
        return try corpus.passage(others[column - references.count])
    }

    /// Whether a column is one of an example's positives.
    func isKnown(_ column: Int, _ example: Example) -> Bool {
        example.positives.holds(identities[column])
    }

    /// The columns of the batch that a question is in, each once.
    func batchColumns(of question: Int) -> [Int] {
        let first = question / batchSize * batchSize
        var seen: Set<Int> = []
        var columns: [Int] = []
        for other in first..<min(first + batchSize, examples.count) {
            for column in examples[other].inBatch where seen.insert(column).inserted {
                columns.append(column)
            }
        }
        return columns
    }
}
