extension CoordinatorMachine {
    /// Where the run is; empty when there is none.
    package var progress: IndexProgress {
        guard let run else { return IndexProgress() }
        // A worker says how many, and late: no more are counted than were missing at the start.
        let passages = run.shape?.passages ?? 0
        let most = passages - min(passages, run.committedBefore)
        let encoded = roster.heartbeats.reduce(UInt64(0)) { sum, beat in
            let before = min(beat.value.passagesEncoded, run.encodedBefore[beat.key] ?? 0)
            return min(most, sum + min(most, beat.value.passagesEncoded - before))
        }
        return IndexProgress(
            collection: run.collection, state: run.pausedUntil == nil ? run.state : .paused,
            passagesTotal: run.shape?.passages ?? run.passagesScanned,
            passagesCommitted: run.state == .checking
                ? check?.audit.settledRows ?? 0 : run.committedRows,
            batchesTotal: UInt64(run.shape?.batchCount ?? 0),
            batchesCommitted: UInt64(run.leases?.committedCount ?? 0),
            batchesRepeated: UInt64(run.leases?.repeatedCount ?? 0),
            skippedLines: UInt64(run.shape?.skippedLines ?? 0),
            workers: UInt32(roster.membership.ready.count), cuts: run.cuts,
            generation: collections[run.collection]?.number ?? 0,
            note: run.note.isEmpty ? waitNote : run.note,
            alreadyComplete: run.isAlreadyComplete,
            // Heartbeats lag behind commits.
            passagesEncoded: max(
                encoded, run.committedRows - min(run.committedRows, run.committedBefore)),
            healing: run.healing, notes: run.notes)
    }

    /// What the run waits for; empty where it works.
    private var waitNote: String {
        if run?.state == .encoding, roster.membership.ready.isEmpty { return "no worker is ready" }
        guard run?.state == .checking, let absent = check?.audit.absentHolders, !absent.isEmpty
        else { return "" }
        return "waits for \(absent.joined(separator: ", ")), which held segments"
    }
}
