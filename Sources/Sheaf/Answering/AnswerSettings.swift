public import ClusterCore
import ClusterRuntime
public import Corpus
public import Generation
public import Models

/// How questions are answered.
public struct AnswerSettings: Equatable, Sendable {
    /// How passages are summed over; nil: as the model does.
    public var kind: RagKind?
    /// Under which passages RAG-sequence weighs an answer.
    public var decoding = RagDecoding.thorough
    /// Passages a question is answered from; nil: as the model says.
    public var passages: Int?
    /// How outputs are searched for.
    public var generation = GenerationOptions()
    /// What is cut of a passage with its question.
    public var truncation = ContextTruncation.end
    /// The question as the generator reads it.
    public var question = QuestionText.decoded
    /// Below this probability no answer is given; nil: always one is.
    public var abstainBelow: Double?
    /// Compute threads.
    public var threads = 1

    /// As the model says.
    public init() {}
}

/// What was answered to a question, and from which passages.
public struct QuestionAnswer: Equatable, Sendable {
    /// The question.
    public var question: Question
    /// The passages, as they were ranked.
    public var passages: [Source]
    /// The answers, best first; empty where there is no passage to answer from.
    public var answers: [Answer]
    /// Whether the first answer is too unlikely to be given, or there is none.
    public var abstains: Bool
    /// What answered of the shards there are; nil where the retriever has none.
    public var coverage: Coverage?
    /// What was cut off the passages with the question.
    public var cuts = TextCuts()
    /// What people ought to know of this answer.
    public var notes: [String] = []
    /// What the retriever told; among the notes too.
    var retrieverNote = ""

    /// A passage and what it has to do with the question.
    public struct Source: Equatable, Sendable {
        /// The passage with its score.
        public var passage: RankedEntry
        /// p(passage | question).
        public var prior: Double
    }

    /// One answer.
    public struct Answer: Equatable, Sendable {
        /// The text, without special tokens.
        public var text: String
        /// What the search ranked it by; see `RagAnswer.score`.
        public var score: Double
        /// p(answer | question), over all passages.
        public var probability: Double
        /// p(passage | question, answer), one a passage.
        public var posteriors: [Double]
        /// The tokens, and which passage each came from.
        public var tokens: [Token]
    }

    /// A token of an answer.
    public struct Token: Equatable, Sendable {
        /// The token as the vocabulary has it.
        public var text: String
        /// p(passage | question, token), one a passage.
        public var posteriors: [Double]
    }
}

extension QuestionAnswer {
    /// What was found for a question, before it is answered; the priors are not known yet.
    init(unanswered question: Question, _ found: RetrievedPassages, k: Int) {
        retrieverNote = found.note
        notes = found.note.isEmpty ? [] : [found.note]
        if found.passages.isEmpty {
            notes.append("no passage was found")
        } else if found.passages.count < k {
            notes.append("\(found.passages.count) of \(k) passages were found")
        }
        if let coverage = found.coverage, !coverage.isComplete {
            notes.append("shards were missing: \(coverage.text)")
        }
        self.question = question
        passages = found.passages.map { Source(passage: $0, prior: 0) }
        answers = []
        abstains = true
        coverage = found.coverage
    }
}

extension RetrievedPassages {
    /// Asks a retriever, and holds it to what retrievers keep.
    static func retrieve(
        _ questions: [RetrieverQuestion], from retriever: some PassageRetriever, k: Int
    ) async throws(SheafError) -> [RetrievedPassages] {
        guard k > 0 else { throw .request("\(k) passages: name 1 or more.") }
        for asked in questions where asked.question.text.allSatisfy(\.isWhitespace) {
            throw .request("Question \(asked.question.id) is empty. Remove it, or write it.")
        }
        let found = try await retriever.retrieve(questions, k: k)
        guard found.count == questions.count else {
            throw .unexpected(
                "A retriever found \(found.count) lists for \(questions.count) questions.")
        }
        for (asked, list) in zip(questions, found) {
            guard list.passages.count <= k else {
                throw .unexpected("A retriever found \(list.passages.count) passages, not \(k).")
            }
            if let odd = list.passages.first(where: { !$0.score.isFinite }) {
                throw .request(
                    "Question \(asked.question.id): the score of passage \(odd.id) is not finite. "
                        + "Check the vectors it comes from.")
            }
        }
        return found
    }
}
