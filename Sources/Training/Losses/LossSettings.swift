/// Which loss a bi-encoder is trained with.
///
/// The whole loss is the weighted sum of the terms; the defaults are DPR's.
public struct LossSettings: Equatable, Sendable, Codable {
    /// The term that sets questions apart from all passages of the batch.
    public enum Contrast: String, CaseIterable, Codable, Sendable {
        /// Negative log likelihood of the positive among all passages (Karpukhin et al. 2020).
        case passages
        /// The mean of that and of each positive's own question among all questions, as RetriBERT.
        case bidirectional
    }

    /// How the gradient is scaled when several ranks train.
    public enum Scaling: String, CaseIterable, Codable, Sendable {
        /// The gradient of one process on the whole batch.
        case exact
        /// DPR's: each rank keeps its own rows' gradient and the ranks are averaged, which is the
        /// exact gradient divided by the number of ranks.
        case dpr
    }

    /// Which way the divergence between reader and retriever is taken.
    public enum Direction: String, CaseIterable, Codable, Sendable {
        /// KL(teacher ‖ student).
        case teacherStudent = "teacher-student"
        /// KL(student ‖ teacher).
        case studentTeacher = "student-teacher"
    }

    /// The contrastive term.
    public var contrast = Contrast.passages
    /// Its weight.
    public var contrastWeight = 1.0
    /// The step after which its weight goes down, in a straight line, to `contrastWeightAtEnd` at
    /// the last step; −1: it stays.
    public var contrastDecayStart = -1
    /// Its weight at the end of a decay.
    public var contrastWeightAtEnd = 0.0
    /// Whether it sets questions apart from each other's positives alone, and hard negatives are
    /// for the other terms.
    public var contrastSkipsHardNegatives = false
    /// Weight of the logistic loss of each score by itself: the positive and its copies against
    /// the rest of the batch.
    public var binaryWeight = 0.0
    /// Weight of max(0, margin − s₊ + s₋) over each question's own negatives.
    public var tripletWeight = 0.0
    /// The triplet's margin.
    public var tripletMargin = 1.0
    /// Weight of ((s₊ − s₋) − (t₊ − t₋))² over each question's own negatives.
    public var marginWeight = 0.0
    /// Weight of the divergence between teacher and student over each question's candidates.
    public var divergenceWeight = 0.0
    /// Weight of the divergence of the teacher over each question's candidates from their shares of
    /// the whole batch, each passage of it counted once; of quartets: two questions, two passages.
    public var quartetWeight = 0.0
    /// Both sides' scores are divided by this before the divergence.
    public var divergenceTemperature = 1.0
    /// Whether the divergence is multiplied by the square of its temperature.
    public var divergenceTimesSquaredTemperature = false
    /// Which way the divergence is taken.
    public var direction = Direction.teacherStudent
    /// How scores are computed.
    public var similarity = Similarity.dot
    /// Scores are divided by this.
    public var temperature = 1.0
    /// Whether other copies of a question's positives are no negatives of it, as when two questions
    /// of a batch have one passage; never with DPR's scaling.
    public var masksDuplicates = true
    /// Whether passages that hold an answer of a question are no negatives of it.
    public var masksAnswers = false
    /// The scale over ranks.
    public var scaling = Scaling.exact

    /// DPR's loss.
    public init() {}

    /// The distillation α·T²·KL + (1 − α)·NLL of a reader into a retriever.
    ///
    /// Source: Yang & Seo 2020, "Is Retriever Merely an Approximator of Reader?".
    public static func distillation(
        alpha: Double, temperature: Double, squaresTemperature: Bool = true,
        direction: Direction = .teacherStudent
    ) -> LossSettings {
        var settings = LossSettings()
        settings.contrastWeight = 1 - alpha
        settings.divergenceWeight = alpha
        settings.divergenceTemperature = temperature
        settings.divergenceTimesSquaredTemperature = squaresTemperature
        settings.direction = direction
        return settings
    }

    /// Whether a teacher's scores are part of the loss.
    public var needsTeacher: Bool {
        marginWeight > 0 || divergenceWeight > 0 || quartetWeight > 0
    }

    /// Whether it counts which passages of a batch are copies of each other.
    var needsGroups: Bool { binaryWeight > 0 || quartetWeight > 0 }

    /// The loss of one step of a run: with the weight that its decay has come to.
    ///
    /// λ(n) = λ − (λ − λ_end)·(n − start)/(total − start) after the start.
    ///
    /// - Parameters:
    ///   - step: The step, from 0.
    ///   - total: Steps of the whole run.
    func at(step: Int, of total: @autoclosure () -> Int) -> LossSettings {
        guard contrastDecayStart >= 0, step > contrastDecayStart else { return self }
        let total = total()
        guard total > contrastDecayStart else { return self }
        var settings = self
        let share = Double(step - contrastDecayStart) / Double(total - contrastDecayStart)
        settings.contrastWeight -= (contrastWeight - contrastWeightAtEnd) * min(1, share)
        return settings
    }

    /// Refuses numbers that cannot be meant.
    func validate() throws(TrainingError) {
        for (name, value) in [
            ("temperature", temperature), ("divergenceTemperature", divergenceTemperature),
        ] where !(value > 0 && value.isFinite) {
            throw .invalidSetting(name: "loss.\(name)", reason: "is \(value); it must be above 0")
        }
        let weights = [
            ("contrastWeight", contrastWeight), ("tripletWeight", tripletWeight),
            ("marginWeight", marginWeight), ("divergenceWeight", divergenceWeight),
            ("binaryWeight", binaryWeight), ("quartetWeight", quartetWeight),
            ("contrastWeightAtEnd", contrastWeightAtEnd),
            ("tripletMargin", tripletMargin),
        ]
        for (name, value) in weights where !(value >= 0 && value.isFinite) {
            throw .invalidSetting(name: "loss.\(name)", reason: "is \(value); it must be 0 or more")
        }
        try WholeNumbers.check([
            ("loss.contrastDecayStart", contrastDecayStart, -1...WholeNumbers.largestCount)
        ])
        let terms = [
            contrastWeight, tripletWeight, marginWeight, divergenceWeight, binaryWeight,
            quartetWeight,
        ]
        if terms.allSatisfy({ $0 == 0 }) {
            throw .invalidSetting(name: "loss", reason: "has no term with a weight above 0")
        }
        if scaling == .dpr, contrast == .bidirectional {
            throw .invalidSetting(
                name: "loss.scaling", reason: "is dpr, which has no bidirectional loss")
        }
    }
}
