import ArgumentParser
import Foundation
import Sheaf

/// What scatter, gather and merge add to the slowest shard, one question at a time.
struct SearchBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Ask single questions of an indexed collection.")

    @Option(help: "The data folder.") var data: String
    @Option(help: "The collection.") var collection = "benchmark"
    @Option(help: "A file of questions.") var questions: String
    @Option(help: "Passages per question.") var k = 10
    @Option(help: "Worker processes.") var workers = 2
    @Option(help: "Questions asked, after some that are not measured.") var runs = 300
    @Option(help: "The program that plays coordinator and workers.") var sheaf: String

    func run() async throws {
        unsafe setenv("SHEAF_EXECUTABLE", sheaf, 1)
        let asked = try QuestionFile.read(questions)
        let cluster = try await Cluster.open(
            DataFolder(path: data), workers: workers, threads: 1, mode: .processes)
        let order = SearchOrder(collection: collection, k: k)
        try await cluster.closing {
            let timings = Recorder()
            for run in 0..<(runs + 20) {
                try await cluster.search([asked[run % asked.count]], order) { _, answer in
                    if run >= 20 { timings.add(answer.timings) }
                }
            }
            try timings.measurement(workers: workers).printLine()
        }
    }
}

/// Timings of the answers, per stage.
private final class Recorder: @unchecked Sendable {
    // Answers come one after the other: one question is asked at a time.
    private var stages: [String: [UInt64]] = [:]

    func add(_ timings: Timings) {
        stages["encode", default: []].append(timings.encodeUs)
        stages["search", default: []].append(timings.searchUs)
        stages["slowest worker", default: []].append(timings.slowestWorkerUs)
        stages["scatter, gather, merge", default: []].append(
            timings.searchUs - min(timings.searchUs, timings.slowestWorkerUs))
        stages["fetch", default: []].append(timings.fetchUs)
    }

    func measurement(workers: Int) -> Measurement {
        Measurement(
            what: "search", workers: workers,
            microsecondsP50: stages.mapValues { $0.quantile(0.5) },
            microsecondsP95: stages.mapValues { $0.quantile(0.95) })
    }
}
