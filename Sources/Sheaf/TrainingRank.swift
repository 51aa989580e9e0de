import Base
import ClusterCore
public import ClusterRuntime
import Foundation
import Models
import Tensors
import Training

/// One rank of a training run: what `sheaf trainer` does.
public enum TrainingRank {
    /// Trains as a rank until the run ends.
    ///
    /// - Parameters:
    ///   - options: where the run's coordinator is.
    ///   - stop: yields once when the run shall save a checkpoint and end.
    ///   - rejected: is told why the coordinator does not let this rank in; it is tried again.
    public static func run(
        _ options: TrainerOptions, stop: AsyncStream<Void>,
        rejected: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(SheafError) {
        OpenBLAS.useOneThread()
        let link: TrainerLink
        do throws(ClusterError) {
            link = try TrainerLink(options, rejected: rejected)
        } catch {
            throw .cluster(error)
        }
        let stopper = Task {
            for await _ in stop { break }
            if !Task.isCancelled { link.requestStop() }
        }
        defer {
            stopper.cancel()
            link.close()
        }
        // A thread of its own: a step computes for seconds, and operations of all ranks block.
        try await onOwnThread { () throws(SheafError) in try train(link) }
    }

    /// Trains in one generation after the other, until one brings the work to its end.
    private static func train(_ link: TrainerLink) throws(SheafError) {
        do {
            let text = try link.plan()
            let configuration = try JSONDecoder().decode(
                TrainingConfiguration.self, from: Data(text.utf8))
            let facts = try Self.facts(of: configuration)
            while try !train(link, configuration, facts) {}
        } catch {
            // Where the coordinator is away, or has refused this rank, there is nobody to tell.
            if case .cluster(let reason) = SheafError(error), reason.code != .input {
                throw .cluster(reason)
            }
            let failure = (error as? TrainingError).map { SheafError.request("\($0)") }
            link.fail("\(failure ?? SheafError(error))")
            throw failure ?? SheafError(error)
        }
    }

    /// What must be the same on every rank before they try: told apart by name in a refusal.
    private static func facts(
        of configuration: TrainingConfiguration
    ) throws -> [TrainerFact] {
        var facts = [
            TrainerFact(name: "release", value: Release.version),
            TrainerFact(name: "element type", value: "float32"),
        ]
        let model = configuration.model
        for (name, folder) in [
            ("model", model.folder), ("question model", model.question),
            ("context model", model.context), ("tokenizer", model.random.tokenizer),
        ] where !folder.isEmpty {
            let folder = try typed { try ModelFolders.existing(folder) }
            facts.append(TrainerFact(name: name, value: try ModelDigest.digest(folder: folder)))
        }
        return facts
    }

    /// Trains in one generation: whether the work is done.
    private static func train(
        _ link: TrainerLink, _ configuration: TrainingConfiguration, _ facts: [TrainerFact]
    ) throws -> Bool {
        guard let group = try link.join(facts: facts) else { return true }
        do {
            let trainer = try Trainer(configuration, group: group)
            let report = try trainer.run(hooks(link))
            try finish(link, group, report)
            return true
        } catch {
            switch error {
            case .collective(_, let reason):
                link.leave(group, reason: reason)
                return false
            case .interrupted(let step, let checkpoint):
                let place = checkpoint.map { "checkpoint \($0)" } ?? "no checkpoint"
                try link.finish(group, report: "step \(step), \(place)", isInterrupted: true)
                return true
            default:
                throw error
            }
        }
    }

    private static func hooks(_ link: TrainerLink) -> TrainingHooks {
        var hooks = TrainingHooks()
        // Notes go along with the reports until one of them has left.
        var (told, notes): ([String], [String]) = ([], [])
        hooks.note = { notes.append($0) }
        hooks.shouldStop = { link.isStopping }
        hooks.progress = { progress in
            var step = TrainingStep(
                step: progress.step, totalSteps: progress.totalSteps, epoch: progress.epoch,
                loss: progress.loss, learningRate: progress.learningRate,
                questionsPerSecond: progress.questionsPerSecond,
                secondsLeft: progress.secondsLeft, measures: progress.evaluation?.values)
            link.report(step: progress.step) { hasLeft in
                told = hasLeft ? notes : told + notes
                notes = []
                step.note = told.isEmpty ? nil : told.joined(separator: "\n")
                let text = try? JSONEncoder().encode(step)
                return String(decoding: text ?? Data(), as: UTF8.self)
            }
        }
        return hooks
    }

    private static func finish(
        _ link: TrainerLink, _ group: any CollectiveGroup, _ report: TrainingReport
    ) throws(TrainingError) {
        let summary = TrainingSummary(
            steps: report.steps, model: report.model, modelStep: report.modelStep,
            measures: (report.evaluation?.values ?? [:]).filter(\.value.isFinite),
            endedEarly: report.endedEarly, seconds: report.seconds,
            waitedSeconds: report.waitedSeconds, ranks: group.world, notes: report.notes)
        do {
            // Nobody says that the work is done before it is on every rank.
            try group.barrier()
            let text = String(decoding: try JSONEncoder().encode(summary), as: UTF8.self)
            try link.finish(group, report: text, isInterrupted: false)
        } catch {
            throw .collective(step: report.steps, reason: "\(error)")
        }
    }
}
