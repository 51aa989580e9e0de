import ArgumentParser
import Foundation
import Sheaf

/// Clients that stay connected, each with one question at a time.
struct ClientsBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clients", abstract: "Ask single questions from many clients at once.")

    @Option(help: "The data folder.") var data: String
    @Option(help: "The collection.") var collection = "benchmark"
    @Option(help: "A file of questions.") var questions: String
    @Option(help: "Passages per question.") var k = 10
    @Option(help: "Worker processes.") var workers = 2
    @Option(help: "Clients at once.") var clients = 64
    @Option(help: "Seconds that are measured, after one that is not.") var seconds = 10
    @Option(help: "The program that plays coordinator and workers.") var sheaf: String

    func run() async throws {
        unsafe setenv("SHEAF_EXECUTABLE", sheaf, 1)
        let asked = Array(try QuestionFile.read(questions).prefix(10_000))
        let cluster = try await Cluster.open(
            DataFolder(path: data), workers: workers, threads: 1, mode: .processes)
        try await cluster.closing {
            try await cluster.search([asked[0]], SearchOrder(collection: collection, k: k)) {
                _, _ in
            }
            let clock = ContinuousClock()
            let begin = clock.now + .seconds(1)
            let end = begin + .seconds(seconds)
            let answers = try await withThrowingTaskGroup(of: [Answered].self) { group in
                for number in 0..<clients {
                    group.addTask {
                        let client = try await Cluster.open(
                            DataFolder(path: data), workers: workers, threads: 1,
                            mode: .processes)
                        return try await client.closing {
                            try await ask(asked, from: number, of: client, begin, until: end)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            try measurement(answers).printLine()
        }
    }

    /// One answer: how long a client waited for it, and where the coordinator's time went.
    private struct Answered {
        var whole: UInt64
        var timings: Timings
    }

    /// Asks one question after the other; what begins before `begin` is not counted.
    private func ask(
        _ questions: [Question], from number: Int, of client: Cluster,
        _ begin: ContinuousClock.Instant, until end: ContinuousClock.Instant
    ) async throws -> [Answered] {
        let clock = ContinuousClock()
        var answers: [Answered] = []
        var next = number * questions.count / clients
        while clock.now < end {
            let question = questions[next % questions.count].text
            next += 1
            let began = clock.now
            let answer = try await client.search(question, in: collection, k: k)
            guard began >= begin, answer.found.count == k else { continue }
            answers.append(
                Answered(
                    whole: UInt64((clock.now - began) / .microseconds(1)), timings: answer.timings))
        }
        return answers
    }

    private func measurement(_ answers: [Answered]) -> Measurement {
        let stages: [String: [UInt64]] = [
            "whole": answers.map(\.whole), "encode": answers.map(\.timings.encodeUs),
            "slowest worker": answers.map(\.timings.slowestWorkerUs),
            "search": answers.map(\.timings.searchUs), "fetch": answers.map(\.timings.fetchUs),
            "scatter to texts": answers.map { $0.timings.searchUs + $0.timings.fetchUs },
        ]
        return Measurement(
            what: "clients", workers: workers, clients: clients,
            questionsPerSecond: Double(answers.count) / Double(seconds),
            microsecondsP50: stages.mapValues { $0.quantile(0.5) },
            microsecondsP95: stages.mapValues { $0.quantile(0.95) },
            microsecondsP99: stages.mapValues { $0.quantile(0.99) })
    }
}
