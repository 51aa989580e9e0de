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
    /// Weight of max(0, margin − s₊ + s₋) over each question's own negatives.
    public var tripletWeight = 0.0
    /// The triplet's margin.
    public var tripletMargin = 1.0
    /// Weight of ((s₊ − s₋) − (t₊ − t₋))² over each question's own negatives.
    public var marginWeight = 0.0
    /// Weight of the divergence between teacher and student over each question's candidates.
    public var divergenceWeight = 0.0
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
    public var needsTeacher: Bool { marginWeight > 0 || divergenceWeight > 0 }

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
            ("tripletMargin", tripletMargin),
        ]
        for (name, value) in weights where !(value >= 0 && value.isFinite) {
            throw .invalidSetting(name: "loss.\(name)", reason: "is \(value); it must be 0 or more")
        }
        if contrastWeight + tripletWeight + marginWeight + divergenceWeight == 0 {
            throw .invalidSetting(name: "loss", reason: "has no term with a weight above 0")
        }
        if scaling == .dpr, contrast == .bidirectional {
            throw .invalidSetting(
                name: "loss.scaling", reason: "is dpr, which has no bidirectional loss")
        }
    }
}
