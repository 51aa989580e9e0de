/// Rewrites training data from one form to another.
public enum TrainingConversion {
    /// What a conversion did.
    public struct Report: Equatable, Sendable {
        /// Examples written.
        public var written: Int
        /// What was left out.
        public var dropped: DroppedRows
    }

    /// Reads a source and writes what can be trained on in another form.
    ///
    /// - Parameters:
    ///   - source: Where the examples are.
    ///   - path: The file, or the folder, that is written.
    ///   - form: Its form.
    ///   - hardNegatives: Columns of hard negatives in a table.
    ///   - split: The split in the names of BEIR's and MS MARCO's files.
    /// - Throws: `TrainingError`.
    public static func convert(
        _ source: TrainingSource, to path: String, form: TrainingWriter.Form,
        hardNegatives: Int = 1, split: String = "train"
    ) throws(TrainingError) -> Report {
        let writer = try TrainingWriter(
            path, form: form, hardNegatives: hardNegatives, split: split)
        let dropped = try source.read { example throws(TrainingError) in
            try writer.write(example)
        }
        guard writer.count > 0 else { throw .noExamples(path: source.path, dropped: dropped.rows) }
        try writer.finish()
        return Report(written: writer.count, dropped: dropped)
    }
}
