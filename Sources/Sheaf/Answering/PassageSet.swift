public import Corpus
import VectorIndex

/// Passages in memory with their vectors, scanned exactly.
///
///     let set = try PassageSet([Passage(id: "1", title: "Faust", text: "…")], vectors: [1, 0])
public struct PassageSet: PassageRetriever {
    private let passages: [Passage]
    private let vectors: [Float]
    private let dimension: Int

    /// Makes a set of passages and their vectors, `[passages, dimension]` row-major.
    ///
    /// - Throws: where the vectors do not divide among the passages, or one is not finite.
    public init(_ passages: [Passage], vectors: [Float]) throws(SheafError) {
        guard !passages.isEmpty, !vectors.isEmpty, vectors.count % passages.count == 0 else {
            throw .request(
                "\(passages.count) passages and \(vectors.count) components of vectors do not go "
                    + "together. Give each passage a vector.")
        }
        dimension = vectors.count / passages.count
        if let place = vectors.firstIndex(where: { !$0.isFinite }) {
            throw .notFinite(id: passages[place / dimension].id)
        }
        self.passages = passages
        self.vectors = vectors
    }

    /// Vectors as long as the passages'.
    public var key: RetrieverKey { .vector(dimension: dimension) }

    /// The passages of highest inner product, summed in float64; of equal ones the earlier first.
    public func retrieve(
        _ questions: [RetrieverQuestion], k: Int
    ) async throws(SheafError) -> [RetrievedPassages] {
        try await onOwnThread { stop throws(SheafError) in try search(questions, k: k, stop) }
    }

    private func search(
        _ questions: [RetrieverQuestion], k: Int, _ stop: () -> Bool
    ) throws(SheafError) -> [RetrievedPassages] {
        var results: [RetrievedPassages] = []
        for question in questions {
            if stop() { throw .interrupted("Interrupted.") }
            guard let vector = question.vector, vector.count == dimension else {
                throw .request(
                    "Question \(question.question.id) has a vector of "
                        + "\(question.vector?.count ?? 0) components, and the passages have "
                        + "\(dimension). Encode both with the towers of one model.")
            }
            guard vector.allSatisfy(\.isFinite) else {
                throw .notFinite(id: question.question.id)
            }
            let scores = passages.indices.map { score(vector, $0) }
            results.append(
                RetrievedPassages(
                    passages: bestFirst(scores).prefix(k).map { place in
                        RankedEntry(
                            id: passages[place].id, title: passages[place].title,
                            text: passages[place].text, score: scores[place])
                    }))
        }
        return results
    }

    private func score(_ vector: [Float], _ passage: Int) -> Double {
        var sum = 0.0
        for place in 0..<dimension {
            sum += Double(vector[place]) * Double(vectors[passage * dimension + place])
        }
        return sum
    }
}
