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
    /// Bytes that the answer may have.
    private(set) var bytes: Int
    /// Bytes that any answer may have.
    private let most: Int

    /// A part whose answer may have what its passages usually take.
    init(
        gathering: UInt64, number: Int, worker: WorkerID, shards: [ShardNumber], rest: [UInt64],
        most: Int
    ) {
        self.gathering = gathering
        self.number = number
        self.worker = worker
        self.shards = shards
        self.rest = rest[...]
        self.most = most
        bytes = min(max(Self.leastBytes, rest.count * Self.usualBytes), most)
    }

    private static let (leastBytes, usualBytes) = (64 << 10, 2 << 10)

    /// Some passages came; the next is asked for with room for it, and for more than there was.
    mutating func came(_ count: Int, next: Int) {
        rest = rest.dropFirst(count)
        bytes = max(next, min(2 * bytes, most))
    }
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
                        rest: ordinals, most: min(Worker.fetchBytes, answers.perWorker)))
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
        for requestID in gathering.requests.values { forget(requestID) }
        gathering.settled.finish()
    }

    /// Asks a worker for what has not come yet.
    private func ask(_ part: FetchPart) -> Bool {
        let requestID = newNumber()
        gatherings[part.gathering]?.requests[part.number] = requestID
        return ask(.fetch(part), as: requestID, of: part.worker, bytes: part.bytes)
    }

    func fetched(_ result: FetchResult, _ envelope: Envelope, by worker: WorkerID) {
        guard case .fetch(var part)? = requests[envelope.requestID],
            gatherings[part.gathering]?.shared.worker(of: part.number) == worker
        else { return }
        do {
            let block = try PassageSlices(envelope.frames.first ?? [])
            // Where the next passage has no room, none may come, once.
            let isSound =
                block.count > 0 ? block.count <= part.rest.count : part.bytes < result.nextBytes
            guard block.count == Int(result.count), isSound else {
                throw ClusterError.internal(
                    "A FETCH brought \(block.count) of \(part.rest.count) passages.")
            }
            requests[envelope.requestID] = nil
            gatherings[part.gathering]?.passages.add(block, of: part.rest.prefix(block.count))
            part.came(block.count, next: Int(result.nextBytes))
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
        requests[requestID] = nil
        log.warning("\(worker) did not give its passages: \(reason)")
        perform(
            gatherings[part.gathering]?.shared.answered(part.number, shards: []) ?? [],
            ofGathering: part.gathering)
    }
}
