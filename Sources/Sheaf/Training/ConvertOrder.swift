public import Training

/// Training data to be rewritten in another form.
public struct ConvertOrder: Equatable, Sendable {
    /// The file or folder that is read.
    public var input: String
    /// The file or folder that is written.
    public var output: String
    /// What is written.
    public var form: TrainingWriter.Form
    /// The corpus of questions that name their passages; nil: the form is told by looking.
    public var corpus: String?
    /// Lists of negatives, `qid<TAB>passage:score …`, with `corpus`.
    public var negatives: String?
    /// The split of BEIR and MS MARCO folders.
    public var split = "train"
    /// Columns of hard negatives in a table.
    public var hardNegatives = 1

    /// Names input, output and form; all else has its default.
    public init(input: String, output: String, form: TrainingWriter.Form) {
        self.input = input
        self.output = output
        self.form = form
    }

    /// The source that is read.
    func source() throws(SheafError) -> TrainingSource {
        guard let corpus else {
            guard negatives == nil else {
                throw .request("Lists of negatives need the corpus they are of. Name it too.")
            }
            return try training { () throws(TrainingError) in
                try TrainingSource.detect(input, split: split)
            }
        }
        return TrainingSource(path: input, form: .lists(corpus: corpus, negatives: negatives))
    }

    /// Rewrites the data; memory does not grow with the texts, beyond the passages that lists name.
    public func run() throws(SheafError) -> TrainingConversion.Report {
        guard hardNegatives >= 0 else {
            throw .request("\(hardNegatives) hard negatives: name 0 or more.")
        }
        let source = try source()
        return try training { () throws(TrainingError) in
            try TrainingConversion.convert(
                source, to: output, form: form, hardNegatives: hardNegatives, split: split)
        }
    }
}
