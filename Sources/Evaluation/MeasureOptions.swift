import Corpus

/// In which order passages of equal score stand.
public enum TieOrder: String, Sendable, Codable, CaseIterable {
    /// As the file ranks them; scores are compared as they are written.
    case rank
    /// As trec_eval does, which reads no rank: by score as a 32-bit float, equal ones by passage
    /// id, descending.
    case trec
}

/// How ranked lists are measured.
///
///     var options = MeasureOptions(cutOffs: [10, 100])
///     options.ties = .trec
public struct MeasureOptions: Hashable, Sendable {
    /// How many of the first passages count, in turn.
    public var cutOffs: [Int]
    /// The least relevance that counts as relevant; nDCG takes every relevance above 0 as it is.
    public var relevanceLevel: Int
    /// How a negative relevance is taken.
    public var negatives: NegativeRelevance
    /// In which order passages of equal score stand.
    public var ties: TieOrder
    /// Whether a passage with the id of its question is left out, as where questions are passages
    /// of the corpus themselves.
    public var ignoresIdenticalIDs: Bool

    /// Names what differs from the default.
    public init(
        cutOffs: [Int] = Evaluator.defaultCutOffs, relevanceLevel: Int = 1,
        negatives: NegativeRelevance = .notRelevant, ties: TieOrder = .rank,
        ignoresIdenticalIDs: Bool = false
    ) {
        self.cutOffs = cutOffs
        self.relevanceLevel = relevanceLevel
        self.negatives = negatives
        self.ties = ties
        self.ignoresIdenticalIDs = ignoresIdenticalIDs
    }

    /// The entries of a list that are measured, best first.
    func entries(of list: RankedList) -> [RankedEntry] {
        var entries = list.entries
        if ignoresIdenticalIDs { entries.removeAll { $0.id == list.questionID } }
        guard ties == .trec else { return entries }
        return entries.sorted { left, right in
            let scores = (Float(left.score), Float(right.score))
            if scores.0 != scores.1 { return scores.0 > scores.1 }
            return right.id.utf8.lexicographicallyPrecedes(left.id.utf8)
        }
    }
}
