import CKernels
import Foundation

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
        let count = values.count
        precondition(
            count == shape.reduce(1, *) && gradients.count == count
                && secondMoments.count == Self.secondMomentCount(shape: shape)
                && (firstMoments?.count ?? count) == count
                && (firstMoments == nil) == (beta1 == nil),
            "the buffers do not fit a tensor of shape \(shape)")
        guard count > 0, let p = values.baseAddress, let g = gradients.baseAddress,
            let v = secondMoments.baseAddress
        else { return }
        let kernels = TrainingKernels.best.table.pointee
        let scale = scalesByParameter ? max(epsilon2, rootMeanSquare(p, count)) : 1
        let width = shape.count >= 2 ? shape[shape.count - 1] : count
        let rows = count / width
        let factors = FloatBuffer(unset: rows + width)
        if shape.count >= 2 {
            decayMatrix(v, g, rows: rows, width: width, factors)
        } else {
            decayVector(v, g, count: count, factors)
        }
        let update = FloatBuffer(unset: width)
        // The update of a row, before it is clipped.
        func compute(_ row: Int) {
            kernels.multiply(
                g + row * width, factors.start + rows, width,
                factors.start[row] * gradientScale, update.start)
        }
        var squares = 0.0
        for row in 0..<rows {
            compute(row)
            squares += kernels.dot(update.start, update.start, width)
        }
        let size = (squares / Double(count)).squareRoot()
        let rate = learningRate * scale
        let factor = Float(rate / max(1, size / clippingThreshold))
        for row in 0..<rows {
            compute(row)
            let own = p + row * width
            if weightDecay != 0 { kernels.scale(own, width, Float(1 - weightDecay * rate)) }
            if let m = firstMoments?.baseAddress, let beta1 {
                kernels.scale(m + row * width, width, Float(beta1))
                kernels.add_scaled(
                    update.start, width, factor * Float(1 - beta1), m + row * width)
                kernels.add_scaled(m + row * width, width, -1, own)
            } else {
                kernels.add_scaled(update.start, width, -factor, own)
            }
        }
    }

    private var rest: Double { pow(Double(step), decayRate) }

    /// Updates the means of squares of rows and columns; `factors`: (row / mean of rows)^−½ for
    /// each row, then column^−½ for each column.
    private func decayMatrix(
        _ moments: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, rows: Int,
        width: Int, _ factors: FloatBuffer
    ) {
        let kernels = TrainingKernels.best.table.pointee
        let sums = FloatBuffer(zeros: width)
        let rest = rest
        let scale = Double(gradientScale)
        for row in 0..<rows {
            let own = gradients + row * width
            kernels.add_squares(own, width, gradientScale, Float(epsilon1), sums.start)
            let mean = scale * scale * kernels.dot(own, own, width) / Double(width) + epsilon1
            moments[row] = Float((1 - rest) * Double(moments[row]) + rest * mean)
        }
        for column in 0..<width {
            let mean = Double(sums.start[column]) / Double(rows)
            let old = Double(moments[rows + column])
            moments[rows + column] = Float((1 - rest) * old + rest * mean)
        }
        let mean = (0..<rows).reduce(0.0) { $0 + Double(moments[$1]) } / Double(rows)
        for row in 0..<rows {
            factors.start[row] = Float(1 / (Double(moments[row]) / mean).squareRoot())
        }
        for column in rows..<rows + width {
            factors.start[column] = Float(1 / Double(moments[column]).squareRoot())
        }
    }

    /// Updates the means of squares of elements; `factors`: 1, then element^−½.
    private func decayVector(
        _ moments: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, count: Int,
        _ factors: FloatBuffer
    ) {
        let rest = rest
        factors.start[0] = 1
        for index in 0..<count {
            let gradient = Double(gradientScale) * Double(gradients[index])
            let square = gradient * gradient + epsilon1
            moments[index] = Float((1 - rest) * Double(moments[index]) + rest * square)
            factors.start[1 + index] = Float(1 / Double(moments[index]).squareRoot())
        }
    }

    private func rootMeanSquare(_ values: UnsafePointer<Float>, _ count: Int) -> Double {
        let kernels = TrainingKernels.best.table.pointee
        return (kernels.dot(values, values, count) / Double(count)).squareRoot()
    }
}
