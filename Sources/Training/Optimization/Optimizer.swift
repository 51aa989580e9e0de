import Models
import Tensors

/// Moves parameters along their gradients and keeps the moments this needs.
///
/// Moments of a set lie in one flat block as its values do. A frozen set has none.
final class Optimizer {
    private let sets: [ParameterSet]
    private let settings: OptimizerSettings
    // Two properties, since both are open for writing at once.
    private var first: [[Float]] = []
    private var second: [[Float]] = []

    /// Per set the first moments (Adam) or nothing (Adafactor), then the second ones.
    var moments: [(first: [Float], second: [Float])] {
        zip(first, second).map { ($0, $1) }
    }

    init(_ sets: [ParameterSet], _ settings: OptimizerSettings) {
        self.sets = sets
        self.settings = settings
        for set in sets {
            switch settings.kind {
            case .adamWHuggingFace, .adamWTorch:
                first.append([Float](repeating: 0, count: set.count))
                second.append([Float](repeating: 0, count: set.count))
            case .adafactor:
                let count = set.entries.reduce(0) {
                    $0 + AdafactorStep.secondMomentCount(shape: $1.shape)
                }
                first.append([])
                second.append([Float](repeating: 0, count: count))
            }
        }
    }

    /// The norm of all gradients together.
    func gradientNorm() -> Double {
        sets.reduce(0) { $0 + FlatSums.squares(UnsafeBufferPointer($1.gradients)) }.squareRoot()
    }

    /// Makes one update; `step` counts from 1, `norm` is that of the gradients.
    func update(step: Int, learningRate: Double, norm: Double) {
        var scale: Float = 1
        // As PyTorch clips: the norm gets 10⁻⁶ so that it can be divided by.
        if settings.clipNorm > 0, norm > settings.clipNorm {
            scale = Float(settings.clipNorm / (norm + 1e-6))
        }
        for index in sets.indices {
            switch settings.kind {
            case .adamWHuggingFace, .adamWTorch:
                updateAdam(index, step: step, learningRate: learningRate, scale: scale)
            case .adafactor:
                updateAdafactor(index, step: step, learningRate: learningRate, scale: scale)
            }
        }
    }

    private func updateAdam(_ index: Int, step: Int, learningRate: Double, scale: Float) {
        let set = sets[index]
        let settings = self.settings
        first[index].withUnsafeMutableBufferPointer { first in
            second[index].withUnsafeMutableBufferPointer { second in
                for (range, decays) in set.stretches {
                    AdamStep(
                        form: settings.kind == .adamWTorch ? .torch : .huggingFace,
                        learningRate: learningRate, beta1: settings.beta1, beta2: settings.beta2,
                        epsilon: settings.epsilon,
                        weightDecay: decays ? settings.weightDecay : 0, step: step,
                        gradientScale: scale
                    ).apply(
                        values: UnsafeMutableBufferPointer(rebasing: set.values[range]),
                        gradients: UnsafeBufferPointer(rebasing: set.gradients[range]),
                        firstMoments: UnsafeMutableBufferPointer(rebasing: first[range]),
                        secondMoments: UnsafeMutableBufferPointer(rebasing: second[range]))
                }
            }
        }
    }

    private func updateAdafactor(_ index: Int, step: Int, learningRate: Double, scale: Float) {
        let set = sets[index]
        let settings = self.settings
        second[index].withUnsafeMutableBufferPointer { second in
            var start = 0
            for entry in set.entries {
                let end = start + AdafactorStep.secondMomentCount(shape: entry.shape)
                AdafactorStep(
                    learningRate: learningRate, scalesByParameter: settings.scalesByParameter,
                    weightDecay: entry.decays ? settings.weightDecay : 0, step: step,
                    gradientScale: scale
                ).apply(
                    shape: entry.shape,
                    values: UnsafeMutableBufferPointer(rebasing: set.values[entry.range]),
                    gradients: UnsafeBufferPointer(rebasing: set.gradients[entry.range]),
                    firstMoments: nil,
                    secondMoments: UnsafeMutableBufferPointer(rebasing: second[start..<end]))
                start = end
            }
        }
    }

    /// Takes moments that were kept; shaped as this optimizer's own.
    func restore(_ moments: [(first: [Float], second: [Float])]) {
        precondition(
            moments.map(\.first.count) == self.moments.map(\.first.count)
                && moments.map(\.second.count) == self.moments.map(\.second.count),
            "moments of another optimizer")
        first = moments.map(\.first)
        second = moments.map(\.second)
    }
}

extension ParameterSet {
    /// The block in pieces that decay and pieces that do not, each as long as can be.
    var stretches: [(range: Range<Int>, decays: Bool)] {
        var stretches: [(range: Range<Int>, decays: Bool)] = []
        for entry in entries {
            if let last = stretches.last, last.decays == entry.decays,
                last.range.upperBound == entry.range.lowerBound
            {
                let range = last.range.lowerBound..<entry.range.upperBound
                stretches[stretches.count - 1] = (range, entry.decays)
            } else {
                stretches.append((entry.range, entry.decays))
            }
        }
        return stretches
    }
}
