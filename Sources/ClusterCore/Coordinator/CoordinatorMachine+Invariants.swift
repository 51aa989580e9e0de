/// What must be true of a coordinator between any two events; simulations, tests and the running
/// coordinator ask.
extension CoordinatorMachine {
    /// What is not as it must be, each in one sentence; empty in a sound machine.
    package var violations: [String] {
        violationsOfRun + passages.violations
            + collections.keys.sorted().flatMap { name in
                (collections[name]?.table.violations ?? []).map { "\(name): \($0)" }
            }
    }

    private var violationsOfRun: [String] {
        guard let run, let leases = run.leases else { return [] }
        var found: [String] = []
        for worker in leases.holders where !roster.membership.isReady(worker) {
            for lease in leases.leases(of: worker) where !leases.isStaged(lease.batch) {
                found.append("\(worker) holds batch \(lease.batch.rawValue) and is not ready")
            }
        }
        for worker in leases.holders {
            let count = leases.leases(of: worker).count
            if count > leases.rules.leasesPerWorker {
                found.append("\(worker) holds \(count) leases")
            }
        }
        if run.segments.count != leases.committedCount {
            found.append(
                "\(leases.committedCount) batches are committed, \(run.segments.count) entered")
        }
        let rows = run.segments.values.reduce(0) { $0 + $1.rows }
        if rows != run.committedRows {
            found.append("\(run.committedRows) rows are counted, \(rows) entered")
        }
        if preparing != nil, run.preparation == .done {
            found.append("a run leases while an earlier one is being prepared")
        }
        return found
    }
}

extension PassageFlow {
    var violations: [String] {
        underWay.keys.sorted().compactMap { worker in
            let (bytes, granted) = (underWay[worker] ?? 0, windows[worker]?.granted ?? 0)
            guard bytes > granted else { return nil }
            return "\(bytes) bytes are under way to \(worker), which granted \(granted)"
        }
    }
}
