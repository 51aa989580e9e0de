import ArgumentParser
import Sheaf

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure search results: accuracy, recall, MRR, nDCG, MAP.",
        discussion: """
            Examples:

              sheaf evaluate results.json
              sheaf evaluate run.trec --qrels qrels.txt
              sheaf evaluate run.trec --answers nq-test.qa.csv --collection wiki
              sheaf evaluate run.trec --gold questions.jsonl

            RESULTS is DPR's JSON, whose own answers count unless another truth is
            named, or a TREC run. Questions are matched by id (line numbers where a file
            has none), DPR's results by the text of the question too. Cut-offs: 1, 5,
            10, 20, 50, 100, 1000.
            """)

    @Argument(help: "DPR result JSON, or a TREC run.")
    var results: String

    @Option(
        help: ArgumentHelp("Questions with answers to look up in the texts.", valueName: "file"))
    var answers: String?

    @Option(help: ArgumentHelp("TREC or BEIR judgements.", valueName: "file"))
    var qrels: String?

    @Option(
        help: ArgumentHelp("Questions with passage_id or passage_ids (JSONL).", valueName: "file"))
    var gold: String?

    @Option(help: "How answers are looked up (default: regex for CuratedTREC, else string).")
    var match: AnswerMode?

    @Option(help: "How a negative relevance in --qrels counts.")
    var negatives = NegativeRelevance.notRelevant

    @Option(
        help: ArgumentHelp("The collection with the texts of a TREC run.", valueName: "name"))
    var collection: String?

    @OptionGroup var data: DataOption

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if [answers, qrels, gold].count(where: { $0 != nil }) > 1 {
            throw ValidationError("--answers, --qrels and --gold exclude each other: name one.")
        }
    }

    func run() throws {
        let order = EvaluationOrder(results: results, truth: truth, match: match)
        let report = try order.measure(texts: try reader(for: order))
        try Terminal.answer(json ? report.document.text : report.table)
    }

    private func reader(for order: EvaluationOrder) throws -> CollectionReader? {
        guard let collection, try order.needsTexts else { return nil }
        do {
            return try CollectionReader(data: data.folder, collection: collection)
        } catch {
            throw SheafError(error)
        }
    }

    private var truth: EvaluationOrder.Truth {
        if let answers { return .answers(answers) }
        if let qrels { return .judgements(qrels, negatives: negatives) }
        if let gold { return .gold(gold) }
        return .results
    }
}
