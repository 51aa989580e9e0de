import Base
import Models

extension Trainer {
    /// Refuses ranks of different runs, and names what differs.
    func agree(on identity: RunIdentity) throws(TrainingError) {
        let parts = identity.parts
        var record = ByteRecord()
        record.append(UInt64(parts.count))
        for (_, value) in parts { record.append(value) }
        var all: [[String]] = []
        try exchanging(step: state.step) { () throws(CollectiveError) in
            for part in try group.records(record) {
                var part = part
                var values: [String] = []
                for _ in 0..<(try part.count()) { values.append(try part.text()) }
                all.append(values)
            }
        }
        guard all.allSatisfy({ $0.count == parts.count }) else {
            throw .ranksDisagree(what: "the number of settings", values: all.map { "\($0.count)" })
        }
        for (index, part) in parts.enumerated()
        where all.contains(where: { $0[index] != part.value }) {
            throw .ranksDisagree(what: part.name, values: all.map { $0[index] })
        }
    }

    /// The bytes of all ranks.
    func told(_ bytes: [UInt8]) throws(TrainingError) -> [[UInt8]] {
        try exchanging(step: state.step) { () throws(CollectiveError) in
            try group.allGather(bytes: bytes)
        }
    }

    /// Compares the parameters of all ranks, bit for bit.
    func compareRanks() throws(TrainingError) {
        guard group.world > 1 else { return }
        let hash = task.parameterSets.map { String($0.valueHash, radix: 16) }
            .joined(separator: "-")
        let hashes = try told(Array(hash.utf8)).map { String(decoding: $0, as: UTF8.self) }
        guard hashes.allSatisfy({ $0 == hash }) else {
            throw .ranksDiverged(step: state.step, hashes: hashes)
        }
    }

    /// The longest time that a rank has waited for others and for the wire.
    func longestWait(_ exposure: Exposure) throws(TrainingError) -> Double {
        var record = ByteRecord()
        record.append((exposure.soFar?.seconds ?? 0).bitPattern)
        return try exchanging(step: state.step) { () throws(CollectiveError) in
            var longest = 0.0
            for part in try group.records(record) {
                var part = part
                longest = max(longest, try part.real())
            }
            return longest
        }
    }

    /// Whether one of the ranks was asked to stop.
    func anyRankWantsToStop() throws(TrainingError) -> Bool {
        try told(hooks.shouldStop() ? [1] : [0]).contains([1])
    }

    /// Does something on rank 0 alone; where that fails, every rank fails.
    func onFirstRank(_ body: () throws(TrainingError) -> Void) throws(TrainingError) {
        var failure: TrainingError?
        if group.rank == 0 {
            do throws(TrainingError) { try body() } catch { failure = error }
        }
        let answers = try told(Array((failure.map { "\($0)" } ?? "").utf8))
        if let failure { throw failure }
        if !answers[0].isEmpty {
            throw .firstRankFailed(
                step: state.step, reason: String(decoding: answers[0], as: UTF8.self))
        }
    }

    /// Finds new negatives at the start of an epoch, where that is asked for.
    func refresh(_ epoch: Int) throws(TrainingError) {
        let every = configuration.data.refreshEveryEpochs
        guard every > 0, epoch > 0, epoch % every == 0, refreshedEpoch != epoch else { return }
        hooks.note("Epoch \(epoch + 1): finding hard negatives with the model as it is.")
        let folder = configuration.output + "/refresh/epoch-\(epoch)"
        try onFirstRank { () throws(TrainingError) in try DurableFolder.make(folder) }
        let files = try task.refreshed(in: folder, epoch: epoch, step: state.step)
        // The files are there when every rank has come here.
        _ = try told([])
        refreshedEpoch = epoch
        try use(refreshed: files)
    }

    /// Goes on with other training data, which must have as many examples.
    func use(refreshed files: [String]) throws(TrainingError) {
        var data = configuration.data
        data.training = files
        let sizes = task.sizes
        let stores = try data.trainingStores()
        guard stores.map(\.count) == sizes else {
            throw .invalidSetting(
                name: "data.refreshEveryEpochs",
                reason: "gave \(stores.map(\.count)) examples instead of \(sizes)")
        }
        task.replaceData(stores)
        state.refreshed = files
    }
}
