import ArgumentParser
import Foundation
import Sheaf

/// Measures Sheaf; each measurement is one JSON object on a line of standard output.
///
/// Peers are measured by `scripts/benchmark`, which interleaves them with these and prints the
/// ratios.
@main
struct Benchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "SheafBenchmarks",
        abstract: "Measure Sheaf: one JSON object per measurement.",
        subcommands: [
            AllReduceBenchmark.self, ClientsBenchmark.self, EncodeBenchmark.self,
            ExactnessCheck.self, GemmBenchmark.self,
            GenerateBenchmark.self, GradientCacheBenchmark.self, ScanBenchmark.self,
            SearchBenchmark.self,
            QuestionsBenchmark.self, TokenizeBenchmark.self, QuestionListing.self,
            TrainStepBenchmark.self,
        ])
}

/// A measurement as it is printed.
struct Measurement: Encodable {
    var what: String
    var threads: Int?
    var workers: Int?
    var precision: String?
    var clients: Int?
    var passages: Int?
    var seconds: Double?
    var passagesPerSecond: Double?
    var questionsPerSecond: Double?
    var microsecondsP50: [String: UInt64]?
    var microsecondsP95: [String: UInt64]?
    var microsecondsP99: [String: UInt64]?
}

extension [UInt64] {
    /// The value below which `share` of the values lie.
    func quantile(_ share: Double) -> UInt64 {
        guard !isEmpty else { return 0 }
        return sorted()[Swift.min(count - 1, Int(Double(count) * share))]
    }
}

/// The first passages of a corpus.
func passages(of corpus: String, limit: Int) throws -> [Passage] {
    let reader = try PassageReader(try CorpusSource(paths: [corpus]))
    var passages: [Passage] = []
    while passages.count < limit, let passage = try reader.next() { passages.append(passage) }
    return passages
}
