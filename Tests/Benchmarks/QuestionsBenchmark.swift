import ArgumentParser
import Foundation
import Sheaf

/// Seconds for a whole file of questions, as `sheaf search --questions` asks them.
struct QuestionsBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "questions", abstract: "Ask a file of questions of an indexed collection.")

    @Option(help: "The data folder.") var data: String
    @Option(help: "The collection.") var collection = "benchmark"
    @Option(help: "A file of questions.") var questions: String
    @Option(help: "Questions to ask.") var limit = 1_000
    @Option(help: "Passages per question.") var k = 100
    @Option(help: "Worker processes.") var workers = 2
    @Option(help: "Measured runs, after a short one that is not.") var runs = 1
    @Option(help: "The program that plays coordinator and workers.") var sheaf: String

    func run() async throws {
        unsafe setenv("SHEAF_EXECUTABLE", sheaf, 1)
        let asked = Array(try QuestionFile.read(questions).prefix(limit))
        let cluster = try await Cluster.open(
            DataFolder(path: data), workers: workers, threads: 1, mode: .processes)
        let order = SearchOrder(collection: collection, k: k)
        try await cluster.closing {
            try await cluster.search(Array(asked.prefix(8)), order) { _, _ in }
            let clock = ContinuousClock()
            for _ in 0..<runs {
                let began = clock.now
                try await cluster.search(asked, order) { _, _ in }
                try Measurement(
                    what: "questions", workers: workers, passages: asked.count,
                    seconds: (clock.now - began) / .seconds(1)
                ).printLine()
            }
        }
    }
}
