import ClusterCore
import Corpus
import Foundation
import Logging

/// The passages of a search's winners on their way: gathered over shards as the search was.
struct PendingGathering: Sendable {
    var machine: ScatterGather
    var order: Fetch
    /// The ordinals wanted of each shard.
    var wanted: [ShardNumber: [UInt64]]
    var passages: [UInt64: Passage] = [:]
    var done: CheckedContinuation<Void, Never>?
}

/// A FETCH on its way.
struct PendingFetch: Sendable {
    var worker: WorkerID
    var deadline: Instant
    var done: CheckedContinuation<[Passage], any Error>
}

// The passages of a search's winners.
extension Coordinator {
    /// Fetches the passages of ordinals, from whoever holds them until the deadline.
    func fetch(
        _ ordinals: Set<UInt64>, _ request: QueryRequest, _ generation: ServingTable.Generation,
        deadline: Instant
    ) async throws -> [UInt64: Passage] {
        let (name, number) = (request.collection, generation.number)
        guard let manifest = collections[name]?.manifests[number] else {
            throw unknownCollection(name)
        }
        let wanted = Dictionary(grouping: ordinals) { manifest.shard(ofOrdinal: $0) }
        let gatheringID = newRequestID()
        gatherings[gatheringID] = PendingGathering(
            machine: ScatterGather(
                rows: wanted.mapValues { UInt64($0.count) },
                holders: holders(name, number, wanted.keys), isPatient: true, deadline: deadline),
            order: Fetch(collection: name, generation: number, texts: request.texts),
            wanted: wanted)
        await withCheckedContinuation { continuation in
            gatherings[gatheringID]?.done = continuation
            let lost = lostShards(name, number, wanted.keys)
            perform(gatherings[gatheringID]?.machine.start(lost: lost) ?? [], gatheringID)
        }
        guard let gathering = gatherings.removeValue(forKey: gatheringID) else {
            throw ClusterError.internal("The passages of a search were lost.")
        }
        guard gathering.machine.coverage.isComplete else {
            throw ClusterError.unavailable(
                "Workers that hold passages found in “\(name)” have left. Ask again", nil)
        }
        return gathering.passages
    }

    private func perform(_ actions: [ScatterGather.Action], _ gatheringID: UInt64) {
        for action in actions {
            switch action {
            case .send(let worker, let number, let shards):
                guard let gathering = gatherings[gatheringID] else { continue }
                let ordinals = shards.flatMap { gathering.wanted[$0] ?? [] }.sorted()
                Task {
                    do {
                        let passages = try await self.fetchAll(
                            ordinals, gathering.order, from: worker, gathering.machine.deadline)
                        self.gathered(passages, gatheringID, number, Set(shards))
                    } catch {
                        self.log.warning("\(worker) did not give its passages: \(error)")
                        self.gathered([:], gatheringID, number, [])
                    }
                }
            case .cancel: break
            case .finish:
                gatherings[gatheringID]?.done?.resume()
                gatherings[gatheringID]?.done = nil
            }
        }
    }

    private func gathered(
        _ passages: [UInt64: Passage], _ gatheringID: UInt64, _ number: Int,
        _ shards: Set<ShardNumber>
    ) {
        guard gatherings[gatheringID]?.machine.expects(number) == true else { return }
        gatherings[gatheringID]?.passages.merge(passages) { first, _ in first }
        perform(
            gatherings[gatheringID]?.machine.answered(number, shards: shards) ?? [], gatheringID)
    }

    private func fetchAll(
        _ ordinals: [UInt64], _ order: Fetch, from worker: WorkerID, _ deadline: Instant
    ) async throws -> [UInt64: Passage] {
        var passages: [UInt64: Passage] = [:]
        var rest = ordinals[...]
        while !rest.isEmpty {
            let requestID = newRequestID()
            let part = try await withCheckedThrowingContinuation { continuation in
                fetches[requestID] = PendingFetch(
                    worker: worker, deadline: deadline, done: continuation)
                let isSent = send(
                    .fetch(order), to: worker, on: .query, requestID: requestID,
                    budget: deadline - MonotonicClock.now(),
                    frames: [RawFrame.bytes(Array(rest))])
                guard !isSent, let fetch = fetches.removeValue(forKey: requestID) else { return }
                fetch.done.resume(
                    throwing: ClusterError.unavailable(
                        "\(worker.name) cannot be reached. Ask again", nil))
            }
            guard !part.isEmpty, part.count <= rest.count else {
                throw ClusterError.internal(
                    "A FETCH brought \(part.count) of \(rest.count) passages.")
            }
            for (ordinal, passage) in zip(rest, part) { passages[ordinal] = passage }
            rest = rest.dropFirst(part.count)
        }
        return passages
    }

    func fetchAnswered(_ result: FetchResult, _ envelope: Envelope, by worker: WorkerID) {
        guard fetches[envelope.requestID]?.worker == worker,
            let fetch = fetches.removeValue(forKey: envelope.requestID)
        else { return }
        fetch.done.resume(
            with: Result {
                let passages = try PassageBlock.decode(envelope.frames.first ?? [])
                guard passages.count == Int(result.count) else {
                    throw ClusterError.internal("A FETCH result miscounts its passages.")
                }
                return passages
            })
    }

    func fetchesLost(by worker: WorkerID) {
        for gatheringID in gatherings.keys {
            perform(gatherings[gatheringID]?.machine.failed(worker) ?? [], gatheringID)
        }
        for (requestID, fetch) in fetches where fetch.worker == worker {
            fetches[requestID] = nil
            fetch.done.resume(
                throwing: ClusterError.unavailable("\(worker.name) left while it was asked.", nil))
        }
    }

    func fetchesFollow(_ name: String) {
        for (gatheringID, gathering) in gatherings where gathering.order.collection == name {
            let generation = gathering.order.generation
            let current = holders(name, generation, gathering.machine.shards)
            let lost = lostShards(name, generation, gathering.machine.shards)
            perform(
                gatherings[gatheringID]?.machine.held(by: current, lost: lost) ?? [], gatheringID)
        }
    }

    func tickFetches(now: Instant) {
        for gatheringID in gatherings.keys {
            perform(gatherings[gatheringID]?.machine.tick(now: now) ?? [], gatheringID)
        }
        for (requestID, fetch) in fetches where now >= fetch.deadline {
            fetches[requestID] = nil
            fetch.done.resume(
                throwing: ClusterError.unavailable("\(fetch.worker.name) took too long.", nil))
        }
    }
}
