public import ClusterCore
public import Formats

/// The status of a cluster as people and programs read it.
public struct StatusReport: Sendable {
    private let status: Status

    /// Makes a report of a status.
    public init(_ status: Status) {
        self.status = status
    }

    /// The status for programs.
    public var document: JSONValue {
        [
            "running": .bool(true),
            "cluster": .string(status.clusterID),
            "epoch": .integer(status.epoch),
            "release": .string(status.release),
            "coordinator": [
                "pid": .integer(UInt64(status.processID)),
                "resident_bytes": .integer(status.residentBytes),
            ],
            "workers": .array(status.workers.map(\.document)),
            "collections": .array(status.collections.map(\.document)),
            "indexing": status.indexing?.document ?? .null,
            "problems": .array(status.problems.map(JSONValue.string)),
        ]
    }

    /// What programs read where no cluster runs.
    public static let notRunning: JSONValue = ["running": .bool(false)]

    /// Whether no problem is told, and workers hold every passage that is committed.
    public var isSound: Bool {
        status.problems.isEmpty
            && status.collections.allSatisfy { collection in
                guard let coverage = collection.coverage else { return false }
                return coverage.shardsAnswered == coverage.shardsTotal
            }
    }

    /// The status for people.
    public var text: String {
        var lines = [
            "coordinator  process \(status.processID), epoch \(status.epoch), "
                + "\(Quantity.bytes(status.residentBytes)) of memory"
        ]
        let workers = TextTable(
            ["worker", "state", "process", "threads", "shards", "leases", "encoded", "memory"],
            status.workers.map {
                [
                    $0.name, $0.state, "\($0.processID) on \($0.host)", "\($0.threads)",
                    "\($0.shards)", "\($0.leases)", Quantity.count($0.passagesEncoded),
                    Quantity.bytes($0.residentBytes),
                ]
            }, right: [3, 4, 5, 6, 7])
        lines += status.workers.isEmpty ? ["no worker is here"] : ["", workers.text]
        lines +=
            status.collections.isEmpty
            ? ["", "no collections"]
            : ["", CollectionReport(status.collections, isServing: true).table]
        if let run = status.indexing {
            lines += [
                "",
                "indexing “\(run.collection)”: \(Quantity.count(run.passagesCommitted)) of "
                    + "\(Quantity.count(run.passagesTotal, "passage")), \(run.batchesCommitted) of "
                    + "\(Quantity.count(run.batchesTotal, "batch")) committed"
                    + (run.note.isEmpty ? "" : "; \(run.note)"),
            ]
        }
        if !status.problems.isEmpty {
            lines += [""] + status.problems.map { "problem: \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension WorkerStatus {
    /// The worker for programs.
    var document: JSONValue {
        [
            "name": .string(name), "state": .string(state), "host": .string(host),
            "pid": .integer(UInt64(processID)), "threads": .integer(UInt64(threads)),
            "shards": .integer(UInt64(shards)), "leases": .integer(UInt64(leases)),
            "passages_encoded": .integer(passagesEncoded), "searches": .integer(searches),
            "resident_bytes": .integer(residentBytes), "shares_data": .bool(sharesData),
        ]
    }
}

extension IndexProgress {
    /// The run for programs.
    var document: JSONValue {
        [
            "collection": .string(collection), "state": .string("\(state)"),
            "passages": .integer(passagesTotal), "passages_committed": .integer(passagesCommitted),
            "passages_encoded": .integer(passagesEncoded), "batches": .integer(batchesTotal),
            "batches_committed": .integer(batchesCommitted),
            "batches_repeated": .integer(batchesRepeated), "note": .string(note),
        ]
    }
}
