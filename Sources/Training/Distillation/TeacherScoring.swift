/// Lets a teacher score the passages that a retriever learns from, once before the training.
///
/// The teacher does not change, so its scores are kept in the data: `passage.score` of the positive
/// and of each candidate. A training with `LossSettings.distillation` finds them there.
public enum TeacherScoring {
    /// What scoring did.
    public struct Report: Equatable, Sendable {
        /// Examples written.
        public var examples = 0
        /// Passages scored.
        public var passages = 0
        /// What was left out of the source.
        public var dropped = DroppedRows()
    }

    /// Reads examples, scores the first positive and up to `candidates` negatives of each, and
    /// writes them as DPR's JSON; hard negatives come before others.
    ///
    /// Source: Yang & Seo 2020: the reader sees the gold passage and the best of the index.
    ///
    /// - Parameters:
    ///   - candidates: Negatives of a question at most.
    ///   - progress: Told how many examples are done; false ends the scoring.
    /// - Throws: `TrainingError`; nothing is written then. `interrupted` where `progress` says so.
    public static func score(
        _ source: TrainingSource, with teacher: TeacherScores, candidates: Int, to path: String,
        progress: (Int) -> Bool = { _ in true }
    ) throws(TrainingError) -> Report {
        guard candidates >= 1 else {
            throw .invalidSetting(
                name: "candidates", reason: "is \(candidates); it must be 1 or more")
        }
        let writer = try TrainingWriter(path, form: .dpr)
        var report = Report()
        report.dropped = try source.read { row throws(TrainingError) in
            var example = row
            var passages = [example.positives[0]]
            passages += (example.hardNegatives + example.negatives).prefix(candidates)
            let scores = try teacher(example.question, passages)
            for (index, score) in scores.enumerated() { passages[index].score = score }
            example.positives[0] = passages[0]
            example.hardNegatives = Array(passages.dropFirst())
            example.negatives = []
            try writer.write(example)
            report.examples += 1
            report.passages += passages.count
            guard progress(report.examples) else { throw .interrupted(step: 0, checkpoint: nil) }
        }
        guard report.examples > 0 else {
            throw .noExamples(path: source.path, dropped: report.dropped.rows)
        }
        try writer.finish()
        return report
    }
}
