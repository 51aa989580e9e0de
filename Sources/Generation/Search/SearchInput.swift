import Foundation

/// What one output is decoded from: a source, or several whose probabilities are summed, each
/// weighted by its prior, before a token is chosen.
struct SearchInput: Sendable {
    /// The sources.
    var sources: [SourceState]
    /// Logarithms of their priors; of one source alone it does not matter.
    var priors: [Float] = [0]

    /// Sums the probabilities of the sources: `likely[sources, count, width]`, logarithms, becomes
    /// the rows `[count, width]` at its beginning.
    ///
    /// Source: Lewis et al. 2020, §2.1, RAG-token.
    func marginalise(_ likely: UnsafeMutablePointer<Float>, count: Int, width: Int) {
        guard sources.count > 1 else { return }
        let size = count * width
        for place in 0..<size {
            var top = -Float.infinity
            for source in sources.indices {
                top = max(top, likely[source * size + place] + priors[source])
            }
            guard top > -.infinity else {
                likely[place] = top
                continue
            }
            var sum: Float = 0
            for source in sources.indices {
                sum += exp(likely[source * size + place] + priors[source] - top)
            }
            likely[place] = top + log(sum)
        }
    }
}
