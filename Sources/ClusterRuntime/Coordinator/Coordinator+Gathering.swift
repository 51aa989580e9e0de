import ClusterCore
import Corpus
import Foundation
import Logging
import VectorIndex

/// A search on its way over the workers.
struct PendingSearch: Sendable {
    var machine: ScatterGather
    var request: Search
    var vectors: [UInt8]
    /// What each answer brought: per question, hits in order.
    var answers: [[[Hit]]] = []
    /// The machine's request behind each request on the wire.
    var requested: [UInt64: Int] = [:]
    var slowestMicroseconds: UInt64 = 0
    var done: CheckedContinuation<Void, Never>?
}

// A search goes over the workers that hold its shards.
extension Coordinator {
    func scatter(
        _ request: QueryRequest, _ generation: ServingTable.Generation, vectors: [Float],
        dimension: Int, deadline: Instant
    ) async throws -> PendingSearch {
        let searchID = newRequestID()
        searches[searchID] = PendingSearch(
            machine: ScatterGather(
                rows: generation.rows,
                holders: holders(request.collection, generation.number, generation.rows.keys),
                isPatient: !request.allowPartial, deadline: deadline),
            request: Search(
                collection: request.collection, generation: generation.number, k: request.k,
                count: UInt32(request.questions.count), dimension: UInt32(dimension)),
            vectors: RawFrame.bytes(vectors))
        await withCheckedContinuation { continuation in
            searches[searchID]?.done = continuation
            let lost = lostShards(
                request.collection, generation.number, generation.rows.keys)
            perform(searches[searchID]?.machine.start(lost: lost) ?? [], searchID)
        }
        guard let search = searches.removeValue(forKey: searchID) else {
            throw ClusterError.internal("A search was lost.")
        }
        return search
    }

    /// The workers that hold each of the shards and may be asked, the best first.
    func holders(
        _ name: String, _ generation: UInt64, _ shards: some Sequence<ShardNumber>
    ) -> [ShardNumber: [WorkerID]] {
        guard let serving = collections[name]?.serving else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: shards.map { shard in
                (
                    shard,
                    serving.holders(of: shard, generation: generation)
                        .filter { membership.isReady($0) }
                )
            })
    }

    /// Those of the shards of a generation that nobody holds and nobody is going to.
    func lostShards(
        _ name: String, _ generation: UInt64, _ shards: some Sequence<ShardNumber>
    ) -> Set<ShardNumber> {
        // All of a collection that was dropped meanwhile.
        collections[name]?.serving.lost(of: generation) ?? Set(shards)
    }

    private func perform(_ actions: [ScatterGather.Action], _ searchID: UInt64) {
        var unsendable: [WorkerID] = []
        for action in actions {
            switch action {
            case .send(let worker, let number, let shards):
                guard var request = searches[searchID]?.request,
                    let vectors = searches[searchID]?.vectors,
                    let deadline = searches[searchID]?.machine.deadline
                else { continue }
                request.shards = shards.map { UInt32($0.rawValue) }
                let requestID = newRequestID()
                searches[searchID]?.requested[requestID] = number
                let isSent = send(
                    .search(request), to: worker, on: .query, requestID: requestID,
                    budget: deadline - MonotonicClock.now(), frames: [vectors])
                if !isSent { unsendable.append(worker) }
            case .cancel(let worker, let number):
                let requestID = searches[searchID]?.requested.first { $0.value == number }?.key
                if let requestID {
                    send(.cancel(Cancel(requestID: requestID)), to: worker, on: .query)
                }
            case .finish:
                searches[searchID]?.done?.resume()
                searches[searchID]?.done = nil
            }
        }
        for worker in unsendable {
            perform(searches[searchID]?.machine.failed(worker) ?? [], searchID)
        }
    }

    /// The search that a request on the wire belongs to, and its machine's number of it.
    private func search(ofRequest requestID: UInt64) -> (searchID: UInt64, number: Int)? {
        for (searchID, search) in searches {
            if let number = search.requested[requestID] { return (searchID, number) }
        }
        return nil
    }

    func searchAnswered(_ result: SearchResult, _ envelope: Envelope, by worker: WorkerID) {
        guard let (searchID, number) = search(ofRequest: envelope.requestID),
            let request = searches[searchID]?.request,
            searches[searchID]?.machine.worker(of: number) == worker
        else { return }
        searches[searchID]?.requested[envelope.requestID] = nil
        var answered: Set<ShardNumber> = []
        do {
            let manifest = collections[request.collection]?.manifests[request.generation]
            let lists = try HitFrames.decode(
                envelope.frames, count: Int(request.count), k: Int(request.k)
            ) { manifest?.shard(holding: $0) != nil }
            answered = Set(result.shards.filter(\.answered).map { ShardNumber(Int($0.shard)) })
            searches[searchID]?.answers.append(lists)
            let slowest = searches[searchID]?.slowestMicroseconds ?? 0
            searches[searchID]?.slowestMicroseconds = max(slowest, result.computeUs)
        } catch {
            log.warning("an answer of \(worker) cannot be read: \(error)")
        }
        perform(
            searches[searchID]?.machine.answered(number, shards: answered) ?? [], searchID)
    }

    func requestFailed(_ failure: Failure, _ requestID: UInt64, by worker: WorkerID) {
        if fetches[requestID]?.worker == worker,
            let fetch = fetches.removeValue(forKey: requestID)
        {
            return fetch.done.resume(throwing: ClusterError.answered(failure))
        }
        guard let (searchID, number) = search(ofRequest: requestID),
            searches[searchID]?.machine.worker(of: number) == worker
        else { return }
        searches[searchID]?.requested[requestID] = nil
        log.warning("\(worker) cannot search: \(failure.message)")
        perform(searches[searchID]?.machine.answered(number, shards: []) ?? [], searchID)
    }

    /// A worker cannot be reached: its shards are asked of others, or waited for.
    func searchesLost(by worker: WorkerID) {
        for searchID in searches.keys {
            perform(searches[searchID]?.machine.failed(worker) ?? [], searchID)
        }
        fetchesLost(by: worker)
    }

    /// Other workers hold the shards of a collection now, or none will.
    func searchesFollow(_ name: String) {
        for (searchID, search) in searches where search.request.collection == name {
            let generation = search.request.generation
            let current = holders(name, generation, search.machine.shards)
            let lost = lostShards(name, generation, search.machine.shards)
            perform(
                searches[searchID]?.machine.held(by: current, lost: lost) ?? [], searchID)
        }
        fetchesFollow(name)
    }

    func tickSearches(now: Instant) {
        for searchID in searches.keys {
            perform(searches[searchID]?.machine.tick(now: now) ?? [], searchID)
        }
        tickFetches(now: now)
        tickQueries(now: now)
    }
}
