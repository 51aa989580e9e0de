public import Corpus
import Foundation
public import Generation
import Models
import Tokenizers

extension RagModel {
    /// Passages that a question is answered from.
    func passages(_ settings: AnswerSettings) -> Int {
        settings.passages ?? configuration.passages
    }

    /// Answers questions from the passages that a retriever finds, each passage encoded once with
    /// its question.
    ///
    /// - Parameters:
    ///   - questions: Each with text.
    ///   - retriever: Where the passages come from.
    ///   - processors: Change the scores of the next token; told the number of the question among
    ///     all, those without passages too.
    /// - Throws: where a question is empty, the retriever or the search fails, or scores are not
    ///   numbers; the question is named. A cancelled task ends the search at its next token.
    public func answer(
        _ questions: [Question], from retriever: some PassageRetriever,
        _ settings: AnswerSettings = AnswerSettings(), processors: [ScoreProcessor] = []
    ) async throws(SheafError) -> [QuestionAnswer] {
        let found = try await retrieve(questions, from: retriever, settings)
        do throws(SheafError) {
            let answers = try await onOwnThread { stop throws(SheafError) in
                try answer(questions, from: found, settings, processors + [ending(where: stop)])
            }
            if !Task.isCancelled { return answers }
        } catch {
            guard Task.isCancelled else { throw error }
        }
        throw .interrupted("Interrupted.")
    }

    /// The passages of questions.
    private func retrieve(
        _ questions: [Question], from retriever: some PassageRetriever, _ settings: AnswerSettings
    ) async throws(SheafError) -> [RetrievedPassages] {
        let asked = try await self.questions.asked(
            questions, for: retriever.key, threads: settings.threads)
        return try await RetrievedPassages.retrieve(
            asked, from: retriever, k: passages(settings))
    }

    private func answer(
        _ questions: [Question], from found: [RetrievedPassages], _ settings: AnswerSettings,
        _ processors: [ScoreProcessor]
    ) throws(SheafError) -> [QuestionAnswer] {
        var results = zip(questions, found).map {
            QuestionAnswer(unanswered: $0, $1, k: passages(settings))
        }
        var contexts: [RetrievedContexts] = []
        var owners: [Int] = []
        for (number, list) in found.enumerated() where !list.passages.isEmpty {
            let text = self.questions.text(of: questions[number].text, settings.question)
            let sources = list.passages.map {
                source(
                    title: $0.title, text: $0.text, question: text, settings.truncation,
                    &results[number].cuts)
            }
            let context = RetrievedContexts(sources: sources, scores: list.passages.map(\.score))
            for (place, prior) in context.priors.enumerated() {
                results[number].passages[place].prior = exp(prior)
            }
            contexts.append(context)
            owners.append(number)
        }
        // Each run of questions without a gap: all of it counts from the number of the first.
        var start = 0
        while start < owners.count {
            let first = owners[start]
            var end = start + 1
            while end < owners.count, owners[end] == first + end - start { end += 1 }
            let answers = try search(
                Array(contexts[start..<end]), questions[first..<first + end - start], settings,
                processors)
            for (place, own) in answers.enumerated() {
                enter(own, in: &results[first + place], settings)
            }
            start = end
        }
        return results
    }

    /// Searches for the answers to questions, whose first has the number of the slice's beginning.
    private func search(
        _ contexts: [RetrievedContexts], _ questions: ArraySlice<Question>,
        _ settings: AnswerSettings, _ processors: [ScoreProcessor]
    ) throws(SheafError) -> [[RagAnswer]] {
        try namingFault(in: zip(questions, contexts).map { ($0.id, $1) }) {
            part throws(SheafError) in
            let first = questions.startIndex + part.startIndex
            var options = settings.generation
            options.firstSource += first
            let processors = processors.map { processor -> ScoreProcessor in
                { number, tokens, scores in processor(first + number, tokens, &scores) }
            }
            do throws(GenerationError) {
                return try generator.generator.answers(
                    from: Array(part), settings.kind ?? kind, settings.decoding,
                    options: options,
                    removesDuplicates: configuration.removesDuplicates, processors: processors,
                    threads: settings.threads)
            } catch {
                throw .generation(error)
            }
        }
    }

    private func enter(
        _ answers: [RagAnswer], in result: inout QuestionAnswer, _ settings: AnswerSettings
    ) {
        result.answers = answers.map { answer in
            QuestionAnswer.Answer(
                text: generator.text(of: answer.tokens), score: answer.score,
                probability: min(1, exp(answer.logarithm)), posteriors: answer.posteriors,
                tokens: zip(answer.tokens.dropFirst(), answer.tokenPosteriors).map {
                    QuestionAnswer.Token(
                        text: generator.tokenizer.token(for: $0) ?? "", posteriors: $1)
                })
        }
        result.abstains =
            (answers.first.map { exp($0.logarithm) } ?? 0) < settings.abstainBelow ?? 0
        if result.cuts.textsCut > 0 {
            result.notes.append(
                "\(result.cuts.textsCut) of \(result.cuts.texts) contexts were cut")
        }
        if let wanted = settings.generation.returns, answers.count < wanted {
            result.notes.append("\(answers.count) of \(wanted) different answers were found")
        }
    }
}
