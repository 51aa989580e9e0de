/// One Adafactor update of one tensor.
///
/// Source: Shazeer & Stern 2018, as transformers' `Adafactor`.
public struct AdafactorStep: Equatable, Sendable {
    /// η, before the tensor's own scale.
    public var learningRate: Double
    /// Whether the rate is scaled by the tensor's root mean square (at least `epsilon2`).
    public var scalesByParameter: Bool
    /// Update t's second-moment decay is 1 − t^`decayRate`.
    public var decayRate: Double
    /// Added to squared gradients.
    public var epsilon1: Double
    /// Least root mean square of a tensor.
    public var epsilon2: Double
    /// Largest root mean square of an update.
    public var clippingThreshold: Double
    /// First moment's decay; nil for none.
    public var beta1: Double?
    /// Weight decay; 0 for parameters that do not decay.
    public var weightDecay: Double
    /// t, 1 at the first update.
    public var step: Int
    /// Factor of the gradients: what clipping leaves of them.
    public var gradientScale: Float

    /// Names the numbers of one update.
    public init(
        learningRate: Double, scalesByParameter: Bool, decayRate: Double = -0.8,
        epsilon1: Double = 1e-30, epsilon2: Double = 1e-3, clippingThreshold: Double = 1,
        beta1: Double? = nil, weightDecay: Double = 0, step: Int, gradientScale: Float = 1
    ) {
        self.learningRate = learningRate
        self.scalesByParameter = scalesByParameter
        self.decayRate = decayRate
        self.epsilon1 = epsilon1
        self.epsilon2 = epsilon2
        self.clippingThreshold = clippingThreshold
        self.beta1 = beta1
        self.weightDecay = weightDecay
        self.step = step
        self.gradientScale = gradientScale
    }

    /// Floats of second moments that a tensor of `shape` needs: a matrix has one per row and one
    /// per column, all else one per element.
    public static func secondMomentCount(shape: [Int]) -> Int {
        guard shape.count >= 2, let width = shape.last else { return shape.reduce(1, *) }
        let rows = shape.dropLast().reduce(1, *)
        return rows + width
    }

    /// Updates a tensor of `shape` in place.
    ///
    /// `secondMoments` holds `secondMomentCount(shape:)` floats (rows, then columns);
    /// `firstMoments` as many as the tensor where `beta1` is set, else none.
    public func apply(
        shape: [Int], values: UnsafeMutableBufferPointer<Float>,
        gradients: UnsafeBufferPointer<Float>,
        firstMoments: UnsafeMutableBufferPointer<Float>?,
        secondMoments: UnsafeMutableBufferPointer<Float>
    ) {
        preconditionFailure("declared ahead of its body")
    }
}
