import ArgumentParser
import Sheaf

/// Passages per second of the context encoder in one process.
struct EncodeBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Encode the first passages of a corpus, several times over.")

    @Option(help: "The model folder.") var model: String
    @Option(help: "The corpus.") var corpus: String
    @Option(help: "Passages to encode.") var limit = 512
    @Option(help: "Threads.") var threads = 1
    @Option(help: "Measured runs, after one that is not.") var runs = 1

    func run() throws {
        let encoder = try TextEncoder.load(folder: model, tower: .context)
        let input = try passages(of: corpus, limit: limit).map { ($0.title, $0.text) }
        let clock = ContinuousClock()
        for run in 0...runs {
            let began = clock.now
            let vectors = encoder.encode(passages: input, threads: threads)
            let seconds = (clock.now - began) / .seconds(1)
            guard run > 0, !vectors.isEmpty else { continue }
            try Measurement(
                what: "encode", threads: threads, passages: input.count, seconds: seconds,
                passagesPerSecond: Double(input.count) / seconds
            ).printLine()
        }
    }
}
