import ArgumentParser
import Formats
import Sheaf

struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Choose how sure an answer must be to be given.",
        discussion: """
            Examples:

              sheaf calibrate dev-answers.jsonl --risk 0.2
              sheaf calibrate dev-answers.jsonl --answers dev.qa.csv --wrong-costs 2

            ANSWERS are those to a development set, each with its probability. The
            threshold is the one for --abstain-below: with --risk the lowest that leaves
            at most that share of given answers wrong, else the one at which right
            answers less wrong ones (times --wrong-costs) are most. With --certainty the
            risk is the one that other questions of the kind keep to with that
            probability, which takes some hundred answers.
            """)

    @Argument(help: "Answers with their probability, one JSON object a line.")
    var given: String

    @Option(
        help: ArgumentHelp("The file with the questions' true answers.", valueName: "file"))
    var answers: String?

    @Option(help: ArgumentHelp("Given answers that may be wrong.", valueName: "share"))
    var risk: Double?

    @Option(help: ArgumentHelp("How sure it is that the risk is kept.", valueName: "p"))
    var certainty: Double?

    @Option(help: ArgumentHelp("Right answers that a wrong one costs.", valueName: "n"))
    var wrongCosts: Double?

    @Option(help: "How answers are compared (default: regex for CuratedTREC, else string).")
    var match: AnswerMode?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if let risk, !(0..<1).contains(risk) {
            throw ValidationError("--risk is a share from 0 to below 1.")
        }
        if let certainty, !(0.5..<1).contains(certainty) {
            throw ValidationError("--certainty is a probability from 0.5 to below 1.")
        }
        if let wrongCosts, !(wrongCosts > 0 && wrongCosts.isFinite) {
            throw ValidationError("--wrong-costs is a number above 0.")
        }
        if risk != nil, wrongCosts != nil {
            throw ValidationError("--risk and --wrong-costs exclude each other: name one.")
        }
        if certainty != nil, risk == nil { throw ValidationError("--certainty goes with --risk.") }
    }

    func run() throws {
        var order = AnswerEvaluationOrder(answers: given)
        order.truth = answers
        order.match = match
        let aim: CalibrationOrder.Aim =
            risk.map { .risk($0, certainty: certainty) } ?? .cost(wrongCosts ?? 1)
        let calibration = try CalibrationOrder(order, aim: aim).calibrate()
        try Terminal.answer(json ? calibration.document.text : calibration.text)
    }
}
