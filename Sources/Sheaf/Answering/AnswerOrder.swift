import Base
public import Corpus
import Formats
import Foundation
import Generation
public import Models

/// The forms in which answers are written.
public enum AnswerFormat: String, CaseIterable, Sendable {
    /// For people, at a terminal.
    case table
    /// One JSON array.
    case json
    /// One JSON object a line, one line a question.
    case jsonl
}

/// Questions that are to be answered, and where the answers go.
public struct AnswerOrder: Equatable, Sendable {
    /// The questions, in their order; each id stands once.
    public var questions: [Question]
    /// How they are answered.
    public var settings: AnswerSettings
    /// The form of the answers.
    public var format = AnswerFormat.table
    /// Whether each token is told with its passages.
    public var tellsTokens = false
    /// A file; nil: the standard output.
    ///
    /// One of JSON grows while questions are answered: the same order goes on where it was ended.
    public var output: String?
    /// Columns of the terminal, for tables.
    public var width = 100
    /// What else decides the answers, kept in the file of a run that was ended.
    private var origin: JSONValue = [:]

    /// Names the questions.
    public init(_ questions: [Question], _ settings: AnswerSettings = AnswerSettings()) {
        self.questions = questions
        self.settings = settings
    }

    /// Names something that decides the answers, such as the model: a file of another is not gone
    /// on with.
    public mutating func name(_ part: String, _ value: String) {
        origin = origin.with(part, .string(value))
    }
}

/// What came of answering many questions.
public struct AnswerSummary: Equatable, Sendable {
    /// Questions that were answered before, by a run that was ended.
    public var before = 0
    /// Questions answered now.
    public var answered = 0
    /// Of these, without an answer.
    public var abstained = 0
    /// Of these, without any passage.
    public var withoutPassages = 0
    /// Of these, with fewer passages than asked for.
    public var shortLists = 0
    /// Of these, from a part of the shards.
    public var incomplete = 0
    /// What was cut off the passages with the questions.
    public var cuts = TextCuts()
    /// What retrievers told, each once.
    public var told: [String] = []
    /// Passages asked for.
    var k = 0

    /// All of it in sentences.
    public var notes: [String] {
        var notes = told
        if before > 0 { notes.append("\(Quantity.count(before, "answer")) were there already") }
        if withoutPassages > 0 {
            notes.append("\(Quantity.count(withoutPassages, "question")) without a passage")
        }
        if shortLists > 0 {
            let lists = Quantity.count(shortLists, "question")
            notes.append("\(lists) with fewer passages than the \(k) asked for")
        }
        if incomplete > 0 {
            notes.append("partial retrieval: \(Quantity.count(incomplete, "answer"))")
        }
        if let cut = cuts.sentence(of: "context") { notes.append(cut) }
        return notes
    }

    mutating func add(_ answer: QuestionAnswer, note: String) {
        answered += 1
        abstained += answer.abstains ? 1 : 0
        if answer.passages.isEmpty {
            withoutPassages += 1
        } else if answer.passages.count < k {
            shortLists += 1
        }
        incomplete += answer.coverage?.isComplete ?? true ? 0 : 1
        cuts.add(answer.cuts)
        told.addNote(note)
    }
}

extension AnswerOrder {
    /// Questions whose states are in memory together, at most.
    private static let questionsAtOnce = 64
    /// Passages of them, at most.
    private static let passagesAtOnce = 64

    /// Answers the questions and writes each answer as soon as it and those before are there.
    ///
    /// - Parameters:
    ///   - model: What answers.
    ///   - retriever: Where its passages come from.
    ///   - progress: Told how many questions are done.
    /// - Throws: what `RagModel` throws, and where the output cannot be written or is of another
    ///   run. A cancelled task ends it; a file of JSON then goes on with the same order.
    public func run(
        _ model: RagModel, from retriever: some PassageRetriever,
        progress: (Int) -> Void = { _ in }
    ) async throws(SheafError) -> AnswerSummary {
        var summary = AnswerSummary(k: model.passages(settings))
        let before = try await write(
            passages: model.passages(settings), progress
        ) { questions, first throws(SheafError) in
            var settings = settings
            settings.generation.firstSource = first
            let answers = try await model.answer(questions, from: retriever, settings)
            for answer in answers { summary.add(answer, note: answer.retrieverNote) }
            return answers.map {
                OutputLine(
                    document: $0.document(tokens: tellsTokens),
                    text: format == .table ? $0.text(width: width, tokens: tellsTokens) : "")
            }
        }
        summary.before = before
        return summary
    }

    /// Finds the passages of the questions and writes prompts for generators elsewhere.
    ///
    /// - Parameter rag: How questions are encoded, and joined with passages.
    public func writePrompts(
        _ rag: RagQuestions, from retriever: some PassageRetriever,
        progress: (Int) -> Void = { _ in }
    ) async throws(SheafError) -> AnswerSummary {
        let k = settings.passages ?? rag.configuration.passages
        var summary = AnswerSummary(k: k)
        let before = try await write(passages: k, progress) {
            questions, _ throws(SheafError) in
            let prompts = try await AnswerPrompt.prompts(
                questions, from: retriever, rag, settings)
            for prompt in prompts { summary.add(prompt.found, note: prompt.found.retrieverNote) }
            return prompts.map { OutputLine(document: $0.document, text: $0.text + "\n") }
        }
        summary.before = before
        return summary
    }

    /// What decides the lines of a file.
    private var header: JSONValue {
        [
            "sheaf": .string("answers"), "origin": origin, "tokens": .bool(tellsTokens),
            "settings": settings.document,
        ]
    }

    /// Writes what `body` makes of the questions, some at a time, and the number of the first of
    /// them; gives how many were done before.
    private func write(
        passages k: Int, _ progress: (Int) -> Void,
        _ body: ([Question], Int) async throws(SheafError) -> [OutputLine]
    ) async throws(SheafError) -> Int {
        guard !questions.isEmpty else { throw .request("There is no question. Name some.") }
        let target = try OutputLines(
            path: output, format, settings: header, questions: questions.map { ($0.id, $0.text) })
        let before = target.done
        var start = before
        progress(start)
        let step = max(1, min(Self.questionsAtOnce, Self.passagesAtOnce / max(1, k)))
        while start < questions.count {
            if Task.isCancelled { throw interruption(start, target) }
            let part = Array(questions[start..<min(start + step, questions.count)])
            do throws(SheafError) {
                try target.write(try await body(part, start), first: start)
            } catch .interrupted {
                throw interruption(start, target)
            }
            start += part.count
            progress(start)
        }
        try target.finish()
        return before
    }

    private func interruption(_ done: Int, _ target: OutputLines) -> SheafError {
        .interrupted("Interrupted after \(Quantity.count(done, "question"))." + target.whatNext)
    }
}

extension AnswerSettings {
    /// The settings that are named, for programs.
    var document: JSONValue {
        let document: JSONValue = [
            "truncate": .string(truncation.rawValue), "question_text": .string(question.rawValue),
            "decoding": .string(decoding.rawValue),
        ]
        return document.with("kind", kind.map { .string($0.rawValue) })
            .with("passages", passages.map { .integer($0) })
            .with("abstain_below", abstainBelow.map { .real($0) })
            .with("generation", generation.document)
    }
}

extension GenerationOptions {
    /// The options that are named, by the field's words.
    var document: JSONValue {
        func token(_ token: ForcedToken?) -> JSONValue? {
            switch token {
            case nil: nil
            case .some(.none): .string("none")
            case .token(let id): .integer(id)
            }
        }
        let document: JSONValue = ["seed": .integer(seed)]
        return document.with("max_length", maximumLength.map { .integer($0) })
            .with("max_new_tokens", maximumNewTokens.map { .integer($0) })
            .with("min_length", minimumLength.map { .integer($0) })
            .with("min_new_tokens", minimumNewTokens.map { .integer($0) })
            .with("num_beams", beams.map { .integer($0) })
            .with("num_return_sequences", returns.map { .integer($0) })
            .with("length_penalty", lengthPenalty.flatMap { .finite($0) })
            .with("early_stopping", earlyStopping.map { .string($0.rawValue) })
            .with("do_sample", samples.map { .bool($0) })
            .with("temperature", temperature.flatMap { .finite($0) })
            .with("top_k", topK.map { .integer($0) })
            .with("top_p", topP.flatMap { .finite($0) })
            .with("repetition_penalty", repetitionPenalty.flatMap { .finite($0) })
            .with("no_repeat_ngram_size", noRepeatNGram.map { .integer($0) })
            .with(
                "bad_words_ids", badWords.map { .array($0.map { .array($0.map { .integer($0) }) }) }
            )
            .with("eos_token_id", ends.map { .array($0.map { .integer($0) }) })
            .with("forced_bos_token_id", token(forcedBeginning))
            .with("forced_eos_token_id", token(forcedEnd))
    }
}
