import Base
import ClusterCore
public import ClusterRuntime
public import Formats
import Foundation
import Logging
public import Training

/// Trains a model over rank processes, on this host or several.
///
/// Each rank is a process of its own, which this one starts (`sheaf trainer`) or which joins from
/// another host. A rank that dies is started again, and all go on from the last checkpoint. The
/// same order given again goes on where an earlier one stopped.
public struct TrainingOrder: Sendable {
    /// What is trained.
    public var configuration: TrainingConfiguration
    /// Ranks on this host.
    public var workers = 1
    /// The fewest ranks that may train; nil: as many as `workers`.
    public var minimumRanks: Int?
    /// The most ranks that may train; nil: as many as `workers`, or the fewest if that is more.
    public var maximumRanks: Int?
    /// Where ranks of other hosts join, such as `tcp://0.0.0.0:7500`; nil: nowhere.
    public var endpoint: String?
    /// Who may join.
    public var security = SecurityPolicy.localOnly

    /// Creates an order for one rank.
    public init(_ configuration: TrainingConfiguration) {
        self.configuration = configuration
    }

    /// The folder of the ranks' logs.
    public var logFolder: String { configuration.output + "/logs" }

    /// Trains to the end.
    ///
    /// A task that is cancelled saves a checkpoint, ends the ranks and throws
    /// ``SheafError/interrupted(_:)``.
    ///
    /// - Parameter told: is told what happens, on any thread.
    public func run(
        told: @escaping @Sendable (TrainingNews) -> Void = { _ in }
    ) async throws(SheafError) -> TrainingSummary {
        let run = try trainingRun()
        let (stop, stopping) = AsyncStream.makeStream(of: Void.self)
        // All that matters is told; the ranks have logs of their own.
        let log = Logger(label: "training") { _ in SwiftLogNoOpLogHandler() }
        let notes = NotesOnce { told(.note($0)) }
        let outcome = try await typed(interrupted: "Interrupted.") {
            try await withTaskCancellationHandler {
                // A task of its own: what is left to do after a cancellation must not be cancelled.
                try await Task {
                    try await TrainingCoordinator.run(run, log: log, stop: stop) { event in
                        guard let news = TrainingNews(event) else { return }
                        if case .step(let step) = news { notes.tell(step.notes) }
                        told(news)
                    }
                }.value
            } onCancel: {
                stopping.yield()
                stopping.finish()
            }
        }
        if outcome.isInterrupted {
            throw .interrupted(
                "Training was interrupted\(outcome.report.isEmpty ? "" : "; " + outcome.report). "
                    + "Give the same command to go on.")
        }
        let summary = try typed {
            var summary = try JSONDecoder().decode(
                TrainingSummary.self, from: Data(outcome.report.utf8))
            summary.generations = Int(clamping: outcome.generations)
            guard summary.isPlausible else {
                throw SheafError.request("The first rank reports numbers that cannot be.")
            }
            return summary
        }
        // A run may end before a report with its notes has left.
        notes.tell(summary.notes)
        return summary
    }

    private func trainingRun() throws(SheafError) -> TrainingRun {
        do throws(TrainingError) {
            try configuration.validate()
        } catch {
            throw .request("\(error)")
        }
        let least = minimumRanks ?? max(workers, 1)
        let most = maximumRanks ?? max(workers, least)
        guard workers >= 0, least >= 1, most >= max(workers, least) else {
            throw .request(
                "\(workers) workers do not fit in \(least) to \(most) ranks. Give --workers, "
                    + "--min-workers and --max-workers that do.")
        }
        guard endpoint != nil || most == workers else {
            throw .request(
                "\(workers) workers are to be \(most) ranks, and no other can join. Raise "
                    + "--workers, or let others join with --bind.")
        }
        let text = try typed {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return String(decoding: try encoder.encode(configuration), as: UTF8.self)
        }
        return TrainingRun(
            configuration: text, rendezvous: .init(minimum: least, maximum: most),
            localRanks: workers, endpoint: endpoint, security: security, folder: logFolder)
    }
}

/// What a training run tells while it goes on.
public enum TrainingNews: Equatable, Sendable {
    /// Ranks of other hosts can join here.
    case bound(endpoint: String)
    /// Ranks train together; from the second time on, after one was lost.
    case formed(ranks: Int, generation: UInt64)
    /// The ranks stopped, and will go on from the last checkpoint.
    case aborted(by: String, reason: String)
    /// A rank was not let in, or its connection was closed: why, with the remedy.
    case refused(String)
    /// How far training is.
    case step(TrainingStep)
    /// What people ought to know, as it is found out or at the end; each is told once.
    case note(String)

    init?(_ event: TrainingEvent) {
        switch event {
        case .bound(let endpoint): self = .bound(endpoint: endpoint)
        case .formed(let generation, let names):
            self = .formed(ranks: names.count, generation: generation)
        case .aborted(_, let who, let reason): self = .aborted(by: who, reason: reason)
        case .refused(let reason): self = .refused(reason)
        case .progress(let text):
            guard
                let step = try? JSONDecoder().decode(TrainingStep.self, from: Data(text.utf8))
            else { return nil }
            guard step.isPlausible else { return nil }
            self = .step(step)
        }
    }
}

/// Tells notes, each once, whoever brings them.
private final class NotesOnce: Sendable {
    private let told = Locked(Set<String>())
    private let tell: @Sendable (String) -> Void

    init(_ tell: @escaping @Sendable (String) -> Void) { self.tell = tell }

    func tell(_ notes: [String]) {
        for note in notes where told.withLock({ $0.insert(note).inserted }) { tell(note) }
    }
}

/// How far training is, as the first rank says it.
public struct TrainingStep: Codable, Equatable, Sendable {
    /// Steps done.
    public var step: Int
    /// Steps of the whole run.
    public var totalSteps: Int
    /// The epoch under way, from 1.
    public var epoch: Int
    /// The loss of the last step.
    public var loss: Double
    /// The learning rate of the last step.
    public var learningRate: Double
    /// Questions a second, over all ranks.
    public var questionsPerSecond: Double
    /// Seconds until the end at this pace.
    public var secondsLeft: Double
    /// What was last measured, by name of the measure.
    public var measures: [String: Double]?
    /// What people ought to know, a line each.
    public var note: String?

    /// The lines of ``note``.
    var notes: [String] { note?.split(separator: "\n").map(String.init) ?? [] }

    /// Whether a run can be there: the numbers come from another process.
    var isPlausible: Bool {
        let counts = 0...1_000_000_000_000
        let amounts = 0.0...1e12
        return counts.contains(step) && counts.contains(totalSteps) && counts.contains(epoch)
            && amounts.contains(questionsPerSecond) && amounts.contains(secondsLeft)
    }
}

/// What came out of a training run.
public struct TrainingSummary: Codable, Equatable, Sendable {
    /// Steps done, those before a resumption included.
    public var steps: Int
    /// The folder of the trained model.
    public var model: String
    /// The step after which it was measured or kept.
    public var modelStep: Int
    /// What was measured for it, by name of the measure.
    public var measures: [String: Double]
    /// Whether training ended early, for lack of better measurements.
    public var endedEarly: Bool
    /// Seconds of the last generation.
    public var seconds: Double
    /// Of these, how long the rank that waited longest did so, for others and for the wire.
    public var waitedSeconds: Double
    /// How many ranks trained at the end.
    public var ranks: Int
    /// How many times ranks came together.
    public var generations = 1
    /// What people ought to know of it: what was left out, and what cannot have an effect.
    public var notes: [String]
}

extension TrainingSummary {
    /// Whether a run can have come to that: the numbers come from another process.
    var isPlausible: Bool {
        let counts = 0...1_000_000_000_000
        let amounts = 0.0...1e12
        return counts.contains(steps) && counts.contains(modelStep) && counts.contains(ranks)
            && amounts.contains(seconds) && amounts.contains(waitedSeconds)
    }

    /// The share of the time that the rank that waited longest did so.
    public var waitedShare: Double { seconds > 0 ? waitedSeconds / seconds : 0 }

    /// All of it for programs.
    public var document: JSONValue {
        [
            "steps": .integer(UInt64(steps)), "model": .string(model),
            "modelStep": .integer(UInt64(modelStep)),
            "measures": .object(
                measures.sorted { $0.key < $1.key }.map {
                    JSONValue.Member($0.key, $0.value.isFinite ? .real($0.value) : .null)
                }),
            "endedEarly": .bool(endedEarly), "seconds": .real(seconds),
            "waitedSeconds": .real(waitedSeconds), "waitedShare": .real(waitedShare),
            "ranks": .integer(UInt64(ranks)), "generations": .integer(UInt64(generations)),
            "notes": .strings(notes),
        ]
    }
}
