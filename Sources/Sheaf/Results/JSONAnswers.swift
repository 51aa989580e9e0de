import ClusterCore
import ClusterRuntime
public import Corpus
import Formats

/// Writes one JSON object: collection or corpus, k, a result per question, and notes where there
/// are any.
public struct JSONAnswers: AnswerWriter {
    private let source: SearchedSource
    private let k: Int

    /// Makes a writer for a search of `source`.
    public init(_ source: SearchedSource, k: Int) {
        self.source = source
        self.k = k
    }

    /// Opens the object and its list of results.
    public func opening() -> String {
        let (kind, name) =
            switch source {
            case .collection(let name): ("collection", name)
            case .corpus(let path): ("corpus", path)
            }
        let empty = JSONValue.object([
            .init(kind, .string(name)), .init("k", .integer(k)), .init("results", .array([])),
        ])
        return String(empty.text.dropLast("]}".count))
    }

    /// One result, after a comma unless it is the first.
    public func text(of answer: FoundPassages, to question: Question, index: Int) -> String {
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
    public func text(of answer: FoundPassages, to question: Question, index: Int) -> String {
        JSONLinesAnswers.document(answer, question).text + "\n"
    }

    static func document(_ answer: FoundPassages, _ question: Question) -> JSONValue {
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
        ]
        guard let search = answer.search else { return document }
        let cut = search.cuts.tokensCut
        return document.with("generation", .integer(search.generation))
            .with("coverage", search.coverage.document)
            .with("microseconds", search.timings.document)
            .with("tokens_cut", cut > 0 ? .integer(cut) : nil)
    }
}

extension Timings {
    /// The times for programs.
    fileprivate var document: JSONValue {
        [
            "encode": .integer(encodeUs), "search": .integer(searchUs),
            "slowest_worker": .integer(slowestWorkerUs), "fetch": .integer(fetchUs),
        ]
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
