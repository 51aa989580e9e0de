import ClusterCore
public import ClusterRuntime
public import Corpus
import Formats

/// Writes one JSON object: collection, k, a result per question, and notes where there are any.
public struct JSONAnswers: AnswerWriter {
    private let collection: String
    private let k: Int

    /// Makes a writer for a search of `collection`.
    public init(collection: String, k: Int) {
        self.collection = collection
        self.k = k
    }

    /// Opens the object and its list of results.
    public func opening() -> String {
        let empty: JSONValue = [
            "collection": .string(collection), "k": .integer(k), "results": .array([]),
        ]
        return String(empty.text.dropLast("]}".count))
    }

    /// One result, after a comma unless it is the first.
    public func text(of answer: SearchAnswer, to question: Question, index: Int) -> String {
        (index == 0 ? "\n" : ",\n") + JSONLinesAnswers.document(answer, question).text
    }

    /// Closes list and object.
    public func closing(notes: [String]) -> String {
        guard !notes.isEmpty else { return "\n]}\n" }
        let rest: JSONValue = ["notes": .strings(notes)]
        return "\n]," + rest.text.dropFirst() + "\n"
    }
}

/// Writes one JSON object a line.
public struct JSONLinesAnswers: AnswerWriter {
    /// Makes a writer.
    public init() {}

    /// One line.
    public func text(of answer: SearchAnswer, to question: Question, index: Int) -> String {
        JSONLinesAnswers.document(answer, question).text + "\n"
    }

    static func document(_ answer: SearchAnswer, _ question: Question) -> JSONValue {
        let document: JSONValue = [
            "question_id": .string(question.id),
            "question": .string(question.text),
            "hits": .array(
                answer.found.enumerated().map { index, hit in
                    [
                        "rank": .integer(UInt64(index + 1)), "id": .string(hit.passage.id),
                        "ordinal": .integer(hit.ordinal.rawValue), "score": .real(hit.score),
                        "title": .string(hit.passage.title), "text": .string(hit.passage.text),
                    ]
                }),
            "generation": .integer(answer.generation),
            "coverage": answer.coverage.document,
            "microseconds": [
                "encode": .integer(answer.timings.encodeUs),
                "search": .integer(answer.timings.searchUs),
                "slowest_worker": .integer(answer.timings.slowestWorkerUs),
                "fetch": .integer(answer.timings.fetchUs),
            ],
        ]
        let cut = answer.cuts.tokensCut
        return document.with("tokens_cut", cut > 0 ? .integer(cut) : nil)
    }
}

extension Coverage {
    /// The coverage for programs.
    var document: JSONValue {
        [
            "complete": .bool(isComplete),
            "shards": .integer(UInt64(shardsTotal)),
            "shards_answered": .integer(UInt64(shardsAnswered)),
            "passages": .integer(rowsTotal),
            "passages_answered": .integer(rowsAnswered),
        ]
    }
}
