import ClusterCore
import Corpus
import Logging
import VectorIndex

/// What a member of a search gets: its questions' hits, and then their passages.
struct MemberHits: Sendable {
    var member: QueryGroup.Member
    /// The hits of each question.
    var lists: [[Hit]]

    var ordinals: Set<UInt64> { Set(lists.joined().map(\.ordinal.rawValue)) }
}

/// Passages as workers sent them, by ordinal.
struct FetchedPassages: Sendable {
    private var places: [UInt64: (block: Int, index: Int)] = [:]
    private var blocks: [PassageSlices] = []

    func has(_ ordinals: Set<UInt64>) -> Bool { ordinals.allSatisfy { places[$0] != nil } }

    /// The passages of a block, which are those of `ordinals`, in their order.
    mutating func add(_ block: PassageSlices, of ordinals: ArraySlice<UInt64>) {
        for (index, ordinal) in ordinals.enumerated() where index < block.count {
            places[ordinal] = (blocks.count, index)
        }
        blocks.append(block)
    }

    /// The bytes of a passage, and where they are.
    subscript(ordinal: UInt64) -> (block: PassageSlices, index: Int)? {
        places[ordinal].map { (blocks[$0.block], $0.index) }
    }
}

/// The passages of a search's winners on their way: gathered over shards as the search was.
struct RunningGathering: Sendable {
    var shared: SharedSearch
    var message: Fetch
    /// The ordinals wanted of each shard.
    var wanted: [ShardNumber: [UInt64]]
    var addresses: [WorkerID: PeerID]
    var passages = FetchedPassages()
    /// The last request to a worker for each number of the gathering.
    var requests: [Int: UInt64] = [:]
    /// Brings the members that wait no longer.
    let settled: AsyncStream<SettledGathering>.Continuation
}

/// What was gathered when some of the members waited no longer.
struct SettledGathering: Sendable {
    var members: [UInt64]
    var passages: FetchedPassages
}

/// A FETCH on its way.
struct FetchPart: Sendable {
    var gathering: UInt64
    /// The number that the gathering knows it by.
    var number: Int
    var worker: WorkerID
    var shards: [ShardNumber]
    /// The ordinals that have not come yet, in order.
    var rest: ArraySlice<UInt64>
}

// The passages of a search's winners: passed on as bytes.
extension QueryService {
    /// Fetches the passages of hits from whoever holds them, and calls `fetched` for each member
    /// that got all of its own; the others fail.
    func fetch(
        _ hits: [MemberHits], of group: QueryGroup, in generation: PinnedGeneration,
        fetched: (MemberHits, FetchedPassages) -> Void
    ) async {
        let byNumber = Dictionary(hits.map { ($0.member.number, $0) }) { first, _ in first }
        let (settled, continuation) = AsyncStream.makeStream(of: SettledGathering.self)
        await begin(hits, of: group, in: generation, telling: continuation)
        var alone: [MemberHits] = []
        for await part in settled {
            for own in part.members.compactMap({ byNumber[$0] }) {
                if part.passages.has(own.ordinals) {
                    fetched(own, part.passages)
                } else if hits.count > 1, host.now() < own.member.deadline {
                    alone.append(own)
                } else {
                    let message =
                        "Workers that hold passages found in “\(group.collection)” have left."
                        + " Ask again"
                    fail([own.member.number], ClusterError.unavailable(message, nil))
                }
            }
        }
        // What others need may be what is missing.
        for own in alone { await fetch([own], of: group, in: generation, fetched: fetched) }
    }

    private func begin(
        _ hits: [MemberHits], of group: QueryGroup, in generation: PinnedGeneration,
        telling settled: AsyncStream<SettledGathering>.Continuation
    ) async {
        let ordinals = hits.reduce(into: Set()) { $0.formUnion($1.ordinals) }
        guard let manifest = generation.manifest else {
            settled.yield(
                SettledGathering(members: hits.map(\.member.number), passages: FetchedPassages()))
            return settled.finish()
        }
        let wanted = Dictionary(grouping: ordinals) { manifest.shard(ofOrdinal: $0) }
        let places = await host.places(
            of: Array(wanted.keys), in: generation.number, of: group.collection)
        let now = host.now()
        let deadlines = hits.map {
            ($0.member.number, max($0.member.deadline, now + Self.fetchSlack))
        }
        let number = newNumber()
        gatherings[number] = RunningGathering(
            shared: SharedSearch(
                rows: wanted.mapValues { UInt64($0.count) }, holders: places.holders,
                isPatient: true, members: Dictionary(deadlines) { first, _ in first }),
            message: Fetch(
                collection: group.collection, generation: generation.number, texts: group.texts),
            wanted: wanted, addresses: places.addresses, settled: settled)
        perform(
            gatherings[number]?.shared.start(lost: places.lost) ?? [], ofGathering: number)
        // Some may have been given up while the places were looked up.
        for own in hits where asked[own.member.number] == nil {
            perform(
                gatherings[number]?.shared.left(own.member.number) ?? [], ofGathering: number)
        }
    }

    func perform(_ effects: [SharedSearch.Effect], ofGathering number: UInt64) {
        var unsendable: [WorkerID] = []
        for effect in effects {
            guard let gathering = gatherings[number] else { return }
            switch effect {
            case .send(let worker, let part, let shards):
                let ordinals = shards.flatMap { gathering.wanted[$0] ?? [] }.sorted()
                let isSent = ask(
                    FetchPart(
                        gathering: number, number: part, worker: worker, shards: shards,
                        rest: ordinals[...]))
                if !isSent { unsendable.append(worker) }
            // What a worker reads is sent at once: there is nothing to pass over.
            case .cancel: break
            case .settle(let members):
                gathering.settled.yield(
                    SettledGathering(members: members, passages: gathering.passages))
            }
        }
        for worker in unsendable {
            perform(gatherings[number]?.shared.failed(worker) ?? [], ofGathering: number)
        }
        guard let gathering = gatherings[number], gathering.shared.isOver else { return }
        gatherings[number] = nil
        for requestID in gathering.requests.values { fetchRequests[requestID] = nil }
        gathering.settled.finish()
    }

    /// Asks a worker for what has not come yet.
    private func ask(_ part: FetchPart) -> Bool {
        guard let gathering = gatherings[part.gathering],
            let address = gathering.addresses[part.worker]
        else { return false }
        let requestID = newNumber()
        fetchRequests[requestID] = part
        gatherings[part.gathering]?.requests[part.number] = requestID
        return host.send(
            .fetch(gathering.message), to: address, requestID: requestID,
            budget: gathering.shared.deadline - host.now(),
            frames: [RawFrame.bytes(Array(part.rest))])
    }

    func fetched(_ result: FetchResult, _ envelope: Envelope, by worker: WorkerID) {
        guard var part = fetchRequests[envelope.requestID],
            gatherings[part.gathering]?.shared.worker(of: part.number) == worker
        else { return }
        do {
            let block = try PassageSlices(envelope.frames.first ?? [])
            guard block.count == Int(result.count), block.count > 0,
                block.count <= part.rest.count
            else {
                throw ClusterError.internal(
                    "A FETCH brought \(block.count) of \(part.rest.count) passages.")
            }
            fetchRequests[envelope.requestID] = nil
            gatherings[part.gathering]?.passages.add(block, of: part.rest.prefix(block.count))
            part.rest = part.rest.dropFirst(block.count)
        } catch {
            return fetchFailed(envelope.requestID, part, worker, "\(error)")
        }
        guard part.rest.isEmpty else {
            guard !ask(part) else { return }
            return perform(
                gatherings[part.gathering]?.shared.failed(worker) ?? [],
                ofGathering: part.gathering)
        }
        perform(
            gatherings[part.gathering]?.shared.answered(part.number, shards: Set(part.shards))
                ?? [], ofGathering: part.gathering)
    }

    func fetchFailed(
        _ requestID: UInt64, _ part: FetchPart, _ worker: WorkerID, _ reason: String
    ) {
        fetchRequests[requestID] = nil
        log.warning("\(worker) did not give its passages: \(reason)")
        perform(
            gatherings[part.gathering]?.shared.answered(part.number, shards: []) ?? [],
            ofGathering: part.gathering)
    }
}
