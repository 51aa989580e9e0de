import Base
import Corpus
import Models

extension Trainer {
    /// Tells how much was cut off the texts of all ranks, where it was any.
    func tellCuts() throws(TrainingError) {
        let all = try group.sum(cuts, step: state.step)
        guard all.textsCut > 0 else { return }
        note(
            "\(all.textsCut) of \(counted(all.texts, "text")) were cut to their length:"
                + " \(all.percentCut) % of all tokens are lost. Where the model allows more, raise"
                + " input.maximumQuestionTokens or input.maximumPassageTokens.")
    }

    /// Adds a step to the log: a line where one is due, else to what the next line is the mean of.
    ///
    /// - Parameters:
    ///   - repeats: Updates made with the same batch beside the step's own.
    ///   - waited: How long this rank has waited for others in this step, and its share of it.
    ///   - seconds: Since this process began to train.
    ///   - isEnd: Whether this is the last step of the run.
    func logStep(
        _ statistics: StepStatistics, norm: Double, repeats: Int, learningRate: Double,
        epoch: Int, waited: (seconds: Double, share: Double)?, seconds: Double, isEnd: Bool
    ) throws(TrainingError) {
        var sums = state.unlogged ?? LogSums()
        sums.add(statistics, repeats: repeats, waited: waited)
        guard isEnd || state.step % configuration.logEverySteps == 0 else {
            state.unlogged = sums
            return
        }
        state.unlogged = nil
        try log?.append(
            TrainingLog.Line(
                step: state.step, epoch: epoch, loss: sums.loss / Double(sums.steps),
                accuracy: Double(sums.correct) / Double(sums.questions),
                averageRank: Double(sums.rankSum) / Double(sums.questions),
                learningRate: learningRate, gradientNorm: norm, questions: sums.questions,
                repeats: sums.repeats > 0 ? sums.repeats : nil, seconds: seconds,
                waitedSeconds: sums.waited, waitedShare: sums.waitedShare))
    }
}

/// What the steps since the last line of the log have seen.
struct LogSums: Equatable, Codable {
    var steps = 0
    var loss = 0.0
    var correct = 0
    var rankSum = 0
    var questions = 0
    var repeats = 0
    /// Seconds that this rank has waited; nil where it is alone.
    var waited: Double?
    /// Seconds that those steps took.
    private var elapsed = 0.0

    var waitedShare: Double? { waited.map { $0 / max(elapsed, 1e-9) } }

    mutating func add(
        _ statistics: StepStatistics, repeats: Int, waited: (seconds: Double, share: Double)?
    ) {
        steps += 1
        loss += statistics.loss
        correct += statistics.correct
        rankSum += statistics.rankSum
        questions += statistics.questions
        self.repeats += repeats
        guard let waited else { return }
        self.waited = (self.waited ?? 0) + waited.seconds
        elapsed += waited.share > 0 ? waited.seconds / waited.share : 0
    }
}
