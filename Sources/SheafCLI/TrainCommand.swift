import ArgumentParser
import Base
import Formats
import Foundation
import Sheaf

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a retriever or a reader over worker processes.",
        discussion: """
            Examples:

              sheaf train --config train.yaml --workers 4
              sheaf train --data.training nq-train.json --model.folder bert-base-uncased \\
                --output run --epochs 40 --optimizer.learningRate 2e-5
              sheaf train --config train.yaml --pooling mean --normalize --max-length 128

            Every setting of the file is also a flag: its name, with dots. Flags win over
            the file; --print shows all settings as a file. Trained weights, checkpoints,
            train_log.jsonl, curves and the logs of the ranks go under --output.

            A worker that dies is started again, and training goes on from the last
            checkpoint. Ctrl-C saves one; the same command again goes on from there, and
            ends with the same bits. Ranks of other hosts join with `sheaf trainer`.
            """)

    /// Where settings start that neither file nor flags name.
    enum Preset: String, CaseIterable, ExpressibleByArgument {
        case dpr, simpleTransformers = "simple-transformers", reader
    }

    @Option(help: ArgumentHelp("Settings as YAML or JSON.", valueName: "file"))
    var config: String?

    @Option(help: "What settings start from.")
    var preset = Preset.dpr

    @Option(
        help: ArgumentHelp(
            "Rank processes here (default: one per core; none with --bind).", valueName: "n"))
    var workers: Int?

    @Option(
        help: ArgumentHelp(
            "Go on with this many when others are lost (default: --workers, or --max-workers).",
            valueName: "n"))
    var minWorkers: Int?

    @Option(
        help: ArgumentHelp(
            "Start with this many; over several hosts each is started with `sheaf trainer --ring`, "
                + "those here too (default: --workers).", valueName: "n"))
    var maxWorkers: Int?

    @Option(
        help: ArgumentHelp(
            "Let ranks of other hosts join here, such as tcp://0.0.0.0:7500.",
            valueName: "endpoint"))
    var bind: String?

    @OptionGroup var keys: ServerKeyOptions

    @OptionGroup(title: "Encoder") var encoder: VectorChoice

    @Flag(help: "Print all settings as YAML, and train nothing.")
    var print = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    @Argument(
        parsing: .allUnrecognized,
        help: ArgumentHelp("Settings by name.", valueName: "--setting value"))
    var settings: [String] = []

    func validate() throws {
        let most = NumberRange.processes.upperBound
        try NumberRange.check("--workers", workers, (bind == nil ? 1 : 0)...most)
        try NumberRange.check("--min-workers", minWorkers, 1...most)
        try NumberRange.check("--max-workers", maxWorkers, 1...most)
        _ = try overrides()
    }

    func run() async throws {
        let configuration = try trainingConfiguration()
        if print { return try Terminal.answer(yaml(configuration)) }
        var order = TrainingOrder(configuration)
        order.workers = workers ?? (bind == nil ? Cluster.defaultWorkers : 0)
        order.minimumRanks = minWorkers ?? (order.workers == 0 ? maxWorkers : nil)
        order.maximumRanks = maxWorkers
        order.endpoint = bind
        order.security = try keys.security
        let line = ProgressLine(isQuiet: quiet)
        defer { line.end() }
        let finalOrder = order
        let isQuiet = quiet
        let summary = try await Interruption.cancels {
            try await finalOrder.run { TrainCommand.show($0, line, isQuiet: isQuiet) }
        }
        line.end()
        try Terminal.answer(json ? summary.document.text : text(summary))
    }

    private static func show(_ news: TrainingNews, _ line: ProgressLine, isQuiet: Bool) {
        switch news {
        case .step(let step):
            let loss = String(format: "%.4f", step.loss)
            let rate = Quantity.rate(step.questionsPerSecond)
            var more = "epoch \(step.epoch), loss \(loss), \(rate) questions/s"
            for (name, value) in (step.measures ?? [:]).sorted(by: { $0.key < $1.key }) {
                more += ", \(name) " + String(format: "%.4f", value)
            }
            line.show(
                phase: "training", done: UInt64(step.step),
                total: UInt64(step.totalSteps), unit: "step", more: more)
        case .note(let note): say("note: " + note, line)
        case .bound(let endpoint): say("ranks can join at \(endpoint)", line)
        case .formed(let ranks, let generation):
            if !isQuiet, generation > 1 {
                let go = ranks == 1 ? "goes" : "go"
                say("\(Quantity.count(ranks, "rank")) \(go) on from the last checkpoint", line)
            }
        case .aborted(let who, let reason): say("\(who): \(reason)", line)
        case .refused(let reason): say(reason, line)
        }
    }

    private static func say(_ text: String, _ line: ProgressLine) {
        line.end()
        Terminal.say(text)
    }

    private func text(_ summary: TrainingSummary) -> String {
        let measures = summary.measures.sorted { $0.key < $1.key }.map {
            "\($0.key) " + String(format: "%.4f", $0.value)
        }
        let waited =
            summary.ranks > 1
            ? String(format: ", %.1f %% of it waiting", 100 * summary.waitedShare) : ""
        let measured = measures.isEmpty ? "" : " (\(measures.joined(separator: ", ")))"
        return """
            \(Quantity.count(summary.steps, "step")) over \
            \(Quantity.count(summary.ranks, "rank")), \
            \(Quantity.time(.seconds(summary.seconds)))\(waited): \
            \(summary.model) of step \(summary.modelStep)\(measured)
            """
    }

    private func yaml(_ configuration: TrainingConfiguration) throws -> String {
        do throws(TrainingError) {
            return try configuration.yaml()
        } catch {
            throw SheafError.request("\(error)")
        }
    }
}

extension TrainCommand {
    private func trainingConfiguration() throws -> TrainingConfiguration {
        let base: TrainingConfiguration =
            switch preset {
            case .dpr: TrainingConfiguration()
            case .simpleTransformers: .simpleTransformers
            case .reader: .reader
            }
        let overrides = encoder.overrides + (try overrides())
        do throws(TrainingError) {
            return try TrainingConfiguration.read(file: config, overrides: overrides, base: base)
        } catch {
            throw SheafError.request("\(error)")
        }
    }

    /// The settings given as flags: `--name value` or `--name=value`.
    private func overrides() throws -> [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        var rest = settings[...]
        while let flag = rest.popFirst() {
            guard flag.hasPrefix("--"), flag.count > 2 else {
                throw ValidationError("“\(flag)” is no setting. Write settings as --name value.")
            }
            let parts = flag.dropFirst(2).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts.first.map(String.init) ?? ""
            if parts.count == 2 {
                found.append((name, String(parts[1])))
            } else if let value = rest.popFirst() {
                found.append((name, value))
            } else {
                throw ValidationError("--\(name) has no value. Write it as --\(name) value.")
            }
        }
        return found
    }
}

extension VectorChoice {
    /// The choices as settings by name; those that are given by their own name come after them.
    fileprivate var overrides: [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        func add(_ names: [String], _ value: String?) {
            guard let value else { return }
            found += names.map { (name: $0, value: value) }
        }
        add(["model.pooling"], pooling?.rawValue)
        add(["model.normalize"], normalize.map { $0 ? "true" : "false" })
        add(
            ["model.maximumLength", "input.maximumQuestionTokens", "input.maximumPassageTokens"],
            maxLength.map(String.init))
        add(["model.queryPrefix"], queryPrefix)
        add(["model.passagePrefix"], passagePrefix)
        return found
    }
}

struct TrainerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trainer",
        abstract: "Run one rank of a training until it ends.",
        discussion: """
            Example, beside `sheaf train --bind tcp://0.0.0.0:7500 …` on the host head:

              sheaf trainer --coordinator tcp://head:7500 --ring tcp://10.0.0.7:0 \\
                --name rank-2 --keys trainer.secret --server-key head.public

            Data, model and output must stand at the same paths as at the coordinator;
            a rank with another model or release is refused. Ctrl-C saves a checkpoint
            and ends the whole training.
            """)

    @Option(
        help: ArgumentHelp(
            "The coordinator's endpoint, such as tcp://head:7500.", valueName: "endpoint"))
    var coordinator: String

    @Option(help: ArgumentHelp("A name that no other rank has.", valueName: "name"))
    var name: String

    @Option(
        help: ArgumentHelp(
            "Where ranks of other hosts reach this one, such as tcp://10.0.0.7:0.",
            valueName: "endpoint"))
    var ring: String?

    @OptionGroup var keys: ClientKeyOptions

    @Flag(help: "Let others reach --ring without keys.")
    var insecure = false

    @Option(help: ArgumentHelp("End when this process has ended.", visibility: .hidden))
    var parent: Int32?

    func validate() throws { try ProcessName.check(name) }

    func run() async throws {
        if let parent { ParentWatch.start(parent: parent) }
        let options = TrainerOptions(
            coordinator: coordinator, name: name,
            security: insecure ? .insecure : try keys.security, ring: ring)
        try await TrainingRank.run(options, stop: Interruption.stream()) { Terminal.say($0) }
    }
}
