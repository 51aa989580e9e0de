import ClusterCore
import Foundation
import Logging
import Models

// What the query service in this process needs of the coordinator.
extension Coordinator {
    /// Whether a client may name what it names; it is told where it may not.
    func mayAsk(_ request: QueryRequest, _ sender: Sender, _ client: ClientAddress) -> Bool {
        do throws(ClusterError) {
            if isRemote(sender) { try options.roots.check(request) }
            return true
        } catch {
            reply(.failure(error.failure), to: client)
            return false
        }
    }

    /// Whether a sender may be on another host: its files are then not this host's own matter.
    func isRemote(_ sender: Sender) -> Bool {
        if case .key = sender { return true }
        return options.security == .insecure && options.endpoint?.hasPrefix("tcp:") == true
    }

    /// What a collection is that somebody searches: from now on its generations are loaded.
    func wanted(_ name: String) throws(ClusterError) -> CollectionRecord {
        guard let record = collections[name]?.record else { throw unknownCollection(name) }
        guard record.generation > 0 else {
            throw .unavailable(
                """
                “\(name)” has no committed passages yet. Run `sheaf index` with the same corpus \
                again, or wait until it has gone further
                """, nil)
        }
        handle(.serving(.wanted(name)))
        return record
    }

    /// Enters what was found out of a collection's towers; where that cannot be written, as on a
    /// read-only disk, it is found out again next time.
    func remember(_ name: String, _ change: (inout CollectionRecord) -> Void) {
        guard let before = collections[name]?.record else { return }
        var record = before
        change(&record)
        guard record != before else { return }
        collections[name]?.record = record
        do throws(ClusterError) {
            try catalog.change(name, change)
        } catch {
            log.warning("what was found out of “\(name)” is not kept: \(error)")
        }
    }

    /// The generation that serves, pinned; nil where none does yet.
    func pin(_ name: String) -> PinnedGeneration? {
        var answer: ServingTable.Generation?
        pin(name, allowPartial: false, until: MonotonicClock.now()) { answer = $0 }
        return answer.map { pinned($0, name) }
    }

    /// The generation to search; waits while it is being loaded, but not for what cannot be loaded.
    func pin(
        _ name: String, allowPartial: Bool, until deadline: Instant
    ) async throws(ClusterError) -> PinnedGeneration {
        let timer = Task {
            try await Task.sleep(for: deadline - MonotonicClock.now())
            self.handle(.tick)
        }
        let generation = await withCheckedContinuation { continuation in
            pin(name, allowPartial: allowPartial, until: deadline) {
                continuation.resume(returning: $0)
            }
        }
        timer.cancel()
        if let generation { return pinned(generation, name) }
        guard let collection = collections[name] else { throw unknownCollection(name) }
        throw notLoaded(collection)
    }

    private func pin(
        _ name: String, allowPartial: Bool, until deadline: Instant,
        _ answer: @escaping (ServingTable.Generation?) -> Void
    ) {
        lastPin += 1
        pins[lastPin] = answer
        handle(
            .serving(
                .pin(name, waiter: lastPin, allowsPartial: allowPartial, deadline: deadline)))
    }

    private func pinned(_ generation: ServingTable.Generation, _ name: String) -> PinnedGeneration {
        PinnedGeneration(
            number: generation.number, rows: generation.rows,
            manifest: collections[name]?.manifests[generation.number],
            places: places(of: generation.rows.keys, in: generation.number, of: name),
            note: note(onSearchOf: generation.number, of: name))
    }

    private func notLoaded(_ collection: StoredCollection) -> ClusterError {
        let name = collection.record.name
        let rows = collection.newest?.segments.reduce(0) { $0 + $1.rows } ?? 0
        let failures = machine.collections[name]?.failures.values.sorted() ?? []
        let reason =
            machine.roster.membership.ready.isEmpty
            ? "No worker is here to serve “\(name)”"
            : buildFailure(of: name)
                ?? (["“\(name)” is not loaded"] + failures
                + (failures.isEmpty ? [] : [ClusterError.indexAgain(name)]))
                .joined(separator: ": ")
        return .unavailable(
            reason,
            Coverage(
                shardsTotal: UInt32(collection.record.shardCount), shardsAnswered: 0,
                rowsTotal: rows, rowsAnswered: 0))
    }

    func unpin(_ name: String, _ generation: UInt64) {
        handle(.serving(.unpin(name, generation)))
    }

    /// Who holds shards of a generation now, and who never will.
    func places(
        of shards: some Sequence<ShardNumber>, in generation: UInt64, of name: String
    ) -> ShardPlaces {
        // Nobody holds anything of a collection that was dropped meanwhile.
        guard let serving = machine.collections[name]?.table else {
            return ShardPlaces(places: QueryMachine.Places(lost: Set(shards)))
        }
        var places = ShardPlaces(
            places: QueryMachine.Places(lost: serving.lost(of: generation)))
        for shard in shards {
            let holders = serving.holders(of: shard, generation: generation).filter {
                machine.roster.membership.isReady($0)
            }
            places.places.holders[shard] = holders
            for holder in holders { places.addresses[holder] = peers[holder] }
        }
        return places
    }

    /// How a collection is served at the moment.
    func outlook(of name: String) -> QueryMachine.Outlook {
        QueryMachine.Outlook(
            serving: machine.collections[name]?.table.serving?.number,
            failures: machine.collections[name]?.failures.values.sorted() ?? [])
    }

    /// A client is gone: nothing of it waits any more.
    func clientLeft(_ peer: PeerID) {
        greetings[peer] = nil
        queryEvents.yield(.left(peer))
    }
}

/// What a coordinator gives to the query service in its process.
struct CoordinatorHost: QueryHost {
    let coordinator: Coordinator
    let post: CoordinatorPost

    func now() -> Instant { MonotonicClock.now() }

    func wanted(_ name: String) async throws(ClusterError) -> CollectionRecord {
        try await coordinator.wanted(name)
    }

    func pin(_ name: String) async -> PinnedGeneration? { await coordinator.pin(name) }

    func pin(
        _ name: String, allowPartial: Bool, until deadline: Instant
    ) async throws(ClusterError) -> PinnedGeneration {
        try await coordinator.pin(name, allowPartial: allowPartial, until: deadline)
    }

    func unpin(_ name: String, _ generation: UInt64) async {
        await coordinator.unpin(name, generation)
    }

    func places(
        of shards: [ShardNumber], in generation: UInt64, of name: String
    ) async -> ShardPlaces {
        await coordinator.places(of: shards, in: generation, of: name)
    }

    func outlook(of name: String) async -> QueryMachine.Outlook {
        await coordinator.outlook(of: name)
    }

    func remember(
        questionModel folder: String, _ encoder: EncoderOptions, of name: String
    ) async {
        await coordinator.remember(name) {
            $0.questionModel = folder
            $0.questionEncoder = encoder
        }
    }

    func send(
        _ message: Message, to worker: PeerID, requestID: UInt64, budget: Duration?,
        frames: [[UInt8]]
    ) -> Bool {
        post.send(
            message, to: worker, on: .query, requestID: requestID, budget: budget, frames: frames)
    }

    func reply(_ message: Message, to client: ClientAddress, frames: [[UInt8]]) {
        post.send(
            message, to: client.peer, on: client.lane, requestID: client.requestID,
            frames: frames)
    }
}
