import Corpus
public import Formats
import Foundation
import Generation

/// A question with its passages, written for a generator elsewhere.
public struct AnswerPrompt: Equatable, Sendable {
    /// The answer without answers: question, passages, priors.
    public var found: QuestionAnswer
    /// What RAG's generator would read of each passage, the question as it reads it.
    public var inputs: [String]

    /// All passages, numbered, and the question behind them.
    public var text: String {
        var parts = found.passages.enumerated().map { place, source in
            let title = source.passage.title.isEmpty ? "" : " \(source.passage.title)"
            return "[\(place + 1)]\(title)\n\(source.passage.text)"
        }
        parts.append("Question: \(found.question.text)\nAnswer:")
        return parts.joined(separator: "\n\n")
    }

    /// The prompt for programs: one text, and the contexts that it is made of.
    public var document: JSONValue {
        let contexts = zip(found.passages, inputs).map { source, input -> JSONValue in
            [
                "id": .string(source.passage.id), "title": .string(source.passage.title),
                "text": .string(source.passage.text), "score": .real(source.passage.score),
                "prior": .finite(source.prior) ?? .null, "input": .string(input),
            ]
        }
        let document: JSONValue = [
            "id": .string(found.question.id), "question": .string(found.question.text),
            "prompt": .string(text), "contexts": .array(contexts),
        ]
        let answers = found.question.answers
        return document.with("answers", answers.isEmpty ? nil : .strings(answers))
            .with("coverage", found.coverage.map(\.document))
            .with("notes", found.notes.isEmpty ? nil : .strings(found.notes))
    }
}

extension AnswerPrompt {
    /// Finds the passages of questions and writes a prompt for each.
    ///
    /// - Parameter rag: How questions are encoded, and joined with passages in `inputs`.
    static func prompts(
        _ questions: [Question], from retriever: some PassageRetriever,
        _ rag: RagQuestions, _ settings: AnswerSettings
    ) async throws(SheafError) -> [AnswerPrompt] {
        let k = settings.passages ?? rag.configuration.passages
        let asked = try await rag.asked(questions, for: retriever.key, threads: settings.threads)
        let found = try await RetrievedPassages.retrieve(asked, from: retriever, k: k)
        return zip(questions, found).map { question, list in
            var result = QuestionAnswer(unanswered: question, list, k: k)
            let priors = RetrievedContexts(
                sources: list.passages.map { _ in [] }, scores: list.passages.map(\.score)
            ).priors
            for (place, prior) in priors.enumerated() { result.passages[place].prior = exp(prior) }
            let text = rag.text(of: question.text, settings.question)
            return AnswerPrompt(
                found: result,
                inputs: list.passages.map {
                    rag.configuration.context(title: $0.title, text: $0.text, question: text)
                })
        }
    }
}
