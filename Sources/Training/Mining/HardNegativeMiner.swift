import Base
import Evaluation
public import Models

/// Gives training examples hard negatives that a search finds.
public enum HardNegativeMiner {
    /// What mining did.
    public struct Report: Equatable, Sendable {
        /// Examples written.
        public var examples = 0
        /// Negatives written.
        public var negatives = 0
        /// Examples for which none was left.
        public var withoutNegatives = 0
        /// Found passages left out because they are a positive.
        public var gold = 0
        /// Found passages left out because they hold an answer.
        public var withAnswer = 0
        /// Found passages left out because they score too near the positive, or the positive was
        /// not found.
        public var withinMargin = 0
        /// What was left out of the source.
        public var dropped = DroppedRows()
        /// What was cut off the texts that a model was asked with and has searched.
        public var cuts = TextCuts()
        /// What people ought to know of what was searched, as sentences.
        public var notes: [String] = []
    }

    /// Questions searched at a time.
    private static let blockSize = 64

    /// Reads examples, finds their negatives and hands each example over.
    ///
    /// Questions of equal text share their positives, so the source is read twice. Holds one block
    /// at a time, and 40 bytes a positive.
    ///
    /// - Throws: `TrainingError`, or what `body` throws.
    public static func mine(
        _ source: TrainingSource, from candidates: any CandidateSource, _ settings: MiningSettings,
        _ body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) -> Report {
        try settings.validate()
        var shared = SharedPositives()
        _ = try source.read { example throws(TrainingError) in
            shared.add(example.question, example.positives)
        }
        shared.sort()
        var report = Report()
        var block: [TrainingExample] = []
        func flush() throws(TrainingError) {
            guard !block.isEmpty else { return }
            let found = try candidates.candidates(
                for: block.map(\.question), count: settings.lastRank)
            for (example, found) in zip(block, found) {
                var example = example
                example.hardNegatives = choose(
                    found, example, positives: shared.positives(of: example.question),
                    number: report.examples, settings, &report)
                // The row is read again as one source: an id of another must not name a positive.
                let ids = Set(example.positives.map(\.id))
                for index in example.hardNegatives.indices
                where ids.contains(example.hardNegatives[index].id) {
                    example.hardNegatives[index].id = ""
                }
                report.examples += 1
                report.negatives += example.hardNegatives.count
                if example.hardNegatives.isEmpty { report.withoutNegatives += 1 }
                try body(example)
            }
            block.removeAll(keepingCapacity: true)
        }
        report.dropped = try source.read { example throws(TrainingError) in
            block.append(example)
            if block.count == blockSize { try flush() }
        }
        try flush()
        report.cuts = candidates.cuts
        report.notes = candidates.notes
        guard report.examples > 0 else {
            throw .noExamples(path: source.path, dropped: report.dropped.rows)
        }
        return report
    }

    /// The negatives of one example, whose question has these positives over all rows.
    static func choose(
        _ found: [TrainingPassage], _ example: TrainingExample, positives: [PassageIdentity],
        number: Int, _ settings: MiningSettings, _ report: inout Report
    ) -> [TrainingPassage] {
        let identities = found.map(\.identity)
        let gold = zip(found, identities).first { positives.holds($0.1) }?.0
        let matcher = AnswerMatcher(answers: settings.skipsAnswers ? example.answers : [])
        var left: [TrainingPassage] = []
        var seen: Set<UInt64> = []
        let window = settings.firstRank - 1..<max(settings.firstRank - 1, found.count)
        for index in window.clamped(to: found.indices).prefix(
            settings.lastRank - settings.firstRank + 1)
        {
            let passage = found[index]
            guard seen.insert(identities[index].content).inserted else { continue }
            if positives.holds(identities[index]) {
                report.gold += 1
            } else if settings.skipsAnswers, matcher.matches(passage.text) {
                report.withAnswer += 1
            } else if settings.hasMargin, !isBelow(passage, gold, settings) {
                report.withinMargin += 1
            } else {
                left.append(passage)
            }
        }
        guard !settings.takesBest else { return Array(left.prefix(settings.perQuestion)) }
        var dice = SplitMix(seed: settings.seed, 5, UInt64(number))
        var order = Array(left.indices)
        dice.shuffle(&order)
        return order.prefix(settings.perQuestion).sorted().map { left[$0] }
    }

    /// Whether a passage scores so far below the positive as the margins ask.
    private static func isBelow(
        _ passage: TrainingPassage, _ gold: TrainingPassage?, _ settings: MiningSettings
    ) -> Bool {
        // A positive that was not found scores below all that were.
        guard let goal = gold?.score, let score = passage.score else { return false }
        return score <= goal - settings.absoluteMargin
            && score <= goal - settings.relativeMargin * abs(goal)
    }
}
