import Base
import ClusterRuntime
import Corpus

/// A collection of a running cluster, in any process: the collection's question tower encodes the
/// questions, its shards are searched together.
///
///     let cluster = try await Cluster.open(.resolve(nil))
///     let wiki = LiveCollection(cluster, SearchOrder(collection: "wiki"))
///
/// Strict unless the order allows partial answers: then each result says what answered.
public struct LiveCollection: PassageRetriever {
    private let cluster: Cluster
    private let order: SearchOrder

    /// Names the cluster and how it is searched; `k` of the order does not count.
    public init(_ cluster: Cluster, _ order: SearchOrder) {
        self.cluster = cluster
        self.order = order
    }

    /// The text.
    public var key: RetrieverKey { .text }

    /// Searches for the questions together.
    public func retrieve(
        _ questions: [RetrieverQuestion], k: Int
    ) async throws(SheafError) -> [RetrievedPassages] {
        var order = order
        order.k = k
        order.texts = true
        let found = Collected()
        try await cluster.search(questions.map(\.question), order) { found.append($1) }
        return found.all.map { answer in
            RetrievedPassages(
                passages: answer.found.map {
                    RankedEntry(
                        id: $0.passage.id, title: $0.passage.title, text: $0.passage.text,
                        score: $0.score)
                }, coverage: answer.coverage, note: answer.note)
        }
    }
}

/// Answers as they come, in order.
private final class Collected: Sendable {
    private let answers = Locked<[SearchAnswer]>([])

    var all: [SearchAnswer] { answers.withLock { $0 } }

    func append(_ answer: SearchAnswer) { answers.withLock { $0.append(answer) } }
}
