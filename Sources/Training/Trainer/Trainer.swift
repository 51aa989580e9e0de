import Base
import Corpus
import Foundation
import Models

/// Trains a model as one rank of a group, from its data to a folder that opens for inference.
///
///     var configuration = TrainingConfiguration()
///     configuration.data.training = ["nq-train.json"]
///     configuration.model.folder = "bert"
///     configuration.output = "run"
///     let report = try Trainer(configuration).run()
///
/// Every rank makes one with the same configuration and runs it; rank 0 writes. A run that finds
/// checkpoints of its own in the output folder goes on from the newest sound one, and ends with
/// the same bits as one that was never interrupted. Calls block: give a run a thread of its own.
public final class Trainer {
    /// Steps between comparisons of the ranks' parameters.
    public static let stepsBetweenHashes = 50

    let configuration: TrainingConfiguration
    let group: any CollectiveGroup
    let task: any TrainingTask
    let optimizer: Optimizer
    let checkpoints: CheckpointFolder
    var state = TrainingState()
    var hooks = TrainingHooks()
    var log: TrainingLog?
    /// The log as the checkpoint knows it that this run resumed from.
    var logMark: LogMark?
    /// The step of the newest checkpoint of this process or the one it resumed from.
    var lastCheckpoint: Int?
    /// What a person ought to know of the result, each said once.
    private(set) var notes: [String] = []
    /// What of the validation data cannot be measured on.
    private var validationLeftOut = DroppedRows()
    /// What was cut off the texts of this process.
    var cuts = TextCuts()
    /// The epoch whose negatives were found last.
    var refreshedEpoch: Int?

    /// Opens data and model.
    ///
    /// - Parameters:
    ///   - configuration: The same on every rank.
    ///   - group: The ranks; one of its own by default.
    ///   - teacher: Scores passages where the loss needs it; without, the data's scores count.
    /// - Throws: `TrainingError`: settings that cannot be meant, data or a model that cannot be
    ///   read.
    public convenience init(
        _ configuration: TrainingConfiguration, group: any CollectiveGroup = SoloGroup(),
        teacher: TeacherScores? = nil
    ) throws(TrainingError) {
        try configuration.validate()
        let stores = try configuration.data.trainingStores()
        let validation = try configuration.data.validationStore()
        let task: any TrainingTask
        switch configuration.kind {
        case .retriever:
            task = try RetrieverTask(
                try configuration.model.towers(seed: configuration.seed), stores: stores,
                validation: validation, settings: configuration, group: group, teacher: teacher)
        case .reader:
            task = ReaderTask(
                try configuration.model.reader(seed: configuration.seed), stores: stores,
                validation: validation, settings: configuration, group: group)
        }
        try self.init(configuration, group: group, task: task)
        validationLeftOut = validation?.dropped ?? DroppedRows()
    }

    /// Takes a task, so that tests can bring their own models.
    init(
        _ configuration: TrainingConfiguration, group: any CollectiveGroup, task: any TrainingTask
    ) throws(TrainingError) {
        self.configuration = configuration
        self.group = group
        self.task = task
        optimizer = Optimizer(task.parameterSets, configuration.optimizer)
        let identity = try RunIdentity(configuration, task: task)
        checkpoints = CheckpointFolder(
            configuration.output + "/checkpoints", identity: identity)
        try agree(on: identity)
    }

    /// Where the trained model is put.
    var modelFolder: String { configuration.output + "/model" }

    /// Steps of an epoch.
    public var stepsPerEpoch: Int { configuration.stepsPerEpoch(sizes: task.sizes) }

    /// Steps of the whole run.
    public var totalSteps: Int { configuration.totalSteps(sizes: task.sizes) }

    /// Trains until the end, from where an earlier process stopped.
    ///
    /// - Throws: `TrainingError`; checkpoints written before stay usable.
    public func run(_ hooks: TrainingHooks = TrainingHooks()) throws(TrainingError)
        -> TrainingReport
    {
        self.hooks = hooks
        let start = ContinuousClock.now
        let whole = Exposure(of: group)
        tellDropped()
        tellIdleSettings()
        try resume()
        if group.rank == 0 {
            log = try TrainingLog(
                configuration.output + "/train_log.jsonl", keepingUpTo: state.step, mark: logMark)
        }
        if configuration.accumulationSteps > 1 {
            note(
                "Accumulating \(configuration.accumulationSteps) batches adds up their gradients;"
                    + " it gives no question more negatives. memory.chunkSize with a larger"
                    + " batchSize does.")
        }
        var sampler = configuration.sampler(sizes: task.sizes)
        let steps = stepsPerEpoch
        let total = totalSteps
        let schedule = Schedule(
            configuration.schedule, peak: configuration.optimizer.learningRate, total: total)
        var pace = Pace()
        while state.step < total, !state.endedEarly {
            let epoch = state.step / steps
            if state.step % steps == 0 { try refresh(epoch) }
            let exposure = Exposure(of: group)
            let batches = self.batches(&sampler, epoch: epoch, within: state.step % steps)
            let learningRate = schedule.learningRate(step: state.step)
            let (statistics, norm, repeats) = try step(batches, epoch: epoch, learningRate)
            if statistics.loss == 0 {
                noteOnce(
                    beginning: "The loss is 0",
                    "The loss is 0 at step \(state.step), so nothing is learnt there: no question"
                        + " of the batch meets a passage that is not its own. Check that the"
                        + " passages differ, or raise batchSize or input.hardNegatives.")
            }
            let waited = exposure.soFar
            let rate = pace.add(statistics.questions)
            try logStep(
                statistics, norm: norm, repeats: repeats, learningRate: learningRate,
                epoch: epoch + 1, waited: waited, seconds: start.seconds,
                isEnd: state.step == total)
            var progress = TrainingProgress(
                step: state.step, totalSteps: total, epoch: epoch + 1, loss: statistics.loss,
                learningRate: learningRate, questionsPerSecond: rate.questions,
                secondsLeft: Double(total - state.step) * rate.secondsPerStep, evaluation: nil)
            progress.evaluation = try endOfStep(
                isEpochEnd: state.step % steps == 0, isEnd: state.step == total)
            cuts.add(statistics.ownCuts)
            if state.step == total || state.endedEarly { try tellCuts() }
            hooks.progress(progress)
        }
        try drawCurves()
        return TrainingReport(
            steps: state.step, model: modelFolder,
            modelStep: state.best == nil ? state.step : state.bestStep, evaluation: state.best,
            endedEarly: state.endedEarly, seconds: start.seconds,
            waitedSeconds: try longestWait(whole), notes: notes)
    }

    /// Says something, now and in the result.
    func note(_ text: String) {
        notes.append(text)
        hooks.note(text)
    }

    /// Says something unless what begins alike was said before.
    private func noteOnce(beginning: String, _ text: String) {
        if !notes.contains(where: { $0.hasPrefix(beginning) }) { note(text) }
    }

    /// Tells what had to be assumed, and which settings cannot do what they are there for.
    private func tellIdleSettings() {
        for text in task.assumptions { note(text) }
        let warmup = configuration.schedule.warmup(of: totalSteps)
        if warmup >= totalSteps {
            note(
                "The warm-up has \(counted(warmup, "step")) and the run \(totalSteps): the learning"
                    + " rate never reaches \(configuration.optimizer.learningRate). Lower"
                    + " schedule.warmupSteps or schedule.warmupRatio.")
        }
        let decayStart = configuration.loss.contrastDecayStart
        if decayStart >= totalSteps {
            note(
                "loss.contrastDecayStart is \(decayStart) and the run has"
                    + " \(counted(totalSteps, "step")): the weight never goes down. Lower it.")
        }
        if configuration.evaluation.patience > 0, !task.canEvaluate {
            note(
                "evaluation.patience is \(configuration.evaluation.patience) and there are no"
                    + " validation data, so training does not end early. Name data.validation.")
        }
    }

    /// Tells how much of the training data cannot be trained on.
    private func tellDropped() {
        let stores = Array(zip(configuration.data.training, task.stores.map(\.dropped)))
        for (path, dropped) in stores + [(configuration.data.validation, validationLeftOut)] {
            let left = dropped.summary
            if !left.isEmpty { note("Left out of \(path): \(left).") }
        }
    }

    private func batches(
        _ sampler: inout BatchSampler, epoch: Int, within: Int
    ) -> [[ExampleNumber]] {
        let count = configuration.accumulationSteps
        let range = within * count..<min((within + 1) * count, sampler.batchesPerEpoch)
        return range.map { sampler.batch(epoch: epoch, batch: $0) }
    }

    /// One step: gradients, their norm, the update; before it more of them, while the loss of the
    /// batch is above the mean of the steps before and the settings allow it.
    ///
    /// - Returns: What the last gradients were computed with, and how many updates came before.
    private func step(
        _ batches: [[ExampleNumber]], epoch: Int, _ learningRate: Double
    ) throws(TrainingError) -> (StepStatistics, norm: Double, repeats: Int) {
        let settings = configuration.repeats
        let recent = state.recentLosses ?? []
        let mean = recent.reduce(0, +) / Double(max(1, recent.count))
        var repeats = 0
        while true {
            let (statistics, norm) = try gradients(batches, epoch: epoch)
            let isLast =
                repeats == settings.highLoss || recent.count < settings.window
                || statistics.loss <= mean
            // Optimizers count their updates, schedules and samplers steps.
            optimizer.update(
                step: state.step + 1 + (state.repeats ?? 0), learningRate: learningRate,
                norm: norm)
            if isLast {
                state.step += 1
                if settings.highLoss > 0 {
                    state.recentLosses = (recent + [statistics.loss]).suffix(settings.window)
                }
                return (statistics, norm, repeats)
            }
            repeats += 1
            state.repeats = (state.repeats ?? 0) + 1
        }
    }

    /// The gradients of some batches and their norm, all of them finite.
    private func gradients(
        _ batches: [[ExampleNumber]], epoch: Int
    ) throws(TrainingError) -> (StepStatistics, norm: Double) {
        let statistics: StepStatistics
        do throws(TrainingError) {
            statistics = try task.gradients(of: batches, epoch: epoch, step: state.step)
        } catch .notFinite(let what, let step, let rank, let examples, _) {
            throw .notFinite(
                what: what, step: step, rank: rank, examples: examples,
                checkpoint: lastCheckpoint.map(checkpoints.path(of:)))
        }
        let norm = optimizer.gradientNorm()
        guard norm.isFinite else {
            throw .notFinite(
                what: "The norm of the gradients", step: state.step, rank: group.rank,
                examples: try task.ids(of: batches.flatMap { $0 }),
                checkpoint: lastCheckpoint.map(checkpoints.path(of:)))
        }
        return (statistics, norm)
    }

    /// What is due after a step: comparison, measurement, checkpoint, stop.
    private func endOfStep(
        isEpochEnd: Bool, isEnd: Bool
    ) throws(TrainingError) -> TrainingEvaluation? {
        if state.step % Self.stepsBetweenHashes == 0 || isEnd { try compareRanks() }
        let wantsStop = try anyRankWantsToStop()
        func isDue(_ every: Int) -> Bool {
            isEnd || isEpochEnd || (every > 0 && state.step % every == 0)
        }
        var evaluation: TrainingEvaluation?
        var isBest = false
        if task.canEvaluate, isDue(configuration.evaluation.everySteps), !wantsStop {
            (evaluation, isBest) = try measure()
        }
        if isBest || !task.canEvaluate && isEnd { try publishModel() }
        if isBest || wantsStop || state.endedEarly || isDue(configuration.checkpoints.everySteps) {
            try writeCheckpoint()
        }
        if wantsStop, !isEnd {
            throw .interrupted(
                step: state.step, checkpoint: lastCheckpoint.map(checkpoints.path(of:)))
        }
        return evaluation
    }

    /// Measures, and decides whether this is the best model and whether to go on.
    private func measure() throws(TrainingError) -> (TrainingEvaluation, isBest: Bool) {
        let settings = configuration.evaluation
        var evaluation = try task.evaluate(step: state.step)
        // No part of what a checkpoint keeps.
        evaluation.cuts = TextCuts()
        guard let value = evaluation.values[settings.measure] else {
            throw .invalidSetting(
                name: "evaluation.measure",
                reason: "is \(settings.measure); there are "
                    + evaluation.values.keys.sorted().joined(separator: ", "))
        }
        let sign: Double = TrainingEvaluation.isLowerBetter(settings.measure) ? -1 : 1
        let best = state.best?.values[settings.measure]
        let isBest = best.map { sign * (value - $0) > settings.minimumDelta } ?? value.isFinite
        if isBest {
            state.best = evaluation
            state.bestStep = state.step
            state.worseEvaluations = 0
        } else {
            state.worseEvaluations += 1
            state.endedEarly =
                settings.patience > 0 && state.worseEvaluations >= settings.patience
        }
        try log?.append(
            TrainingLog.Line(
                step: state.step, epoch: (state.step - 1) / stepsPerEpoch + 1,
                evaluation: evaluation))
        try drawCurves()
        return (evaluation, isBest)
    }
}

extension ContinuousClock.Instant {
    /// Seconds since this instant.
    var seconds: Double {
        let (seconds, attoseconds) = (ContinuousClock.now - self).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}

/// How much of a stretch of work was spent waiting for other ranks and for the wire.
struct Exposure {
    private let group: any CollectiveGroup
    private let start = ContinuousClock.now
    private let waited: Duration

    init(of group: any CollectiveGroup) {
        self.group = group
        waited = group.waited
    }

    /// Seconds waited since the start, and their share of all; nil where there is one rank.
    var soFar: (seconds: Double, share: Double)? {
        guard group.world > 1 else { return nil }
        let seconds = (group.waited - waited) / .seconds(1)
        return (seconds, seconds / max(start.seconds, 1e-9))
    }
}

/// How fast the last steps were.
struct Pace {
    private var last = ContinuousClock.now
    private var recent: [(questions: Int, seconds: Double)] = []

    private static let window = 50

    /// Notes a step and gives the means over the last ones.
    mutating func add(_ questions: Int) -> (questions: Double, secondsPerStep: Double) {
        recent.append((questions, last.seconds))
        last = .now
        if recent.count > Self.window { recent.removeFirst() }
        let seconds = max(recent.reduce(0) { $0 + $1.seconds }, 1e-9)
        let total = recent.reduce(0) { $0 + $1.questions }
        return (Double(total) / seconds, seconds / Double(recent.count))
    }
}
