extension WorkerMachine {
    /// The invariants that do not hold now, in words: none, unless a rule is broken.
    ///
    /// Simulations and tests ask after every event.
    package var violations: [String] {
        let rules: [(Bool, String)] = [
            (areListsBounded, "a list of a worker is longer than it may be"),
            (isOneCoordinators, "a worker does what another coordinator asked for"),
            (isEncodingSound, "a lease that is not whole, or twice there, is queued"),
            (
                encoding.reports.values.allSatisfy(\.isSynced),
                "a segment is reported before it is synced"
            ),
            (isServingSound, "a shard answers that was not built for its generation"),
            (
                searching.open.values.allSatisfy { request in
                    request.answering.allSatisfy { $0 == request.generation }
                }, "a search is answered from another generation"
            ),
            (areSegmentsOpen, "a shard that answers reads a closed segment"),
        ]
        return rules.filter { !$0.0 }.map(\.1)
    }

    private var areListsBounded: Bool {
        joining.held.count <= WorkerJoining.heldLimit
            && encoding.incoming.count <= WorkerEncoding.incomingLimit
            && encoding.queue.count <= WorkerEncoding.incomingLimit
            && encoding.reports.count <= WorkerEncoding.reportLimit
            && encoding.encoders.count <= WorkerEncoding.encoderLimit
            && encoding.preparations <= WorkerEncoding.preparationLimit
            && loading.waiting.count <= WorkerLoading.waitingLimit
            && WorkerSearching.Kind.allCases.allSatisfy { kind in
                searching.counts[kind, default: 0] <= WorkerSearching.limit(of: kind)
            }
            && searching.open.count == searching.counts.values.reduce(0, +)
    }

    /// What is under way, and not void, is of the epoch that this worker belongs to.
    private var isOneCoordinators: Bool {
        var epochs = encoding.incoming.values.map(\.epoch)
        epochs += encoding.reports.values.map(\.epoch)
        epochs += searching.open.values.map(\.epoch)
        if let current = encoding.current, !current.isVoid { epochs.append(current.epoch) }
        if let writing = encoding.writing, !writing.isVoid { epochs.append(writing.epoch) }
        return epochs.allSatisfy { $0 == epoch }
    }

    private var isEncodingSound: Bool {
        Set(encoding.queue).count == encoding.queue.count
            && encoding.queue.allSatisfy { encoding.incoming[$0]?.isWhole == true }
    }

    private var isServingSound: Bool {
        let indexes = loading.served.values.flatMap { $0.values.map(\.index) }
        return Set(indexes).count == indexes.count
            && loading.served.allSatisfy { key, shards in
                shards.values.allSatisfy { $0.generation == key.generation }
            }
    }

    private var areSegmentsOpen: Bool {
        loading.served.values.allSatisfy { shards in
            shards.values.allSatisfy { $0.segments.allSatisfy(loading.open.contains) }
        } && (loading.current?.segments ?? []).allSatisfy(loading.open.contains)
    }
}
