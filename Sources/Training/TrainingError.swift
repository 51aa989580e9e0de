public import Corpus
public import Models

/// What can go wrong while a model is trained, or its data are made ready.
public enum TrainingError: Error, Equatable, Sendable {
    /// A file of the training data is at fault.
    case corpus(CorpusError)
    /// A model folder is at fault.
    case model(ModelError)
    /// The form of the training data cannot be told.
    case unknownFormat(path: String, reason: String)
    /// A table lacks columns.
    case missingColumns(path: String, missing: [String], found: [String])
    /// No row of the data can be trained on.
    case noExamples(path: String, dropped: Int)
    /// The data name a passage that the corpus does not hold.
    case unknownPassage(id: String, place: SourcePlace)
    /// The data name a question that the question file does not hold.
    case unknownQuestion(id: String, place: SourcePlace)
    /// A form of training data cannot carry what is to be written.
    case unwritable(path: String, reason: String)
    /// A file cannot be read.
    case cannotRead(path: String, reason: String)
    /// A file cannot be written.
    case cannotWrite(path: String, reason: String)
    /// A setting has a value that cannot be meant.
    case invalidSetting(name: String, reason: String)
    /// A batch holds one question and nothing to tell its passage from: the loss is zero; `step`
    /// steps were done before.
    case lonelyBatch(step: Int, example: String)
    /// The loss or a gradient is NaN or infinite after `step` steps were done.
    case notFinite(what: String, step: Int, rank: Int, examples: [String], checkpoint: String?)
    /// The parameters of the ranks differ.
    case ranksDiverged(step: Int, hashes: [String])
    /// The ranks do not agree on what they train.
    case ranksDisagree(what: String, values: [String])
    /// A checkpoint folder was written by a run with other settings, data or model.
    case checkpointOfAnotherRun(path: String, what: String, expected: String, found: String)
    /// A checkpoint is incomplete or damaged.
    case corruptCheckpoint(path: String, reason: String)
    /// A checkpoint cannot be written; `last` is the one that the run can go on from.
    case checkpointUnwritten(path: String, reason: String, last: String?)
    /// There is nothing to resume from.
    case noCheckpoint(path: String)
    /// A search for negatives failed; the reason ends with what to do.
    case searchFailed(reason: String)
    /// SQLite refuses.
    case database(path: String, reason: String)
    /// A collective operation between the ranks failed; the reason ends with what to do.
    case collective(step: Int, reason: String)
    /// What rank 0 does for all failed there.
    case firstRankFailed(step: Int, reason: String)
    /// Training was asked to stop after `step` steps were done.
    case interrupted(step: Int, checkpoint: String?)
}

extension TrainingError: CustomStringConvertible {
    /// What happened and what to do about it, in one message.
    public var description: String {
        switch self {
        case .corpus(let error): return "\(error)"
        case .model(let error): return "\(error)"
        case .unknownFormat(let path, let reason):
            return "The form of the training data in \(path) cannot be told: \(reason). Name it."
        case .missingColumns(let path, let missing, let found):
            return "\(path) lacks the columns \(Self.list(missing)); it has"
                + " \(Self.list(found)). Name the columns in the first line."
        case .noExamples(let path, let dropped):
            return "\(path) holds no row that can be trained on (\(dropped) dropped). Give each"
                + " row a question and a positive passage."
        case .unknownPassage(let id, let place):
            return "\(place): the passage “\(id)” is not in the corpus. Name the corpus that the"
                + " data were made from."
        case .unknownQuestion(let id, let place):
            return "\(place): the question “\(id)” is not in the question file. Name the file that"
                + " the data were made from."
        case .unwritable(let path, let reason):
            return "\(path) cannot carry the data: \(reason). Choose another form."
        case .cannotRead(let path, let reason):
            return "\(path) cannot be read: \(reason). Check the file and its permissions."
        case .cannotWrite(let path, let reason):
            return "\(path) cannot be written: \(reason). Check the folder, its permissions and"
                + " the space left."
        case .invalidSetting(let name, let reason):
            return "\(name) \(reason)\(reason.hasSuffix("?") ? "" : ".") Correct the setting."
        case .lonelyBatch(let step, let example):
            return "Step \(step + 1) has the one question “\(example)” and no negative passage, so"
                + " the loss is 0 whatever the model does. Raise the batch size or add negatives."
        case .searchFailed(let reason): return "No negatives were found: \(reason)"
        case .database(let path, let reason):
            return "The index \(path) cannot be used: \(reason). Check the space left and try"
                + " again."
        default: return runDescription
        }
    }

    private var runDescription: String {
        switch self {
        case .notFinite(let what, let step, let rank, let examples, let checkpoint):
            let kept =
                checkpoint.map { "The last good checkpoint is \($0)." }
                ?? "No checkpoint was written yet."
            return "\(what) is not finite at step \(step + 1) on rank \(rank), with the examples"
                + " \(Self.list(examples)). \(kept) Lower the learning rate, or look at these"
                + " examples."
        case .ranksDiverged(let step, let hashes):
            return "The parameters of the ranks differ after step \(step): \(Self.list(hashes))."
                + " Use one version of Sheaf on all hosts, and resume from the last checkpoint."
        case .ranksDisagree(let what, let values):
            return "The ranks differ in \(what): \(Self.list(values)). Start all with the same"
                + " settings, data and model."
        case .checkpointOfAnotherRun(let path, let what, let expected, let found):
            return "\(path) belongs to another run: its \(what) is \(found), and this run's is"
                + " \(expected). Name another output folder, or the settings of that run."
        case .corruptCheckpoint(let path, let reason):
            return "The checkpoint \(path) is damaged: \(reason). Remove it to resume from the one"
                + " before."
        case .checkpointUnwritten(let path, let reason, let last):
            let kept = last.map { "the last good checkpoint is \($0)" } ?? "there is none before it"
            return "The checkpoint \(path) cannot be written: \(reason); \(kept). Check the"
                + " permissions and make room there, then run the same command again to go on."
        case .noCheckpoint(let path):
            return "\(path) holds no checkpoint that can be resumed. Start without resuming."
        case .collective(let step, let reason):
            return "The ranks could not exchange step \(step): \(reason)"
        case .firstRankFailed(let step, let reason):
            return "Rank 0 failed after step \(step): \(reason)"
        case .interrupted(let step, let checkpoint):
            let kept = checkpoint.map { "; \($0) holds it" } ?? ""
            return "Training stopped before step \(step + 1)\(kept). Run the same command again to"
                + " go on."
        default: return ""
        }
    }

    private static func list(_ words: [String]) -> String {
        let shown = words.prefix(12).joined(separator: ", ")
        return words.count > 12 ? "\(shown) and \(words.count - 12) more" : shown
    }
}

/// Runs something that fails with a corpus error, as part of training.
func readingCorpus<Result>(
    _ body: () throws(CorpusError) -> Result
) throws(TrainingError) -> Result {
    do throws(CorpusError) { return try body() } catch { throw .corpus(error) }
}

/// Runs something that fails with a model error, as part of training.
func usingModel<Result>(
    _ body: () throws(ModelError) -> Result
) throws(TrainingError) -> Result {
    do throws(ModelError) { return try body() } catch { throw .model(error) }
}
