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
    @Option(help: "float32 or i16.") var precision = "float32"
    @Option(help: "Measured runs, after a short one that is not.") var runs = 1

    func run() throws {
        let encoder = try encoder(model, precision)
        let input = try passages(of: corpus, limit: limit).map { ($0.title, $0.text) }
        _ = encoder.encode(passages: Array(input.prefix(32)), threads: threads)
        let clock = ContinuousClock()
        for _ in 0..<runs {
            let began = clock.now
            let vectors = encoder.encode(passages: input, threads: threads)
            let seconds = (clock.now - began) / .seconds(1)
            guard !vectors.isEmpty else { continue }
            try Measurement(
                what: "encode", threads: threads, precision: precision, passages: input.count,
                seconds: seconds, passagesPerSecond: Double(input.count) / seconds
            ).printLine()
        }
    }
}

/// The context encoder of a folder, in the precision that is named.
func encoder(_ model: String, _ precision: String) throws -> TextEncoder {
    guard let precision = Precision(rawValue: precision) else {
        throw ValidationError("“\(precision)” is no precision. Name float32 or i16.")
    }
    return try TextEncoder.load(
        folder: model, tower: .context, options: EncoderOptions(precision: precision))
}
