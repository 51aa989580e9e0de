import ClusterCore
import Corpus
import Logging
import VectorIndex

/// What the machine's number of a search stands for.
struct SearchData: Sendable {
    /// The message to a worker, but for the shards.
    var message: Search
    /// Its frame: the vectors of all questions.
    var vectors: [UInt8]
    /// Whose questions are which.
    var questions: [UInt64: Range<Int>]
    var manifest: GenerationManifest?
    /// What those who search the generation ought to know; else empty.
    var note: String
    var addresses: [WorkerID: PeerID]
    /// What each answer brought: per question, hits in order.
    var answers: [[[Hit]]] = []
    var slowestMicroseconds: UInt64 = 0
    /// Passages that came with their hits.
    var passages = FetchedPassages()
}

// A search goes over the workers that hold its shards.
extension QueryService {
    /// Pins the generation that serves.
    func pin(_ group: UInt64, _ collection: String) async {
        guard let generation = await host.pin(collection) else { return tell(.notPinned(group)) }
        pinned(group, generation)
    }

    /// Pins the generation that serves, and waits for it.
    func pin(
        _ group: UInt64, _ collection: String, _ allowsPartial: Bool, until deadline: Instant
    ) async {
        do throws(ClusterError) {
            pinned(
                group,
                try await host.pin(collection, allowPartial: allowsPartial, until: deadline))
        } catch {
            tell(.cannotPin(group, error.failure))
        }
    }

    private func pinned(_ group: UInt64, _ generation: PinnedGeneration) {
        pinned[group] = generation
        tell(
            .pinned(
                group,
                QueryMachine.Generation(
                    number: generation.number, rows: generation.rows,
                    places: generation.places.places)))
        pinned[group] = nil
    }

    /// A search begins, for the questions of some requests.
    func begin(_ search: UInt64, of members: [UInt64]) {
        guard let generation = pinned[search], let first = members.first,
            let request = asked[first]?.request, let encoded = asked[first]?.encoded
        else { return }
        var vectors: [Float] = []
        var questions: [UInt64: Range<Int>] = [:]
        for member in members {
            let start = vectors.count / encoded.dimension
            vectors += asked[member]?.encoded?.vectors ?? []
            questions[member] = start..<vectors.count / encoded.dimension
        }
        searches[search] = SearchData(
            message: Search(
                collection: request.collection, generation: generation.number, k: request.k,
                count: UInt32(vectors.count / encoded.dimension),
                dimension: UInt32(encoded.dimension), texts: request.texts),
            vectors: RawFrame.bytes(vectors), questions: questions,
            manifest: generation.manifest, note: generation.note,
            addresses: generation.places.addresses)
    }

    func send(
        _ number: UInt64, to worker: WorkerID, _ requestID: UInt64, _ shards: [ShardNumber],
        passageBytes: Int, until deadline: Instant
    ) {
        guard let search = searches[number], let address = search.addresses[worker] else {
            return tell(.notSent(requestID: requestID))
        }
        var message = search.message
        message.shards = shards.map { UInt32($0.rawValue) }
        message.passageBytes = UInt32(passageBytes)
        let isSent = host.send(
            .search(message), to: address, requestID: requestID, budget: deadline - host.now(),
            frames: [search.vectors])
        if !isSent { tell(.notSent(requestID: requestID)) }
    }

    func cancel(_ requestID: UInt64, of search: UInt64, at worker: WorkerID) {
        guard let address = searches[search]?.addresses[worker] else { return }
        _ = host.send(
            .cancel(Cancel(requestID: requestID)), to: address, requestID: 0, budget: nil,
            frames: [])
    }

    func searched(_ result: SearchResult, _ envelope: Envelope, by worker: WorkerID) {
        var answered: [ShardNumber] = []
        if let number = machine.search(answeredBy: envelope.requestID, from: worker),
            let search = searches[number]
        {
            do {
                let lists = try HitFrames.decode(
                    envelope.frames, count: Int(search.message.count), k: Int(search.message.k)
                ) { search.manifest?.shard(holding: $0) != nil }
                if result.passages > 0 {
                    let ordinals = HitFrames.ordinals(of: lists)
                    searches[number]?.passages.add(
                        try HitFrames.passages(envelope.frames, count: Int(result.passages)),
                        of: ordinals[...])
                }
                answered = result.shards.filter(\.answered).map { ShardNumber(Int($0.shard)) }
                searches[number]?.answers.append(lists)
                searches[number]?.slowestMicroseconds = max(
                    search.slowestMicroseconds, result.computeUs)
            } catch {
                log.warning("an answer of \(worker) cannot be read: \(error)")
            }
        }
        tell(.searched(requestID: envelope.requestID, answered, by: worker))
    }
}
