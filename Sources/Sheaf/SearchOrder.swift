public import ClusterRuntime
public import Corpus
import Models

/// What is wanted of a search.
public struct SearchOrder: Equatable, Sendable {
    /// The collection to search.
    public var collection: String
    /// Passages wanted per question.
    public var k: Int
    /// Whether an answer that lacks shards is wanted rather than an error.
    public var allowPartial: Bool
    /// Whether titles and texts are wanted, not ids alone.
    public var texts: Bool
    /// What a request of up to 64 questions may take, encoding included.
    public var timeout: Duration
    /// Where the question tower lies now; nil: where the collection has it.
    ///
    /// The folder is remembered once its fingerprint has proved to be the collection's.
    public var questionModel: String?

    /// Makes an order.
    public init(
        collection: String, k: Int = 10, allowPartial: Bool = false, texts: Bool = true,
        timeout: Duration = .seconds(30)
    ) {
        self.collection = collection
        self.k = k
        self.allowPartial = allowPartial
        self.texts = texts
        self.timeout = timeout
    }
}

extension Cluster {
    /// Answers questions in their order.
    ///
    /// - Parameter answered: Called once per question as soon as its answer and those before are
    ///   here; an error that it throws ends the search.
    public func search(
        _ questions: [Question], _ order: SearchOrder,
        answered: @escaping @Sendable (Question, SearchAnswer) throws -> Void
    ) async throws(SheafError) {
        guard order.k > 0 else {
            throw .request("k is \(order.k). Ask for 1 passage or more.")
        }
        guard order.timeout > .zero else {
            throw .request("The timeout is not above 0 seconds. Name a longer one.")
        }
        for question in questions where question.text.allSatisfy(\.isWhitespace) {
            throw .request("Question \(question.id) is empty. Remove it, or write it.")
        }
        // An error of the caller's own must come back as it was thrown.
        let failure = First<any Error>()
        try await typed(interrupted: "Interrupted.") {
            do {
                try await client.search(
                    questions.map(\.text), collection: order.collection, k: order.k,
                    allowPartial: order.allowPartial, texts: order.texts,
                    questionModel: try order.questionFolder(), budget: order.timeout
                ) { number, answer in
                    do {
                        try answered(questions[number], answer)
                    } catch {
                        failure.note(error)
                        throw error
                    }
                }
            } catch {
                throw failure.value ?? error
            }
        }
    }

    /// Answers one question.
    public func search(
        _ question: String, in collection: String, k: Int = 10
    ) async throws(SheafError) -> SearchAnswer {
        let answers = First<SearchAnswer>()
        try await search(
            [Question(id: "1", text: question)], SearchOrder(collection: collection, k: k)
        ) { answers.note($1) }
        guard let answer = answers.value else {
            throw .unexpected("A search ended without an answer.")
        }
        return answer
    }
}

extension SearchOrder {
    /// The full path of the question tower's folder, which a folder of both may hold; empty where
    /// none is named.
    fileprivate func questionFolder() throws(ModelError) -> String {
        guard let questionModel else { return "" }
        return absolutePath(try ModelFolders.place(of: .question, in: questionModel))
    }
}
