public import ClusterCore
public import Corpus

/// Finds the passages that questions are answered from.
///
/// A live collection (`LiveCollection`), lists that were found before (`GivenContexts`), passages
/// in memory (`PassageSet`) and indexes that others wrote (`StoredPassageFiles`) are retrievers:
///
///     let contexts = try GivenContexts(file: "results.json")
///     let asked = contexts.questions.map { RetrieverQuestion($0) }
///     let found = try await contexts.retrieve(asked, k: 5)
///
/// What each must keep:
/// 1. There is one result a question, in the order of the questions.
/// 2. Passages stand best first, `k` at most; fewer where fewer were found, and no filler.
/// 3. Scores are finite, and inner products where the retriever compares vectors.
/// 4. A cancelled task ends the call.
public protocol PassageRetriever: Sendable {
    /// What questions must carry.
    var key: RetrieverKey { get }

    /// The best passages of each question.
    ///
    /// - Parameters:
    ///   - questions: With a vector each where `key` asks for them.
    ///   - k: Passages wanted per question, 1 or more.
    func retrieve(
        _ questions: [RetrieverQuestion], k: Int
    ) async throws(SheafError) -> [RetrievedPassages]
}

/// What a retriever looks questions up by.
public enum RetrieverKey: Equatable, Sendable {
    /// Their text, or their id.
    case text
    /// Vectors of so many components from the model's question encoder.
    case vector(dimension: Int)
}

/// A question as retrievers take it.
public struct RetrieverQuestion: Equatable, Sendable {
    /// The question.
    public var question: Question
    /// Its vector from the model's question encoder; nil where the retriever asks for none.
    public var vector: [Float]?

    /// Makes a question.
    public init(_ question: Question, vector: [Float]? = nil) {
        self.question = question
        self.vector = vector
    }
}

/// What was found for a question.
public struct RetrievedPassages: Equatable, Sendable {
    /// The passages, best first, with title, text and score.
    public var passages: [RankedEntry]
    /// What answered of the shards there are; nil where the retriever has none.
    public var coverage: Coverage?
    /// What people ought to know of the retrieval; empty: nothing.
    public var note: String

    /// Makes a result.
    public init(passages: [RankedEntry], coverage: Coverage? = nil, note: String = "") {
        self.passages = passages
        self.coverage = coverage
        self.note = note
    }
}
