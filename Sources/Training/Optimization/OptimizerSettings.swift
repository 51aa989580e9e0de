import Foundation

/// How parameters follow their gradients.
public struct OptimizerSettings: Equatable, Sendable, Codable {
    /// The optimizers there are.
    public enum Kind: String, CaseIterable, Codable, Sendable {
        /// AdamW as transformers had it and DPR uses it.
        case adamWHuggingFace = "adamw-hf"
        /// AdamW as PyTorch has it.
        case adamWTorch = "adamw-torch"
        /// Adafactor as transformers has it.
        case adafactor
    }

    /// Which optimizer.
    public var kind = Kind.adamWTorch
    /// The peak of the learning rate.
    public var learningRate = 2e-5
    /// Adam's β₁.
    public var beta1 = 0.9
    /// Adam's β₂.
    public var beta2 = 0.999
    /// Adam's ε.
    public var epsilon = 1e-8
    /// λ of all parameters but biases and layer normalisation.
    public var weightDecay = 0.0
    /// Largest norm of all gradients together; 0: they are not clipped.
    public var clipNorm = 2.0
    /// Adafactor: whether the rate is scaled by each tensor's root mean square.
    public var scalesByParameter = true

    /// DPR's values.
    public init() {}

    func validate() throws(TrainingError) {
        for (name, value, range) in [
            ("learningRate", learningRate, 0...10.0), ("weightDecay", weightDecay, 0...10.0),
            ("clipNorm", clipNorm, 0...1e9), ("epsilon", epsilon, 0...1.0),
            ("beta1", beta1, 0...0.999_999_9), ("beta2", beta2, 0...0.999_999_9),
        ] where !range.contains(value) {
            throw .invalidSetting(
                name: "optimizer.\(name)",
                reason: "is \(value); it must be in \(range.lowerBound)…\(range.upperBound)")
        }
    }
}

/// How the learning rate goes over the steps.
public struct ScheduleSettings: Equatable, Sendable, Codable {
    /// The shapes there are, after the warm-up.
    public enum Kind: String, CaseIterable, Codable, Sendable {
        /// Straight down to 0 at the last step.
        case linear
        /// As linear, and never below 10⁻⁷ of the peak, as DPR.
        case dpr
        /// Half a cosine down to 0.
        case cosine
        /// The peak throughout.
        case constant
        /// (1 − share done)^power between the peak and the end rate.
        case polynomial
    }

    /// Which shape.
    public var kind = Kind.dpr
    /// Steps over which the rate rises from 0; used where it is above 0.
    public var warmupSteps = 0
    /// Share of all steps over which the rate rises, where no steps are named.
    public var warmupRatio = 0.0
    /// The power of the polynomial.
    public var power = 1.0
    /// Where the polynomial ends.
    public var endLearningRate = 1e-7

    /// DPR's shape without warm-up.
    public init() {}

    /// The steps of the warm-up of a run of `total` steps.
    func warmup(of total: Int) -> Int {
        // Rounded up, as Simple Transformers does.
        let share = (Double(total) * warmupRatio).rounded(.up)
        return warmupSteps > 0 ? warmupSteps : Int(share)
    }

    func validate() throws(TrainingError) {
        try WholeNumbers.check([
            ("schedule.warmupSteps", warmupSteps, 0...WholeNumbers.largestCount)
        ])
        guard (0...1).contains(warmupRatio) else {
            throw .invalidSetting(
                name: "schedule.warmupRatio", reason: "is \(warmupRatio); it must be in 0…1")
        }
    }
}

/// The learning rate of each step of a run.
public struct Schedule: Equatable, Sendable {
    private let settings: ScheduleSettings
    private let peak: Double
    private let total: Int
    private let warmup: Int

    /// Lays a schedule over `total` steps.
    public init(_ settings: ScheduleSettings, peak: Double, total: Int) {
        self.settings = settings
        self.peak = peak
        self.total = total
        warmup = settings.warmup(of: total)
    }

    /// The rate of a step, counted from 0: 0 at the first step of a warm-up.
    public func learningRate(step: Int) -> Double {
        if step < warmup { return peak * Double(step) / Double(max(1, warmup)) }
        let span = max(1, total - warmup)
        let left = Double(total - step) / Double(span)
        let done = Double(step - warmup) / Double(span)
        switch settings.kind {
        case .linear: return peak * max(0, left)
        case .dpr: return peak * max(1e-7, left)
        case .cosine: return peak * max(0, 0.5 * (1 + cos(.pi * done)))
        case .constant: return peak
        case .polynomial:
            guard step < total else { return settings.endLearningRate }
            let height = peak - settings.endLearningRate
            return height * pow(1 - done, settings.power) + settings.endLearningRate
        }
    }
}
