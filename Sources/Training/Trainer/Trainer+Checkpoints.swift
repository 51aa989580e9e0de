import Base
import Foundation
import Models

extension Trainer {
    /// Goes on from the newest sound checkpoint of this run, if there is one.
    ///
    /// All look at once, which takes no longer than one; what rank 0 finds counts.
    func resume() throws(TrainingError) {
        var content: CheckpointFolder.Content?
        var damaged: [Int] = []
        var failure: TrainingError?
        do throws(TrainingError) { content = try newestSound(&damaged) } catch { failure = error }
        try onFirstRank { () throws(TrainingError) in if let failure { throw failure } }
        var record = ByteRecord()
        record.append(UInt64(bitPattern: Int64(content?.state.step ?? -1)))
        let step = try exchanging(step: state.step) { () throws(CollectiveError) in
            var first = try group.records(record)[0]
            return Int(truncatingIfNeeded: try first.bits())
        }
        if group.rank == 0 { damaged.forEach(checkpoints.setAside) }
        guard step >= 0 else {
            if !damaged.isEmpty {
                hooks.note("No checkpoint is sound: training begins at the first step.")
            }
            return
        }
        if content?.state.step != step { content = try read(step) }
        guard let content else { throw .noCheckpoint(path: checkpoints.path) }
        for (set, values) in zip(task.parameterSets, content.parameters) {
            _ = set.values.update(fromContentsOf: values)
        }
        optimizer.restore(content.moments)
        state = content.state
        lastCheckpoint = step
        logMark = content.log
        if let files = state.refreshed { try use(refreshed: files) }
        hooks.note("Going on from \(checkpoints.path(of: step)).")
        try compareRanks()
    }

    /// The newest checkpoint that is whole and whose log is; damaged ones are told and passed over.
    ///
    /// Where the log is damaged before every checkpoint that is left, the newest counts: steps are
    /// not done again for lines that cannot come back.
    private func newestSound(
        _ damaged: inout [Int]
    ) throws(TrainingError) -> CheckpointFolder.Content? {
        var withoutLog: CheckpointFolder.Content?
        for step in checkpoints.steps {
            do throws(TrainingError) {
                let content = try read(step)
                guard group.rank == 0, let mark = content.log else { return withoutLog ?? content }
                if mark.fits(logPath) {
                    if withoutLog != nil {
                        hooks.note(
                            "\(logPath) is damaged; the checkpoint of step \(step), before the"
                                + " damage, is used.")
                    }
                    return content
                }
                withoutLog = withoutLog ?? content
            } catch .corruptCheckpoint(let path, let reason) {
                hooks.note("\(path) is damaged (\(reason)); the one before it is used.")
                damaged.append(step)
            }
        }
        if withoutLog != nil {
            hooks.note("\(logPath) is damaged or missing; what of it can be read is kept.")
        }
        return withoutLog
    }

    private var logPath: String { configuration.output + "/train_log.jsonl" }

    private func read(_ step: Int) throws(TrainingError) -> CheckpointFolder.Content {
        try checkpoints.read(
            step, parameters: task.parameterSets.map(\.count),
            moments: optimizer.moments.map { ($0.first.count, $0.second.count) })
    }

    /// Writes a checkpoint on rank 0 and removes old ones.
    func writeCheckpoint() throws(TrainingError) {
        guard lastCheckpoint != state.step else { return }
        try onFirstRank { () throws(TrainingError) in
            do throws(TrainingError) {
                // The checkpoint names the log as it is: it must not be behind on the disk.
                try log?.sync()
                try checkpoints.write(
                    CheckpointFolder.Content(
                        state: state, log: log?.mark,
                        parameters: task.parameterSets.map { Array($0.values) },
                        moments: optimizer.moments))
            } catch .cannotWrite(let path, let reason) {
                throw .checkpointUnwritten(
                    path: path, reason: reason, last: lastCheckpoint.map(checkpoints.path(of:)))
            }
            checkpoints.prune(
                keep: configuration.checkpoints.keep,
                best: state.best == nil ? nil : state.bestStep)
        }
        lastCheckpoint = state.step
    }

    /// Puts the model as it is into the output folder.
    func publishModel() throws(TrainingError) {
        try onFirstRank { () throws(TrainingError) in
            let partial = modelFolder + ".partial"
            try? FileManager.default.removeItem(atPath: partial)
            do throws(TrainingError) {
                try task.save(to: partial)
                try DurableFolder.replace(modelFolder, with: partial)
            } catch {
                // Half a model serves nobody, and its room may be what is missing.
                try? FileManager.default.removeItem(atPath: partial)
                throw error
            }
        }
    }

    /// Draws the curves so far.
    func drawCurves() throws(TrainingError) {
        guard let log else { return }
        let path = configuration.output + "/train_curves.svg"
        let text = TrainingCurves.picture(of: log.lines, measure: configuration.evaluation.measure)
        try giving(TrainingError.init(writing:)) { () throws(FileError) in
            try WholeFile.write(Array(text.utf8), to: path)
        }
    }
}
