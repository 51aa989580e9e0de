import Base
import ClusterRuntime
import Corpus
import Foundation
import Models

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
    /// Told with each result; empty: nothing.
    private var remark = ""

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
                }, coverage: answer.coverage,
                note: [remark, answer.note].filter { !$0.isEmpty }.joined(separator: " "))
        }
    }
}

extension LiveCollection {
    /// The same collection, whose results tell where its question tower is another encoder than a
    /// RAG folder's: RAG was fine-tuned with the scores of its own.
    ///
    /// Settings, weights and tokenizers are compared, so that a DPR encoder and the RAG folder that
    /// was joined from it are one. A tower that lies on another host is not looked at.
    ///
    /// - Parameter rag: The folder; of a generator alone nothing is told.
    public func compared(with rag: String) async throws(SheafError) -> LiveCollection {
        let known = try await described()
        guard let tower = order.questionModel ?? known?.questionModel, !tower.isEmpty,
            FileManager.default.fileExists(atPath: tower)
        else { return self }
        let isOther = try typed {
            let folder = try ModelFolders.existing(rag)
            let json = try JSONFile(folder + "/config.json", purpose: "the model's parts")
            guard try json.string("model_type") == "rag" else { return false }
            let place = try ModelFolders.place(of: .question, in: tower)
            if Self.place(place) == Self.place(folder) { return false }
            return try !TextEncoder.isSame(place, as: folder, tower: .question)
        }
        guard isOther else { return self }
        var other = self
        other.remark =
            "The collection's question tower, \(tower), is not the encoder of \(rag), so passages "
            + "are weighed by other scores than RAG was fine-tuned with. Index with "
            + "--question-model \(rag) to use its own."
        return other
    }

    /// What tells the passages and their vectors from those of another time: the collection's
    /// name, generation, source and model.
    public func stamp() async throws(SheafError) -> String {
        guard let known = try await described() else { return order.collection }
        return "\(known.name), generation \(known.generation), source \(known.sourceDigest), "
            + "model \(known.fingerprint)"
    }

    /// What the cluster says of the collection; nil where there is none of the name.
    private func described() async throws(SheafError) -> CollectionStatus? {
        try await cluster.status(of: order.collection).collections
            .first { $0.name == order.collection }
    }

    /// A folder by what it is, however it is written.
    private static func place(_ folder: String) -> String {
        URL(fileURLWithPath: folder).resolvingSymlinksInPath().standardizedFileURL.path
    }
}

/// Answers as they come, in order.
private final class Collected: Sendable {
    private let answers = Locked<[SearchAnswer]>([])

    var all: [SearchAnswer] { answers.withLock { $0 } }

    func append(_ answer: SearchAnswer) { answers.withLock { $0.append(answer) } }
}
