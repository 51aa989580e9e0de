import Base
import Models

extension ReaderTask {
    /// The passages of a question: a positive that holds an answer where one does, then hard
    /// negatives, then ordinary ones; no positive of another row of the question among them.
    func readerExample(
        _ number: ExampleNumber, _ stores: [ExampleStore], epoch: Int, shuffles: Bool
    ) throws(TrainingError) -> Example {
        let store = stores[number.dataset]
        var outline = try store.outline(number.index)
        try store.removePositives(
            stores.flatMap { $0.positives(of: outline.question) }, from: &outline)
        var dice = SplitMix(
            seed: settings.seed, 4, UInt64(epoch), UInt64(number.dataset), UInt64(number.index))
        var positives = outline.positives
        if shuffles, settings.input.positiveChoice == .random { dice.shuffle(&positives) }
        let pieces = outline.answers.map { model.pieces(of: $0) }
        var first: (tokens: ReaderTokens, spans: [ClosedRange<Int>])?
        for reference in positives {
            let tokens = tokens(outline.question, try store.passage(reference))
            let spans = Self.spans(
                of: pieces, in: tokens, maximumLength: settings.reader.maximumAnswerTokens)
            if first == nil || !spans.isEmpty { first = (tokens, spans) }
            if !spans.isEmpty { break }
        }
        guard let first else { throw .noExamples(path: outline.id, dropped: 1) }
        var negatives = outline.hardNegatives
        if shuffles, settings.input.negativeChoice == .random { dice.shuffle(&negatives) }
        var others = outline.negatives
        if shuffles, settings.input.negativeChoice == .random { dice.shuffle(&others) }
        var passages = [first.tokens]
        for reference in (negatives + others).prefix(settings.reader.passages - 1) {
            passages.append(tokens(outline.question, try store.passage(reference)))
        }
        return Example(id: outline.id, passages: passages, answers: first.spans, pieces: pieces)
    }

    private func tokens(_ question: String, _ passage: TrainingPassage) -> ReaderTokens {
        model.tokenise(
            question: question, title: passage.title, text: passage.text,
            maximumLength: settings.input.maximumPassageTokens)
    }

    /// Where answers stand in a passage, each place once, in their order.
    static func spans(
        of answers: [[Int32]], in passage: ReaderTokens, maximumLength: Int
    ) -> [ClosedRange<Int>] {
        let ids = passage.tokens.ids
        var spans: [ClosedRange<Int>] = []
        for answer in answers where !answer.isEmpty && answer.count <= maximumLength {
            var start = passage.passageStart
            while start + answer.count <= ids.count {
                let span = start...(start + answer.count - 1)
                if ids[span].elementsEqual(answer), !spans.contains(span) { spans.append(span) }
                start += 1
            }
        }
        return spans.sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
    }
}
