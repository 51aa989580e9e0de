// Written by scripts/generate-proto from proto/; not by hand.
// What a client asks of a collection.

/// A client asks questions of a collection.
public struct QueryRequest: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// Passages wanted per question.
    public var k: UInt32
    /// Whether an answer that lacks shards is wanted rather than a failure.
    public var allowPartial: Bool
    /// Whether titles and texts are wanted, not ids alone.
    public var texts: Bool
    /// The questions.
    public var questions: [String]
    /// Where the question tower lies now; empty: where the collection has it.
    public var questionModel: String

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", k: UInt32 = 0, allowPartial: Bool = false, texts: Bool = false,
        questions: [String] = [], questionModel: String = ""
    ) {
        self.collection = collection
        self.k = k
        self.allowPartial = allowPartial
        self.texts = texts
        self.questions = questions
        self.questionModel = questionModel
    }
}

/// Where the time of a query went.
public struct Timings: Hashable, Sendable {
    /// Microseconds in the question encoder.
    public var encodeUs: UInt64
    /// Microseconds from scatter until the last shard answered.
    public var searchUs: UInt64
    /// Microseconds the slowest worker computed.
    public var slowestWorkerUs: UInt64
    /// Microseconds to fetch the passages.
    public var fetchUs: UInt64

    /// Creates the message; every field left out has its default.
    public init(
        encodeUs: UInt64 = 0, searchUs: UInt64 = 0, slowestWorkerUs: UInt64 = 0, fetchUs: UInt64 = 0
    ) {
        self.encodeUs = encodeUs
        self.searchUs = searchUs
        self.slowestWorkerUs = slowestWorkerUs
        self.fetchUs = fetchUs
    }
}

/// One question's answer; raw frames: uint64 ordinals, float64 scores, passage block.
public struct QueryAnswer: Hashable, Sendable {
    /// The question's position in the request.
    public var question: UInt32
    /// Questions in the request.
    public var count: UInt32
    /// The generation searched.
    public var generation: UInt64
    /// How much of it answered.
    public var coverage: Coverage?
    /// Where the time went.
    public var timings: Timings?
    /// Whether the answer ends here; false where more hits of this question follow.
    public var last: Bool
    /// What was cut off the question.
    public var cuts: Cuts?
    /// Why the newest generation was not searched, where it cannot be; else empty.
    public var note: String

    /// Creates the message; every field left out has its default.
    public init(
        question: UInt32 = 0, count: UInt32 = 0, generation: UInt64 = 0, coverage: Coverage? = nil,
        timings: Timings? = nil, last: Bool = false, cuts: Cuts? = nil, note: String = ""
    ) {
        self.question = question
        self.count = count
        self.generation = generation
        self.coverage = coverage
        self.timings = timings
        self.last = last
        self.cuts = cuts
        self.note = note
    }
}
