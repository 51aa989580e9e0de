import Base
import Foundation
public import Generation

/// Writes a text as its tokens come, and nothing of it twice.
private final class TokenStream: Sendable {
    private let generator: TextGenerator
    private let write: @Sendable (String) throws(SheafError) -> Void
    private let state = Locked((written: "", failure: SheafError?.none))

    init(
        _ generator: TextGenerator, _ write: @escaping @Sendable (String) throws(SheafError) -> Void
    ) {
        self.generator = generator
        self.write = write
    }

    /// Sees each token when the next one is chosen, and changes no score.
    var processor: ScoreProcessor {
        { [self] _, tokens, _ in show(generator.text(of: tokens)) }
    }

    /// Writes what of the text is new; bytes of a character that is not whole wait.
    private func show(_ text: String) {
        var text = text[...]
        while text.last == "\u{FFFD}" { text.removeLast() }
        state.withLock { state in
            guard state.failure == nil, text.hasPrefix(state.written) else { return }
            do throws(SheafError) {
                let new = text.dropFirst(state.written.count)
                if !new.isEmpty { try write(String(new)) }
                state.written = String(text)
            } catch {
                state.failure = error
            }
        }
    }

    /// Writes what is left of the whole text and ends the line.
    func finish(_ text: String) throws(SheafError) {
        show(text)
        let (written, failure) = state.withLock { $0 }
        if let failure { throw failure }
        // Where a later token has changed what was written, the whole text follows on its own line.
        try write(written == text ? "\n" : "\n\(text)\n")
    }
}

extension GenerationOptions {
    /// The same for one output that is made token by token.
    fileprivate func forStream() throws(SheafError) -> GenerationOptions {
        guard beams ?? 1 == 1, returns ?? 1 == 1 else {
            throw .request(
                "A beam search or several outputs cannot be shown token by token. Decode greedily, "
                    + "or draw one output.")
        }
        var options = self
        options.beams = 1
        options.returns = 1
        return options
    }
}

extension RagModel {
    /// Answers the questions of an order in turn and writes each answer as its tokens come.
    ///
    /// - Returns: What the retriever told, each once.
    /// - Throws: where outputs cannot be shown before they are whole: in a beam search, and in
    ///   RAG-sequence, which weighs whole answers, from several passages.
    public func stream(
        _ order: AnswerOrder, from retriever: some PassageRetriever,
        write: @escaping @Sendable (String) throws(SheafError) -> Void
    ) async throws(SheafError) -> [String] {
        var settings = order.settings
        settings.generation = try settings.generation.forStream()
        guard settings.kind ?? kind == .token || passages(settings) == 1 else {
            throw .request(
                "RAG-sequence weighs whole answers under its passages, so that no token is sure "
                    + "before the end. Use RAG-token (--kind token) or one passage (-k 1).")
        }
        var told: [String] = []
        for question in order.questions {
            if order.questions.count > 1 { try write(question.text + "\n  ") }
            let stream = TokenStream(generator, write)
            let answers = try await answer(
                [question], from: retriever, settings, processors: [stream.processor])
            try stream.finish(
                answers.first?.answers.first?.text ?? "no answer: no passage was found")
            told.addNote(answers.first?.retrieverNote ?? "")
        }
        return told
    }
}

extension TextGenerator {
    /// Generates one output a text and writes it as its tokens come.
    public func stream(
        _ texts: [String], options: GenerationOptions, limit: Int? = nil, threads: Int = 1,
        cuts: inout TextCuts, write: @escaping @Sendable (String) throws(SheafError) -> Void
    ) throws(SheafError) {
        let options = try options.forStream()
        for text in texts {
            let stream = TokenStream(self, write)
            let found = try generate(
                [text], options: options, limit: limit, processors: [stream.processor],
                threads: threads, cuts: &cuts)
            try stream.finish(found.first?.first?.text ?? "")
        }
    }
}
