public import ArgumentParser
import Formats
public import Sheaf

/// Training data to be read, and where they are written.
struct TrainingDataOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Training data: DPR JSON, a table, pairs, a BEIR or MS MARCO folder.",
            valueName: "path"))
    var input: String

    @Option(help: ArgumentHelp("The file or folder to write.", valueName: "path"))
    var output: String

    @Option(help: "The form that is written.")
    var to = TrainingWriter.Form.dpr

    @Option(
        name: .customLong("corpus"),
        help: ArgumentHelp(
            "The corpus of questions that name their passages by passage_id.", valueName: "file"))
    var corpus: String?

    @Option(
        help: ArgumentHelp(
            "Lists of negatives for --corpus: qid<TAB>passage:score …", valueName: "file"))
    var negatives: String?

    @Option(help: "The split of BEIR and MS MARCO folders.")
    var split = "train"

    var order: ConvertOrder {
        var order = ConvertOrder(input: input, output: output, form: to)
        order.corpus = corpus
        order.negatives = negatives
        order.split = split
        return order
    }
}

extension TrainingWriter.Form: ExpressibleByArgument {}

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Rewrite training data from one form into another.",
        discussion: """
            Examples:

              sheaf convert --input train.tsv --output train.json
              sheaf convert --input questions.jsonl --corpus corpus.tsv \\
                --negatives bm25.tsv --output train.json
              sheaf convert --input nq-train.json --to simple-transformers \\
                --hard-negatives 3 --output train.tsv
              sheaf convert --input scifact --split test --to dpr --output test.json

            The form of the input is told by looking. Rows without a positive, and
            negatives equal to a positive, are dropped and counted; columns that are
            not used are named.
            """)

    @OptionGroup var data: TrainingDataOptions

    @Option(help: ArgumentHelp("Columns of hard negatives in a table.", valueName: "n"))
    var hardNegatives = 1

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try NumberRange.check(
            "--hard-negatives", hardNegatives, 0...NumberRange.parts.upperBound)
    }

    func run() throws {
        var order = data.order
        order.hardNegatives = hardNegatives
        let report = try order.run()
        if json {
            let document: JSONValue = [
                "written": .integer(UInt64(report.written)),
                "dropped_rows": .integer(UInt64(report.dropped.rows)),
                "negatives_equal_to_positive": .integer(
                    UInt64(report.dropped.negativesEqualToPositive)),
                "lists_of_other_questions": .integer(
                    UInt64(report.dropped.listsOfOtherQuestions)),
                "unused_columns": .array(report.dropped.unusedColumns.map { .string($0) }),
            ]
            return try Terminal.answer(document.text)
        }
        let dropped = report.dropped.summary
        try Terminal.answer(
            "\(Quantity.count(report.written, "example")) in \(data.output)"
                + (dropped.isEmpty ? "" : "; dropped: \(dropped)"))
    }
}
