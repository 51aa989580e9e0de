import ArgumentParser
import Formats
import Sheaf

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure search results or answers: recall, nDCG, F1.",
        discussion: """
            Examples:

              sheaf evaluate results.json
              sheaf evaluate run.trec --qrels qrels.txt
              sheaf evaluate run.trec --answers nq-test.qa.csv --collection wiki
              sheaf evaluate run.trec --gold questions.jsonl
              sheaf evaluate run.trec --qrels qrels.txt --ties trec --cutoffs 10,100
              sheaf evaluate answers.jsonl --answers nq-test.qa.csv --picture risk.svg

            RESULTS is DPR's JSON, whose own answers count unless another truth is
            named, a TREC run, or MS MARCO's columns question, passage, rank. Questions
            are matched by id (line numbers where a file has none), DPR's results by the
            text of the question too.

            recall is trec_eval's: found over all relevant passages; capped_recall
            divides by no more than the cut-off. recip_rank (MRR) and map look at whole
            lists. Means are over all judged questions with a relevant passage, those
            without results too (trec_eval -c). Equal scores stand as the run ranks
            them; with --ties trec as in trec_eval: scores as 32-bit floats, equal ones
            by passage id, descending.

            Where RESULTS is a file of answers (sheaf read --json), measured are: exact
            match and F1 (SQuAD's), accuracy (a true answer stands in the given one),
            ROUGE-L, BLEU (sacrebleu's 13a, exponential smoothing), distinct n-grams over
            all, whether the cited passage holds the answer, with --gold hit and
            precision over ids and titles, and where answers tell how sure they are,
            risk over coverage and the expected calibration error (15 bins).
            """)

    @Argument(help: "DPR result JSON, a TREC run, MS MARCO's three columns, or answers.")
    var results: String

    @Option(
        help: ArgumentHelp("Questions with answers to look up in the texts.", valueName: "file"))
    var answers: String?

    @Option(help: ArgumentHelp("TREC or BEIR judgements.", valueName: "file"))
    var qrels: String?

    @Option(
        help: ArgumentHelp(
            "Questions with passage_id, passage_ids, titles or positive_ctxs.", valueName: "file"))
    var gold: String?

    @Option(help: "How answers are looked up (default: regex for CuratedTREC, else string).")
    var match: AnswerMode?

    @Option(help: "How a negative relevance in --qrels counts (default: not-relevant).")
    var negatives: NegativeRelevance?

    @Option(
        help: ArgumentHelp("The collection with the texts of a TREC run.", valueName: "name"))
    var collection: String?

    @Option(
        help: ArgumentHelp("How many of the first passages count, in turn.", valueName: "n,n,…"))
    var cutoffs = CutOffs(values: MeasureOptions().cutOffs)

    @Option(
        help: ArgumentHelp(
            "The least relevance in --qrels that is relevant (default: 1).", valueName: "n"))
    var relevanceLevel: Int?

    @Option(help: "The order of equal scores (default: rank).")
    var ties: TieOrder?

    @Flag(help: "Leave out passages with the id of their question.")
    var ignoreIdenticalIds = false

    @Option(
        help: ArgumentHelp(
            "Draw risk over coverage of answers, as SVG.", valueName: "file"))
    var picture: String?

    @OptionGroup var data: DataOption

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if let relevanceLevel, relevanceLevel < 1 {
            throw ValidationError("--relevance-level must be 1 or more.")
        }
    }

    func run() throws {
        guard AnswerEvaluationOrder.isAnswerFile(results) else { return try measureResults() }
        try refuseStrangers(to: .answers)
        var order = AnswerEvaluationOrder(answers: results)
        (order.truth, order.gold, order.match) = (answers, gold, match)
        order.cutOffs = cutoffs.values
        let quality = try order.measure()
        let report = try order.report(of: quality)
        if let picture { try order.draw(quality, to: picture) }
        try Terminal.answer(json ? report.document.text : report.text)
    }

    private func measureResults() throws {
        if [answers, qrels, gold].count(where: { $0 != nil }) > 1 {
            throw SheafError.request(
                "--answers, --qrels and --gold exclude each other. Name one of them.")
        }
        var order = EvaluationOrder(results: results, truth: truth, match: match)
        try refuseStrangers(to: try measurement(order))
        order.options = MeasureOptions(
            cutOffs: cutoffs.values, relevanceLevel: relevanceLevel ?? 1, ties: ties ?? .rank,
            ignoresIdenticalIDs: ignoreIdenticalIds)
        let report = try order.measure(texts: try reader(for: order))
        try Terminal.answer(json ? report.document.text : report.table)
    }

    private func measurement(_ order: EvaluationOrder) throws(SheafError) -> Measurement {
        switch order.truth {
        case .results: .ownAnswers
        case .answers: try order.needsTexts ? .answersOfRun : .answersOfTexts
        case .judgements: .judgements
        case .gold: .gold
        }
    }

    /// Refuses the options that say nothing of what is measured.
    private func refuseStrangers(to measurement: Measurement) throws(SheafError) {
        let lists: Set<Measurement> = [
            .ownAnswers, .answersOfTexts, .answersOfRun, .judgements, .gold,
        ]
        let options: [(name: String, isGiven: Bool, measurements: Set<Measurement>)] = [
            ("--qrels", qrels != nil, [.judgements]),
            ("--negatives", negatives != nil, [.judgements]),
            ("--relevance-level", relevanceLevel != nil, [.judgements]),
            ("--match", match != nil, [.answers, .ownAnswers, .answersOfTexts, .answersOfRun]),
            ("--collection", collection != nil, [.answersOfRun]),
            ("--data", data.path != nil, [.answersOfRun]),
            ("--ties", ties != nil, lists),
            ("--ignore-identical-ids", ignoreIdenticalIds, lists),
            ("--picture", picture != nil, [.answers]),
        ]
        let stranger = options.first { $0.isGiven && !$0.measurements.contains(measurement) }
        guard let stranger else { return }
        throw .request(
            "\(stranger.name) says nothing where \(results) is measured by "
                + "\(measurement.rawValue). Leave it out.")
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
        if let qrels { return .judgements(qrels, negatives: negatives ?? .notRelevant) }
        if let gold { return .gold(gold) }
        return .results
    }
}

/// What results are measured by, which decides the options that say something.
private enum Measurement: String {
    case answers = "the answers that it holds"
    case ownAnswers = "its own passages and true answers"
    case answersOfTexts = "true answers in its own texts"
    case answersOfRun = "true answers in the texts of a collection"
    case judgements = "judgements"
    case gold = "gold passages"
}

/// Numbers from 1 between commas.
struct CutOffs: ExpressibleByArgument {
    var values: [Int]

    init(values: [Int]) { self.values = values }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let values = parts.compactMap { Int($0) }.filter { $0 >= 1 }
        guard values.count == parts.count else { return nil }
        self.values = values
    }

    var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
}
