import Tensors

extension ProcessorBackend {
    /// Pools the token vectors of one text, `[length, width]`, into one vector per mode.
    ///
    /// - Parameter leftOut: Tokens at the start that the modes pass over. Where nothing is left,
    ///   the first token is taken, and the last one always is, as sentence-transformers does it.
    func pool(
        _ tokens: UnsafePointer<Float>, length: Int, leftOut: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        let width = description.configuration.hiddenSize
        let skipped = min(leftOut, length)
        let rows = TokenRows(
            start: tokens + skipped * width, count: length - skipped, width: width,
            place: skipped + 1)
        for (index, mode) in description.pooling.modes.enumerated() {
            let vector = out + index * width
            switch mode {
            case .firstToken:
                let first = description.clsFollowsPrompt && skipped < length ? skipped : 0
                vector.update(from: tokens + first * width, count: width)
            case .lastToken: vector.update(from: tokens + (length - 1) * width, count: width)
            case _ where rows.count == 0: vector.update(repeating: 0, count: width)
            case .maximum:
                kernels.maximum(of: rows.start, count: rows.count, width: width, into: vector)
            case .mean, .meanSquareRoot:
                kernels.mean(of: rows.start, count: rows.count, width: width, into: vector)
                guard mode == .meanSquareRoot else { continue }
                let factor = Float(rows.count).squareRoot()
                for feature in 0..<width { vector[feature] *= factor }
            case .weightedMean: rows.weightedMean(into: vector)
            }
        }
    }
}

/// Token vectors one after the other.
private struct TokenRows {
    var start: UnsafePointer<Float>
    var count: Int
    var width: Int
    /// The place of the first one in its text, from 1.
    var place: Int

    /// The mean with each token weighted by its place.
    func weightedMean(into out: UnsafeMutablePointer<Float>) {
        out.update(repeating: 0, count: width)
        var total: Float = 0
        for row in 0..<count {
            let weight = Float(place + row)
            total += weight
            let token = start + row * width
            for feature in 0..<width { out[feature] += weight * token[feature] }
        }
        for feature in 0..<width { out[feature] /= total }
    }
}
