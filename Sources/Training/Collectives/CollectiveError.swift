/// Why an operation of all ranks did not end well; the group is of no more use then.
public enum CollectiveError: Error, Equatable, Sendable {
    /// Somebody ended the generation: a rank that died, failed or was stopped.
    case aborted(by: String, reason: String)
    /// Two neighbours do different things.
    case mismatch(ours: CollectiveSide, theirs: CollectiveSide)
    /// A neighbour did not do its part in time.
    case deadline(operation: CollectiveOperation, waitingFor: Int, seconds: Double)
    /// What was given to the operation has no such shape.
    case shape(expected: Int, found: Int, of: CollectiveOperation.Kind)
    /// A rank told what cannot be.
    case implausible(rank: Int, what: String)
    /// The sockets cannot be used.
    case transport(String)
}

extension CollectiveError: CustomStringConvertible {
    /// One message that ends with the remedy.
    public var description: String {
        switch self {
        case .aborted(let who, let reason):
            "\(who) ended this generation: \(reason). Form a new one and go on from the last "
                + "checkpoint."
        case .mismatch(let ours, let theirs):
            "The ranks do different things: \(ours); \(theirs). Start all ranks with the same "
                + "release, configuration and data."
        case .deadline(let operation, let rank, let seconds):
            "Rank \(rank) did not do its part of \(operation) within \(seconds) s. Look at its "
                + "log, or allow more time."
        case .shape(let expected, let found, let kind):
            "\(kind) got \(found) elements where \(expected) are its shape. Give counts and width "
                + "that fit the rows."
        case .implausible(let rank, let what):
            "Rank \(rank) told what cannot be: \(what). Start all ranks with the same release, "
                + "configuration and data."
        case .transport(let message):
            message
        }
    }
}
