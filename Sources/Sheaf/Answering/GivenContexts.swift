public import Corpus

/// Passages that were found before: no index and no question encoder is needed.
///
///     let contexts = try GivenContexts(file: "results.json")
///
/// A file is what `sheaf search` writes with titles and texts (JSON, JSON lines or DPR's JSON).
public struct GivenContexts: PassageRetriever {
    /// The questions, in the order of the file.
    public let questions: [Question]
    private let lists: [String: [RankedEntry]]

    /// Takes lists of passages, best first; each question has an id of its own.
    public init(_ lists: [RankedList]) {
        questions = lists.map {
            Question(id: $0.questionID, text: $0.question, answers: $0.answers)
        }
        self.lists = Dictionary(
            lists.map { ($0.questionID, $0.entries) }, uniquingKeysWith: { first, _ in first })
    }

    /// Reads a result file.
    ///
    /// - Throws: where it is malformed, or a passage has no text.
    public init(file: String) throws(SheafError) {
        let lists = try typed { try ResultLists.read(file) }
        for list in lists {
            for entry in list.entries where entry.text.allSatisfy(\.isWhitespace) {
                throw .request(
                    "\(file): passage \(entry.id) of question \(list.questionID) has no text. "
                        + "Write results with texts: `sheaf search --format dpr`.")
            }
        }
        self.init(lists)
    }

    /// The id of a question.
    public var key: RetrieverKey { .text }

    /// The first `k` passages that stand in the question's list.
    public func retrieve(
        _ questions: [RetrieverQuestion], k: Int
    ) async throws(SheafError) -> [RetrievedPassages] {
        var results: [RetrievedPassages] = []
        for question in questions {
            guard let entries = lists[question.question.id] else {
                throw .request(
                    "No contexts are given for question \(question.question.id). Add them, or "
                        + "leave the question out.")
            }
            results.append(RetrievedPassages(passages: Array(entries.prefix(k))))
        }
        return results
    }
}
