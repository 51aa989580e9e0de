import ArgumentParser
import Generation
import Models
import Sheaf
import TestSupport

/// How fast outputs are generated for sources of given length, of tokens drawn at random.
struct GenerateBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Generate outputs for random sources.")

    @Option(help: "The model folder.") var model: String
    @Option(help: "Sources.") var sources = 5
    @Option(help: "Tokens of a source.") var tokens = 300
    @Option(help: "Beams.") var beams = 4
    @Option(help: "New tokens of an output.") var newTokens = 12
    @Option(help: "Threads.") var threads = 1
    @Option(help: "The numbers linear layers compute in: float32 or i16.")
    var precision = "float32"
    @Option(help: "Measured runs.") var runs = 1

    func run() throws {
        guard let precision = Precision(rawValue: precision) else {
            throw ValidationError("'\(precision)' is no precision")
        }
        let generator = try Generator.load(folder: model, precision: precision)
        var dice = Dice(seed: 1)
        let all = (0..<sources).map { _ in
            (0..<tokens).map { _ in Int32(dice.below(generator.vocabularySize)) }
        }
        var options = GenerationOptions()
        options.beams = beams
        options.maximumNewTokens = newTokens
        options.minimumNewTokens = newTokens
        let clock = ContinuousClock()
        for run in 0...runs {
            let seconds =
                try clock.measure {
                    _ = try generator.generate(all, options: options, threads: threads)
                } / .seconds(1)
            guard run > 0 else { continue }
            try Measurement(
                what: "generate", threads: threads, precision: precision.rawValue,
                passages: sources, seconds: seconds
            ).printLine()
        }
    }
}
