import ClusterCore
import Testing

/// A coordinator's machine with a hand-moved clock, over a source of batches of ten passages.
struct CoordinatorRun {
    typealias Effect = CoordinatorMachine.Effect

    static let collection = "c"
    var machine = CoordinatorMachine(epoch: 3, expected: [], now: at(100))
    var now = at(100)
    let shape: SourceShape

    init(batches: Int = 4, shards: Int = 2) {
        shape = SourceShape(
            passages: UInt64(batches * 10), batchSize: 10, batchCount: batches, shardCount: shards)
    }

    @discardableResult
    mutating func happens(_ event: CoordinatorMachine.Event) -> [Effect] {
        machine.handle(event, now: now)
    }

    @discardableResult
    mutating func tick(after duration: Duration) -> [Effect] {
        now = now + duration
        return happens(.tick)
    }

    /// A worker introduces itself on every lane.
    @discardableResult
    mutating func join(_ worker: WorkerID, sharesData: Bool = true) -> [Effect] {
        Lane.allCases.flatMap { lane in
            happens(
                .worker(
                    .hello(
                        Membership.Member(
                            id: worker, host: "h", processID: 1, threads: 1,
                            sharesData: sharesData, now: now), lane, credit: 1 << 20)))
        }
    }

    /// A worker sends a message.
    @discardableResult
    mutating func receive(_ message: Message, from worker: WorkerID) -> [Effect] {
        happens(.worker(.received(message, requestID: 1, frames: [], from: worker, .control)))
    }

    var client: ClientAddress {
        ClientAddress(PeerID(name: "client", incarnation: 1), .control, 7)
    }

    func request(_ paths: [String] = ["a.tsv"]) -> IndexRequest {
        IndexRequest(collection: Self.collection, paths: paths)
    }

    @discardableResult
    mutating func index(_ paths: [String] = ["a.tsv"]) -> [Effect] {
        happens(.index(.asked(request(paths), client: client, of: .trusted)))
    }

    /// The collection is known, and the run that was asked for begins with `segments`.
    @discardableResult
    mutating func prepared(_ segments: [SegmentRecord] = [], isComplete: Bool = false) -> [Effect] {
        if machine.collections[Self.collection] == nil {
            happens(
                .serving(
                    .opened(Self.collection, shardCount: shape.shardCount, isWanted: true)))
        }
        return happens(
            .index(
                .prepared(
                    run: machine.run?.number ?? 0,
                    RunStart(
                        shape: shape, segments: segments, healing: Healing(),
                        isComplete: isComplete, isPublished: isComplete))))
    }

    /// Reads whatever is to be read, until nothing is; what was said on the way.
    mutating func readAll(_ effects: [Effect]) -> [Effect] {
        var said: [Effect] = []
        var open = effects
        while !open.isEmpty {
            let effect = open.removeFirst()
            said.append(effect)
            if case .readBatch(let run, let batch) = effect {
                open += happens(.index(.batchRead(run: run, batch, bytes: 1000)))
            }
        }
        return said
    }

    func ready(_ lease: LeaseTable.Lease, rows: UInt64 = 10) -> SegmentReady {
        SegmentReady(
            collection: Self.collection, batch: UInt64(lease.batch.rawValue),
            attempt: lease.attempt.rawValue, sha256: "s\(lease.batch.rawValue)", rows: rows,
            bytes: 100)
    }

    /// A worker's report is looked at, taken and entered.
    mutating func commit(_ lease: LeaseTable.Lease) -> [Effect] {
        let ready = ready(lease)
        var effects = receive(.segmentReady(ready), from: lease.worker)
        if case .inspect(let report, let worker) = effects.first {
            effects = happens(.index(.inspected(report, worker, fault: nil)))
        }
        guard case .commit(let commit) = effects.first else { return effects }
        return happens(
            .index(
                .committed(commit.segment.attempt, standing: commit.segment, isNew: true)))
    }
}

/// The leases that effects grant.
func grants(_ effects: [CoordinatorMachine.Effect]) -> [LeaseTable.Lease] {
    effects.compactMap { if case .grant(let lease, _) = $0 { lease } else { nil } }
}

/// What is acknowledged: the batch, and whether it counts.
func acknowledged(_ effects: [CoordinatorMachine.Effect]) -> [UInt64: Bool] {
    var result: [UInt64: Bool] = [:]
    for case .acknowledge(_, let ack) in effects { result[ack.batch] = ack.committed }
    return result
}

/// Notes what went wrong, for a test that ends here.
func record(_ text: String) { Issue.record(Comment(rawValue: text)) }
