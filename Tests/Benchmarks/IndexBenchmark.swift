import ArgumentParser
import Foundation
import Sheaf

/// Passages per second of a whole indexing run, and what the coordinator's memory comes to.
struct IndexBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Index a corpus on a local cluster in a scratch folder.")

    @Option(help: "The model folder.") var model: String
    @Option(help: "The corpus.") var corpus: String
    @Option(help: "Worker processes.") var workers = 2
    @Option(help: "The program that plays coordinator and workers.") var sheaf: String
    @Option(help: "Keep the data folder here instead of removing it.") var data: String?

    func run() async throws {
        unsafe setenv("SHEAF_EXECUTABLE", sheaf, 1)
        let folder = data ?? NSTemporaryDirectory() + "sheaf-benchmark-\(getpid())"
        defer { if data == nil { try? FileManager.default.removeItem(atPath: folder) } }
        let cluster = try await Cluster.open(DataFolder(path: folder), workers: workers)
        let order = IndexOrder(collection: "benchmark", corpus: [corpus], model: model)
        try await cluster.closing {
            let summary = try await cluster.index(order) { _ in }
            let status = try await cluster.status()
            try Measurement(
                what: "index", workers: workers, passages: Int(summary.passages),
                seconds: summary.seconds,
                passagesPerSecond: Double(summary.passages) / summary.seconds,
                coordinatorBytes: status.residentBytes
            ).printLine()
        }
    }
}
