import CKernels
import Foundation

/// One AdamW update of a stretch of a flat block.
///
/// With m = β₁m + (1−β₁)g and v = β₂v + (1−β₂)g², g = `gradientScale` · gradient:
/// - `huggingFace`: p −= η·√(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε), then p −= η·λ·p.
/// - `torch`: p −= η·λ·p, then p −= η/(1−β₁ᵗ) · m/(√v/√(1−β₂ᵗ) + ε).
///
/// Source: Loshchilov & Hutter 2019; transformers' `AdamW` (which DPR uses) and torch's.
public struct AdamStep: Equatable, Sendable {
    /// The two forms in use.
    public enum Form: String, CaseIterable, Sendable {
        /// ε is not corrected for bias; decay comes after the update.
        case huggingFace = "hf"
        /// ε is added to the corrected root; decay comes first.
        case torch
    }

    /// Which form.
    public var form: Form
    /// η.
    public var learningRate: Double
    /// β₁.
    public var beta1: Double
    /// β₂.
    public var beta2: Double
    /// ε.
    public var epsilon: Double
    /// λ; 0 for parameters that do not decay.
    public var weightDecay: Double
    /// t, 1 at the first update.
    public var step: Int
    /// Factor of the gradients: what clipping leaves of them.
    public var gradientScale: Float

    /// Names the numbers of one update.
    public init(
        form: Form, learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-8, weightDecay: Double, step: Int, gradientScale: Float = 1
    ) {
        self.form = form
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.step = step
        self.gradientScale = gradientScale
    }

    /// Updates values and moments in place; all four have the same length.
    public func apply(
        values: UnsafeMutableBufferPointer<Float>, gradients: UnsafeBufferPointer<Float>,
        firstMoments: UnsafeMutableBufferPointer<Float>,
        secondMoments: UnsafeMutableBufferPointer<Float>
    ) {
        let count = values.count
        precondition(
            gradients.count == count && firstMoments.count == count
                && secondMoments.count == count,
            "\(count) values with \(gradients.count) gradients and \(firstMoments.count),"
                + " \(secondMoments.count) moments")
        guard let p = values.baseAddress, let g = gradients.baseAddress,
            let m = firstMoments.baseAddress, let v = secondMoments.baseAddress
        else { return }
        var raw = raw
        TrainingKernels.best.table.pointee.adam(&raw, p, g, m, v, count)
    }

    private var raw: sheaf_adam {
        let firstCorrection = 1 - pow(beta1, Double(step))
        let secondRoot = (1 - pow(beta2, Double(step))).squareRoot()
        let kept = Float(1 - learningRate * weightDecay)
        var raw = sheaf_adam()
        raw.beta1 = Float(beta1)
        raw.rest1 = Float(1 - beta1)
        raw.beta2 = Float(beta2)
        raw.rest2 = Float(1 - beta2)
        raw.epsilon = Float(epsilon)
        raw.gradient_scale = gradientScale
        switch form {
        case .huggingFace:
            raw.rate = Float(learningRate * secondRoot / firstCorrection)
            raw.root_scale = 1
            raw.keep_before = 1
            raw.keep_after = kept
        case .torch:
            raw.rate = Float(learningRate / firstCorrection)
            raw.root_scale = Float(1 / secondRoot)
            raw.keep_before = kept
            raw.keep_after = 1
        }
        return raw
    }
}
