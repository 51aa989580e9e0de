import Foundation

/// What one output is decoded from: a source, or several whose probabilities are summed, each
/// weighted by its prior, before a token is chosen.
struct SearchInput: Sendable {
    /// The sources.
    var sources: [SourceState]
    /// Logarithms of their priors; of one source alone it does not matter.
    var priors: [Float] = [0]

    /// Sums the probabilities of the sources: `likely[sources, size]`, logarithms, becomes `[size]`
    /// at its beginning, at the places `part`.
    ///
    /// Source: Lewis et al. 2020, §2.1, RAG-token.
    func marginalise(_ likely: UnsafeMutablePointer<Float>, size: Int, _ part: Range<Int>) {
        guard sources.count > 1 else { return }
        for place in part {
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
