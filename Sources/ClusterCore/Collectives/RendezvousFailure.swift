import Corpus

/// Why a rank may not take part: something that must be the same differs from another rank's.
public struct RendezvousRefusal: Hashable, Sendable, CustomStringConvertible {
    /// What differs, such as `model`.
    public var fact: String
    /// The rank that is refused.
    public var rank: String
    /// What it has.
    public var found: String
    /// The rank that was there before.
    public var other: String
    /// What that one has.
    public var expected: String

    /// Creates a refusal.
    public init(fact: String, rank: String, found: String, other: String, expected: String) {
        self.fact = fact
        self.rank = rank
        self.found = found
        self.other = other
        self.expected = expected
    }

    /// One message that ends with the remedy.
    public var description: String {
        "\(rank) has another \(fact) than \(other): \(found), not \(expected). Give every rank "
            + "the same model folder, settings and release."
    }
}

/// Why a training run cannot go on.
public enum RendezvousFailure: Hashable, Sendable, CustomStringConvertible {
    /// Not enough ranks came.
    case tooFew(Int, needed: Int)
    /// Generation after generation failed.
    case failing(Int, TrainerAbort)
    /// A rank met what no new generation helps.
    case rank(String, String)
    /// Processes ended before they said a word.
    case speechless(Int, String, logs: String)

    /// One message that ends with the remedy.
    public var description: String {
        switch self {
        case .tooFew(let found, let needed):
            "\(found) of at least \(counted(needed, "rank")) came in time. Start more, or ask for "
                + "fewer with --min-workers."
        case .failing(let count, let abort):
            "\(counted(count, "generation")) failed one after the other; the last since "
                + "of \(abort.by): \(abort.reason). Look at the logs of the ranks, then train "
                + "again: it goes on from the last checkpoint."
        case .rank(_, let message):
            message
        case .speechless(let count, let reason, let logs):
            "\(counted(count, "rank process")) ended before they could train; of the last "
                + "one: \(reason). Look at the logs in \(logs)."
        }
    }
}
