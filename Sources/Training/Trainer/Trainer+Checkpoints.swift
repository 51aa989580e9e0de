import Foundation
import Models

extension Trainer {
    /// Goes on from the newest sound checkpoint of this run, if there is one.
    ///
    /// All look at once, which takes no longer than one; what rank 0 finds counts.
    func resume() throws(TrainingError) {
        var content: CheckpointFolder.Content?
        var failure: TrainingError?
        do throws(TrainingError) { content = try newestSound() } catch { failure = error }
        try onFirstRank { () throws(TrainingError) in if let failure { throw failure } }
        var record = ByteRecord()
        record.append(UInt64(bitPattern: Int64(content?.state.step ?? -1)))
        var answer = ByteRecord(try told(record.bytes)[0])
        let step = Int(Int64(bitPattern: answer.number()))
        guard step >= 0 else { return }
        if content?.state.step != step { content = try read(step) }
        guard let content else { throw .noCheckpoint(path: checkpoints.path) }
        for (set, values) in zip(task.parameterSets, content.parameters) {
            _ = set.values.update(fromContentsOf: values)
        }
        optimizer.restore(content.moments)
        state = content.state
        lastCheckpoint = step
        if let files = state.refreshed { try use(refreshed: files) }
        hooks.note("Going on from \(checkpoints.path(of: step)).")
        try compareRanks()
    }

    /// The newest checkpoint that is whole; damaged ones are told and passed over.
    private func newestSound() throws(TrainingError) -> CheckpointFolder.Content? {
        for step in checkpoints.steps {
            do throws(TrainingError) {
                return try read(step)
            } catch .corruptCheckpoint(let path, let reason) {
                hooks.note("\(path) is damaged (\(reason)); the one before it is used.")
            }
        }
        return nil
    }

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
                try checkpoints.write(
                    CheckpointFolder.Content(
                        state: state, parameters: task.parameterSets.map { Array($0.values) },
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
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .cannotWrite(path: path, reason: error.localizedDescription)
        }
    }
}
