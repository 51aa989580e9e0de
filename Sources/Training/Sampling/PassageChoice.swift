import Base

extension InputSettings {
    /// The passages of an example that one epoch trains on, the positive first.
    ///
    /// The choice follows from seed, epoch and example alone, not from the batch around it.
    func chosen(
        of outline: ExampleStore.Outline, example: ExampleNumber, seed: UInt64, epoch: Int
    ) -> [ExampleStore.Reference] {
        var dice = SplitMix(
            seed: seed, 3, UInt64(epoch), UInt64(example.dataset), UInt64(example.index))
        let positive =
            positiveChoice == .first
            ? outline.positives[0] : outline.positives[dice.below(outline.positives.count)]
        var chosen = [positive]
        for list in [outline.hardNegatives, outline.negatives] {
            let missing = hardNegatives + 1 - chosen.count
            guard missing > 0 else { break }
            var candidates = list.filter { candidate in
                !chosen.contains { $0.content == candidate.content }
            }
            if negativeChoice == .random { dice.shuffle(&candidates) }
            chosen += candidates.prefix(missing)
        }
        return chosen
    }
}

/// The texts of one rank's share of a batch, before they are tokens.
struct RetrieverBatch {
    /// One example.
    struct Item {
        var id: String
        var question: String
        var answers: [String]
        /// The positive first.
        var passages: [TrainingPassage]
        /// What tells each of them from others, as the model reads it.
        var identities: [PassageIdentity]
        /// Those of what answers the question, whether in the batch or not.
        var positives: [PassageIdentity]
        /// Its position in the batch of all ranks.
        var position: Int
        /// Whether another item has the same passages, so that a contrast counts copies once.
        var sharesPassages = false
    }

    var items: [Item] = []
}

extension InputSettings {
    /// Reads a rank's share of a batch.
    ///
    /// Questions of equal text share their positives, over all data sets; with `sharing`, what is
    /// a positive in one row is a negative in none.
    func batch(
        _ numbers: ArraySlice<ExampleNumber>, of stores: [ExampleStore], seed: UInt64, epoch: Int,
        sharing: Bool = true
    ) throws(TrainingError) -> RetrieverBatch {
        var batch = RetrieverBatch()
        for position in numbers.indices {
            let number = numbers[position]
            let store = stores[number.dataset]
            var outline = try store.outline(number.index)
            let positives = stores.flatMap { $0.positives(of: outline.question) }
            if sharing { try store.removePositives(positives, from: &outline) }
            var passages: [TrainingPassage] = []
            for reference in chosen(of: outline, example: number, seed: seed, epoch: epoch) {
                passages.append(try store.passage(reference))
            }
            batch.items.append(
                RetrieverBatch.Item(
                    id: outline.id, question: outline.question, answers: outline.answers,
                    passages: passages.map(asRead),
                    identities: passages.map { asRead($0.identity) },
                    positives: positives.map(asRead), position: position,
                    sharesPassages: store.holdsQuartets))
        }
        return batch
    }

    private func asRead(_ passage: TrainingPassage) -> TrainingPassage {
        var passage = passage
        if !usesTitles { passage.title = "" }
        return passage
    }

    private func asRead(_ identity: PassageIdentity) -> PassageIdentity {
        usesTitles ? identity : identity.withoutTitle
    }

    /// Where each item's passages lie in the batch, its positive first.
    func rows(of batch: RetrieverBatch) -> [[Int]] {
        var next = 0
        switch layout {
        case .interleaved:
            return batch.items.map { item in
                next += item.passages.count
                return Array(next - item.passages.count..<next)
            }
        case .positivesFirst:
            next = batch.items.count
            return batch.items.enumerated().map { index, item in
                let negatives = item.passages.count - 1
                next += negatives
                return [index] + Array(next - negatives..<next)
            }
        }
    }
}
