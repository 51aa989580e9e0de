/// What an operation of all ranks is known by: both sides of each connection compare it.
public struct CollectiveOperation: Equatable, Sendable, CustomStringConvertible {
    /// What is done.
    public enum Kind: UInt32, CaseIterable, Sendable {
        /// See ``CollectiveGroup/allGather(rows:width:)``: first the counts.
        case gatherCounts = 1
        /// See ``CollectiveGroup/allGather(rows:width:)``: then the rows.
        case gatherRows = 2
        /// See ``CollectiveGroup/allGather(bytes:)``.
        case gatherBytes = 3
        /// See ``CollectiveGroup/reduceScatter(rows:counts:width:)``.
        case reduceScatter = 4
        /// See ``CollectiveGroup/begin(_:)``.
        case allReduce = 5
    }

    /// What the elements are.
    public enum Element: UInt32, CaseIterable, Sendable {
        /// A byte.
        case byte = 1
        /// A float of 32 bits.
        case float32 = 2
        /// A whole number of 64 bits.
        case integer64 = 3
    }

    /// The run's id.
    public var run: String
    /// How often the world has been formed.
    public var generation: UInt64
    /// Position among the operations of this generation, from 1.
    public var sequence: UInt64
    /// What is done.
    public var kind: Kind
    /// What the elements are.
    public var element: Element
    /// How many elements, over all ranks; 0 where the ranks may differ (bytes).
    public var count: UInt64
    /// Elements of a row; 1 where there are no rows.
    public var width: UInt64

    /// Creates a fingerprint.
    public init(
        run: String, generation: UInt64, sequence: UInt64, kind: Kind, element: Element,
        count: UInt64, width: UInt64 = 1
    ) {
        self.run = run
        self.generation = generation
        self.sequence = sequence
        self.kind = kind
        self.element = element
        self.count = count
        self.width = width
    }

    /// All fields in words.
    public var description: String {
        "\(kind) of \(count) \(element) (width \(width), operation \(sequence), "
            + "generation \(generation), run \(run))"
    }
}

/// One side of an operation: a rank, and what it is doing.
public struct CollectiveSide: Equatable, Sendable, CustomStringConvertible {
    /// The rank.
    public var rank: Int
    /// Its operation.
    public var operation: CollectiveOperation

    /// Creates a side.
    public init(rank: Int, operation: CollectiveOperation) {
        self.rank = rank
        self.operation = operation
    }

    /// Rank and operation in words.
    public var description: String { "rank \(rank): \(operation)" }
}
