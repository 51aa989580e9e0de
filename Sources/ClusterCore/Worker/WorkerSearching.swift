/// Requests that a worker answers from what it holds: searches, passages, parts of segments, and
/// whether segments are sound.
///
///     taken ─done, failed─▶ answered
///       ├──cancelled before its turn, or late──▶ refused
///       └──of a coordinator that was left──▶ passed over
///
/// Invariants:
/// 1. A request is answered once, to the coordinator that asked and with the number that it gave:
///    a search too that is wanted no longer, so that who asked knows that nothing more comes.
///    What has no time left is answered with nothing: who asked counts on no more from then on.
/// 2. A search or fetch reads shards of the generation that it names, as they were when it came;
///    a shard that is not held then is named as unanswered.
/// 3. At most `limits` requests of a kind are under way. One more is refused: a search or fetch as
///    busy, a part as missing, a check not at all, since a coordinator has one on its way.
struct WorkerSearching: Sendable {
    typealias Effect = WorkerMachine.Effect

    /// A kind of request.
    enum Kind: CaseIterable, Sendable {
        case search
        case fetch
        case part
        case check
    }

    /// Requests of a kind that are under way at most.
    static func limit(of kind: Kind) -> Int {
        switch kind {
        case .search, .fetch: 4096
        case .part: 256
        case .check: 64
        }
    }

    /// A request that is under way.
    struct Open: Sendable {
        var kind: Kind
        var requestID: UInt64
        /// The epoch of whoever asked.
        var epoch: UInt64
        /// The generation that it asks for, and that of each index that answers.
        var generation: UInt64 = 0
        var answering: [UInt64] = []
        /// When who asked waits no longer; nil where that was not said.
        var deadline: Instant?
    }

    private(set) var open: [WorkID: Open] = [:]
    private(set) var counts: [Kind: Int] = [:]

    /// Takes a request, where not too many are under way.
    mutating func take(_ request: Open, _ ids: inout WorkCounter) -> WorkID? {
        guard counts[request.kind, default: 0] < WorkerSearching.limit(of: request.kind) else {
            return nil
        }
        let work = ids.next()
        open[work] = request
        counts[request.kind, default: 0] += 1
        return work
    }

    /// The request of a work that has ended; nil where it was passed over.
    mutating func ended(_ work: WorkID) -> Open? {
        guard let request = open.removeValue(forKey: work) else { return nil }
        counts[request.kind, default: 0] -= 1
        return request
    }

    /// A search that is still waiting for its turn is passed over.
    func cancelled(_ cancel: Cancel, _ effects: inout [Effect]) {
        let works = open.filter { $0.value.requestID == cancel.requestID }
        for (work, request) in works.sorted(by: { $0.key < $1.key }) where request.kind == .search {
            effects.append(.cancel(work))
        }
    }

    /// What an earlier coordinator asked for is answered no more.
    mutating func forget(_ effects: inout [Effect]) {
        for (work, request) in open.sorted(by: { $0.key < $1.key }) where request.kind == .search {
            effects.append(.cancel(work))
        }
        open.removeAll()
        counts.removeAll()
    }

    // MARK: Answers

    mutating func answer(
        _ work: WorkID, _ message: Message, on lane: Lane, frames: [[UInt8]] = [],
        _ effects: inout [Effect]
    ) {
        guard let request = ended(work) else { return }
        effects.append(
            .message(message, on: lane, requestID: request.requestID, frames: frames))
    }

    /// A request's turn had not come when it was cancelled.
    mutating func passedOver(_ work: WorkID, _ effects: inout [Effect]) {
        guard open[work]?.kind == .search else {
            _ = ended(work)
            return
        }
        refuse(work, "It was wanted no longer", &effects)
    }

    /// Whether the time of a request is over.
    func isLate(_ work: WorkID, now: Instant) -> Bool {
        open[work]?.deadline.map { $0 < now } ?? false
    }

    /// Answers a request with nothing.
    mutating func refuse(_ work: WorkID, _ reason: String, _ effects: inout [Effect]) {
        answer(
            work, .failure(Failure(code: .unavailable, message: reason + ".")), on: .query,
            &effects)
    }

    /// Answers a request that is not taken.
    func refuse(_ request: Open, _ message: Message, _ effects: inout [Effect]) {
        let answer: Effect? =
            switch message {
            case .search, .fetch:
                .message(
                    .failure(
                        Failure(
                            code: .busy,
                            message: "Too many requests wait at this worker. Try again.")),
                    on: .query, requestID: request.requestID)
            case .segmentRequest(let part):
                .message(
                    .segmentChunk(
                        SegmentChunk(
                            collection: part.collection, sha256: part.sha256, offset: part.offset,
                            missing: true)),
                    on: .bulk, requestID: request.requestID)
            default: nil
            }
        effects.append(.notice(.refused(message.type)))
        if let answer { effects.append(answer) }
    }
}

/// Gives each piece of work its number.
struct WorkCounter: Sendable {
    private(set) var last: UInt64 = 0

    mutating func next() -> WorkID {
        last += 1
        return WorkID(last)
    }
}
