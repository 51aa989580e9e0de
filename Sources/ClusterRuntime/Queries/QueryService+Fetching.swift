import ClusterCore
import Corpus
import Logging
import VectorIndex

/// Passages as workers sent them, by ordinal.
struct FetchedPassages: Sendable {
    private var places: [UInt64: (block: Int, index: Int)] = [:]
    private var blocks: [PassageSlices] = []

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

/// What the machine's number of a gathering stands for.
struct GatheringData: Sendable {
    /// The message to a worker, but for the size of the answer.
    var message: Fetch
    /// The ordinals wanted of each shard, in order.
    var ordinals: [ShardNumber: [UInt64]]
    var addresses: [WorkerID: PeerID] = [:]
    var passages = FetchedPassages()

    /// The ordinals that a worker is asked for.
    func rest(of fetch: QueryMachine.Fetch) -> ArraySlice<UInt64> {
        fetch.shards.flatMap { ordinals[$0] ?? [] }.dropFirst(fetch.skipped)
    }
}

// The passages of a search's winners: passed on as bytes.
extension QueryService {
    /// Merges the hits of requests, and looks who holds their passages.
    func gather(
        _ number: UInt64, of search: UInt64, _ members: [UInt64], _ coverage: Coverage
    ) {
        guard let data = searches[search] else { return }
        // What is dropped meanwhile, nobody knows the shards of.
        var shards: [UInt64: Set<ShardNumber>] = [:]
        var ordinals: [ShardNumber: Set<UInt64>] = [:]
        for member in members {
            merge(member, of: data, coverage)
            shards[member] = []
            for hit in (asked[member]?.found?.hits ?? []).joined()
            where data.passages[hit.ordinal.rawValue] == nil {
                let shard =
                    data.manifest?.shard(ofOrdinal: hit.ordinal.rawValue) ?? ShardNumber(0)
                shards[member]?.insert(shard)
                ordinals[shard, default: []].insert(hit.ordinal.rawValue)
            }
        }
        gatherings[number] = GatheringData(
            message: Fetch(
                collection: data.message.collection, generation: data.message.generation,
                texts: data.message.texts),
            ordinals: ordinals.mapValues { $0.sorted() }, passages: data.passages)
        let wanted = QueryMachine.Wanted(
            counts: ordinals.mapValues(\.count), shards: shards, places: QueryMachine.Places())
        guard !ordinals.isEmpty else { return tell(.wanted(number, wanted)) }
        begin { await $0.place(number, wanted, of: data.message) }
    }

    private func place(
        _ number: UInt64, _ wanted: QueryMachine.Wanted, of search: Search
    ) async {
        let places = await host.places(
            of: Array(wanted.counts.keys), in: search.generation, of: search.collection)
        gatherings[number]?.addresses = places.addresses
        var wanted = wanted
        wanted.places = places.places
        tell(.wanted(number, wanted))
    }

    func send(
        _ number: UInt64, to worker: WorkerID, _ requestID: UInt64,
        _ fetch: QueryMachine.Fetch, until deadline: Instant
    ) {
        guard let gathering = gatherings[number], let address = gathering.addresses[worker] else {
            return tell(.notSent(requestID: requestID))
        }
        var message = gathering.message
        message.mostBytes = UInt32(fetch.bytes)
        let isSent = host.send(
            .fetch(message), to: address, requestID: requestID, budget: deadline - host.now(),
            frames: [RawFrame.bytes(Array(gathering.rest(of: fetch)))])
        if !isSent { tell(.notSent(requestID: requestID)) }
    }

    func fetched(_ result: FetchResult, _ envelope: Envelope, by worker: WorkerID) {
        let requestID = envelope.requestID
        do {
            let block = try PassageSlices(envelope.frames.first ?? [])
            guard block.count == Int(result.count) else {
                throw ClusterError.internal(
                    "A FETCH brought \(block.count) of \(result.count) passages.")
            }
            if let (number, fetch) = machine.fetch(answeredBy: requestID, from: worker) {
                let rest = gatherings[number]?.rest(of: fetch) ?? []
                gatherings[number]?.passages.add(block, of: rest)
            }
            tell(
                .fetched(
                    requestID: requestID, count: block.count, next: Int(result.nextBytes),
                    by: worker))
        } catch {
            log.warning("passages of \(worker) cannot be read: \(error)")
            tell(.failed(requestID: requestID, by: worker))
        }
    }
}
