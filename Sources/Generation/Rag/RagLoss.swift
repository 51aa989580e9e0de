import Foundation

/// The training loss of RAG over the scores of one question's target under each of its passages.
///
/// `tokens` are what the decoder reads; what it is to give is the same shifted by one, with a pad
/// at the end. Pads count nothing. The prior counts once a passage in RAG-sequence, however long
/// the target is. Source: Lewis et al. 2020, §2.1; `get_nll` of transformers 4.41, but for the
/// prior of an empty target, which is lost there.
public struct RagLoss: Equatable, Sendable {
    /// Which sum over passages.
    public var kind: RagKind
    /// ε of label smoothing.
    public var smoothing = 0.0
    /// RAG-sequence: whether a beginning token counts nothing where it is the first target.
    public var excludesBeginning = false
    /// The pad token.
    public var padding: Int32
    /// The beginning token; nil where the generator has none.
    public var beginning: Int32?

    /// Makes a loss.
    public init(_ kind: RagKind, padding: Int32, beginning: Int32? = nil) {
        self.kind = kind
        self.padding = padding
        self.beginning = beginning
    }

    /// The loss of one question.
    ///
    /// - Parameters:
    ///   - scores: For each passage `[tokens, vocabulary]`, row-major.
    ///   - priors: log p(passage | question).
    ///   - tokens: What the decoder reads, pads behind it.
    ///   - vocabulary: Tokens of the model.
    public func value(
        scores: [[Float]], priors: [Double], tokens: [Int32], vocabulary: Int
    ) -> Double {
        let targets = tokens.dropFirst() + [padding]
        var counted = targets.indices.filter { targets[$0] != padding }
        if kind == .sequence, excludesBeginning, let first = targets.first, first == beginning {
            counted.removeFirst()
        }
        var sums = Sums(passages: priors.count)
        for place in counted {
            let row = place - targets.startIndex
            let likely = scores.map { scores in
                Logarithms.softmax(
                    scores[row * vocabulary..<(row + 1) * vocabulary].map(Double.init))
            }
            switch kind {
            case .sequence: sums.addSequence(likely, target: Int(targets[place]))
            case .token: sums.addToken(likely, priors, target: Int(targets[place]), smoothing > 0)
            }
        }
        if kind == .sequence { sums.marginalise(priors, vocabulary: vocabulary) }
        return -(1 - smoothing) * sums.target - smoothing / Double(vocabulary) * sums.smooth
    }

    /// Logarithms of the target and of all tokens, summed over what counts.
    private struct Sums {
        var target = 0.0
        var smooth = 0.0
        private var targets: [Double]
        private var smooths: [Double]

        init(passages: Int) {
            targets = Array(repeating: 0, count: passages)
            smooths = targets
        }

        mutating func addSequence(_ likely: [[Double]], target: Int) {
            for (passage, row) in likely.enumerated() {
                targets[passage] += row[target]
                smooths[passage] += row.reduce(0, +)
            }
        }

        mutating func addToken(
            _ likely: [[Double]], _ priors: [Double], target: Int, _ isSmoothed: Bool
        ) {
            func marginal(_ token: Int) -> Double {
                Logarithms.sum(zip(priors, likely).map { $0 + $1[token] })
            }
            self.target += marginal(target)
            guard isSmoothed, let width = likely.first?.count else { return }
            for token in 0..<width { smooth += marginal(token) }
        }

        /// The prior counts once for the target, and so once for each token in the smooth sum.
        mutating func marginalise(_ priors: [Double], vocabulary: Int) {
            target = Logarithms.sum(zip(priors, targets).map { $0 + $1 })
            smooth = Logarithms.sum(zip(priors, smooths).map { Double(vocabulary) * $0 + $1 })
        }
    }
}
