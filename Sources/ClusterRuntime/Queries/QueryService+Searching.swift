import ClusterCore
import Corpus
import Logging
import VectorIndex

/// A search on its way over the workers.
struct RunningSearch: Sendable {
    var shared: SharedSearch
    var message: Search
    var vectors: [UInt8]
    var manifest: GenerationManifest?
    var addresses: [WorkerID: PeerID]
    /// What each answer brought: per question, hits in order.
    var answers: [[[Hit]]] = []
    var slowestMicroseconds: UInt64 = 0
    /// What is asked of workers.
    var requests: [Int: UInt64] = [:]
    /// Brings the members that wait no longer.
    let settled: AsyncStream<SettledSearch>.Continuation

    /// Bytes that the hits in some shards may have.
    func answerBytes(of shards: [ShardNumber]) -> Int {
        HitFrames.mostBytes(
            questions: Int(message.count), k: Int(message.k), rows: shared.rows(of: shards))
    }
}

/// What a search had found when some of its members waited no longer.
struct SettledSearch: Sendable {
    var members: [UInt64]
    var coverage: Coverage
    var answers: [[[Hit]]]
    var slowestMicroseconds: UInt64
}

/// A SEARCH on its way.
struct SearchPart: Sendable {
    var search: UInt64
    /// The number that the search knows it by.
    var number: Int
    var worker: WorkerID
    var shards: [ShardNumber]
}

// A search goes over the workers that hold its shards.
extension QueryService {
    /// Searches one generation and answers; again, where a newer one took over before all of it
    /// had answered, since nobody loads the shards of an old one again.
    func search(_ group: QueryGroup) async {
        if let generation = await host.pin(group.collection) {
            return await search(group, in: generation)
        }
        // Each waits as long as it may, and takes what it would take alone.
        await withDiscardingTaskGroup { tasks in
            for member in group.members {
                tasks.addTask { await self.waitAndSearch(group.only([member.number])) }
            }
        }
    }

    private func waitAndSearch(_ group: QueryGroup) async {
        guard let deadline = group.members.first?.deadline else { return }
        do throws(ClusterError) {
            let generation = try await host.pin(
                group.collection, allowPartial: group.allowPartial, until: deadline)
            await search(group, in: generation)
        } catch {
            fail(group.members.map(\.number), error)
        }
    }

    private func search(_ group: QueryGroup, in generation: PinnedGeneration) async {
        let group = group.only(group.members.map(\.number).filter { asked[$0] != nil })
        var again: [UInt64] = []
        if !group.members.isEmpty {
            let (settled, continuation) = AsyncStream.makeStream(of: SettledSearch.self)
            begin(group, in: generation, telling: continuation)
            await withTaskGroup(of: [UInt64].self) { tasks in
                for await part in settled {
                    tasks.addTask { await self.answer(part, of: group, in: generation) }
                }
                for await numbers in tasks { again += numbers }
            }
        }
        await host.unpin(group.collection, generation.number)
        if !again.isEmpty { await search(group.only(again)) }
    }

    private func begin(
        _ group: QueryGroup, in generation: PinnedGeneration,
        telling settled: AsyncStream<SettledSearch>.Continuation
    ) {
        let number = newNumber()
        let deadlines = group.members.map { ($0.number, $0.deadline) }
        searches[number] = RunningSearch(
            shared: SharedSearch(
                rows: generation.rows, holders: generation.places.holders,
                isPatient: !group.allowPartial,
                members: Dictionary(deadlines) { first, _ in first }),
            message: Search(
                collection: group.collection, generation: generation.number, k: UInt32(group.k),
                count: UInt32(group.count), dimension: UInt32(group.dimension)),
            vectors: RawFrame.bytes(group.vectors), manifest: generation.manifest,
            addresses: generation.places.addresses, settled: settled)
        perform(
            searches[number]?.shared.start(lost: generation.places.lost) ?? [], ofSearch: number)
    }

    func perform(_ effects: [SharedSearch.Effect], ofSearch number: UInt64) {
        var unsendable: [WorkerID] = []
        for effect in effects {
            guard let search = searches[number] else { return }
            switch effect {
            case .send(let worker, let part, let shards):
                let requestID = newNumber()
                searches[number]?.requests[part] = requestID
                let isSent = ask(
                    .search(
                        SearchPart(search: number, number: part, worker: worker, shards: shards)),
                    as: requestID, of: worker, bytes: search.answerBytes(of: shards))
                if !isSent { unsendable.append(worker) }
            case .cancel(let worker, let part):
                guard let requestID = search.requests[part] else { continue }
                guard !answers.waits(requestID), let address = search.addresses[worker] else {
                    forget(requestID)
                    continue
                }
                _ = host.send(
                    .cancel(Cancel(requestID: requestID)), to: address, requestID: 0, budget: nil,
                    frames: [])
            case .settle(let members):
                search.settled.yield(
                    SettledSearch(
                        members: members, coverage: search.shared.coverage,
                        answers: search.answers, slowestMicroseconds: search.slowestMicroseconds))
            }
        }
        for worker in unsendable {
            perform(searches[number]?.shared.failed(worker) ?? [], ofSearch: number)
        }
        guard let search = searches[number], search.shared.isOver else { return }
        searches[number] = nil
        for requestID in search.requests.values { forget(requestID) }
        search.settled.finish()
    }

    func searched(_ result: SearchResult, _ envelope: Envelope, by worker: WorkerID) {
        guard case .search(let part)? = requests[envelope.requestID],
            let search = searches[part.search], search.shared.worker(of: part.number) == worker
        else { return }
        requests[envelope.requestID] = nil
        var answered: Set<ShardNumber> = []
        do {
            let lists = try HitFrames.decode(
                envelope.frames, count: Int(search.message.count), k: Int(search.message.k)
            ) { search.manifest?.shard(holding: $0) != nil }
            answered = Set(result.shards.filter(\.answered).map { ShardNumber(Int($0.shard)) })
            searches[part.search]?.answers.append(lists)
            searches[part.search]?.slowestMicroseconds = max(
                search.slowestMicroseconds, result.computeUs)
        } catch {
            log.warning("an answer of \(worker) cannot be read: \(error)")
        }
        perform(
            searches[part.search]?.shared.answered(part.number, shards: answered) ?? [],
            ofSearch: part.search)
    }

    func requestFailed(_ failure: Failure, _ requestID: UInt64, by worker: WorkerID) {
        if case .fetch(let part)? = requests[requestID],
            gatherings[part.gathering]?.shared.worker(of: part.number) == worker
        {
            return fetchFailed(requestID, part, worker, "\(ClusterError.answered(failure))")
        }
        guard case .search(let part)? = requests[requestID],
            searches[part.search]?.shared.worker(of: part.number) == worker
        else { return }
        requests[requestID] = nil
        log.warning("\(worker) cannot search: \(failure.message)")
        perform(
            searches[part.search]?.shared.answered(part.number, shards: []) ?? [],
            ofSearch: part.search)
    }

    /// A worker cannot be reached: its shards are asked of others, or waited for.
    func lost(_ worker: WorkerID) {
        go(answers.lost(worker))
        for number in searches.keys {
            perform(searches[number]?.shared.failed(worker) ?? [], ofSearch: number)
        }
        for number in gatherings.keys {
            perform(gatherings[number]?.shared.failed(worker) ?? [], ofGathering: number)
        }
    }

    /// Other workers hold the shards of a collection now, or none will.
    func follow(_ name: String) async {
        for (number, search) in searches where search.message.collection == name {
            let places = await host.places(
                of: search.shared.shards, in: search.message.generation, of: name)
            searches[number]?.addresses.merge(places.addresses) { $1 }
            perform(
                searches[number]?.shared.held(by: places.holders, lost: places.lost) ?? [],
                ofSearch: number)
        }
        for (number, gathering) in gatherings where gathering.message.collection == name {
            let places = await host.places(
                of: gathering.shared.shards, in: gathering.message.generation, of: name)
            gatherings[number]?.addresses.merge(places.addresses) { $1 }
            perform(
                gatherings[number]?.shared.held(by: places.holders, lost: places.lost) ?? [],
                ofGathering: number)
        }
    }
}
