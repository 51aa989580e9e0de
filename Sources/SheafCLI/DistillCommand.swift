public import ArgumentParser
import Formats
import Foundation
public import Sheaf

struct DistillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distill",
        abstract: "Train a retriever on what a reader finds relevant.",
        discussion: """
            Example:

              sheaf mine --input train.json --collection wiki -n 19 --keep-answers \\
                --output candidates.json
              sheaf distill --reader reader/model --input candidates.json \\
                --config train.yaml --alpha 0.5 --temperature 2 --workers 2

            Candidates of a question are its positive and its hard negatives. The reader
            scores them once; the retriever's loss is alpha·T²·KL + (1 − alpha)·NLL. All
            else is as the file says (see `sheaf train`): model, output, epochs and so on.
            """)

    @Option(help: ArgumentHelp("The folder of a DPR reader.", valueName: "dir"))
    var reader: String

    @Option(
        help: ArgumentHelp("Training data with candidates as hard negatives.", valueName: "path"))
    var input: String

    @Option(help: ArgumentHelp("The retriever's settings as YAML or JSON.", valueName: "file"))
    var config: String

    @Option(
        help: ArgumentHelp("The folder of the run (default: the file's output).", valueName: "dir"))
    var output: String?

    @Option(help: ArgumentHelp("Candidates beside the positive.", valueName: "n"))
    var candidates = 19

    @Option(help: "The share of the divergence in the loss.")
    var alpha = 0.5

    @Option(help: "The temperature of both distributions.")
    var temperature = 1.0

    @Flag(help: "Do not multiply the divergence by T².")
    var plainTemperature = false

    @Option(help: "Which way the divergence is taken.")
    var direction = LossSettings.Direction.teacherStudent

    @Option(help: ArgumentHelp("Rank processes (default: one per core).", valueName: "n"))
    var workers: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    func validate() throws {
        if !(0...1).contains(alpha) { throw ValidationError("--alpha must be from 0 to 1.") }
        if !(temperature > 0) { throw ValidationError("--temperature must be above 0.") }
        try NumberRange.check("--candidates", candidates, NumberRange.parts)
        try NumberRange.check("--workers", workers, NumberRange.processes)
    }

    func run() async throws {
        let configuration: TrainingConfiguration
        do throws(TrainingError) {
            configuration = try TrainingConfiguration.read(
                file: config, overrides: output.map { [("output", $0)] } ?? [])
        } catch {
            throw SheafError.request("\(error)")
        }
        var training = TrainingOrder(configuration)
        training.workers = workers ?? Cluster.defaultWorkers
        var order = DistillOrder(
            reader: reader, training: training,
            data: ConvertOrder(input: input, output: "", form: .dpr))
        order.candidates = candidates
        order.alpha = alpha
        order.temperature = temperature
        order.squaresTemperature = !plainTemperature
        order.direction = direction
        order.threads = Cluster.defaultWorkers
        let line = ProgressLine(isQuiet: quiet)
        defer { line.end() }
        let final = order
        let summary = try await Interruption.cancels {
            try await final.run { done in
                line.show(phase: "reading", done: UInt64(done), total: nil, unit: "question")
            } told: { news in
                if case .note(let note) = news {
                    line.end()
                    Terminal.say("note: " + note)
                }
                guard case .step(let step) = news else { return }
                line.show(
                    phase: "epoch \(step.epoch), step", done: UInt64(step.step),
                    total: UInt64(step.totalSteps), unit: "step",
                    more: "loss " + String(format: "%.4f", step.loss))
            }
        }
        line.end()
        if json { return try Terminal.answer(summary.document.text) }
        let measured = TrainingEvaluation(questions: 0, values: summary.measures)
        try Terminal.answer(
            Quantity.count(summary.steps, "step")
                + ": \(summary.model) of step \(summary.modelStep)"
                + (summary.measures.isEmpty ? "" : "\n" + measured.measures))
    }
}

extension LossSettings.Direction: ExpressibleByArgument {}
