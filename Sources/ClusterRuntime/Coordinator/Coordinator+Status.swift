import ClusterCore
import Foundation

extension Coordinator {
    /// Tells what there is, or was a moment ago where many ask.
    func answer(_ request: StatusRequest, to client: ClientAddress) {
        let told = recentStatuses.status(of: request.collection, at: MonotonicClock.now()) {
            status(of: $0)
        }
        reply(.status(told), to: client)
    }

    /// What there is: workers, collections, and the indexing run under way.
    ///
    /// - Parameter name: Only this collection; empty: all of them.
    func status(of name: String) -> Status {
        Status(
            clusterID: clusterID, epoch: epoch, processID: UInt32(getpid()),
            release: Release.version, workers: machine.roster.membership.all.map(status),
            collections: collections.values.map(\.record.name).sorted()
                .filter { name.isEmpty || $0 == name }.compactMap(collectionStatus),
            indexing: machine.run == nil ? nil : machine.progress,
            residentBytes: ProcessFacts.residentBytes(),
            problems: storageProblems)
    }

    private func status(_ member: Membership.Member) -> WorkerStatus {
        let heartbeat = machine.roster.heartbeats[member.id] ?? Heartbeat()
        let shards = machine.collections.values.reduce(0) { count, collection in
            guard let serving = collection.table.serving else { return count }
            let held = serving.rows.filter { shard, rows in
                rows > 0
                    && collection.table.holders(of: shard, generation: serving.number)
                        .contains(member.id)
            }
            return count + held.count
        }
        return WorkerStatus(
            name: member.id.name, host: member.host, processID: member.processID,
            state: member.state.rawValue, threads: UInt32(member.threads),
            passagesEncoded: heartbeat.passagesEncoded, searches: heartbeat.searches,
            residentBytes: heartbeat.residentBytes, shards: UInt32(shards),
            leases: UInt32(machine.run?.leases?.leases(of: member.id).count ?? 0),
            sharesData: member.sharesData)
    }

    private func collectionStatus(_ name: String) -> CollectionStatus? {
        guard let collection = collections[name], let table = machine.collections[name]?.table
        else { return nil }
        let record = collection.record
        let manifest = collection.newest
        let running = machine.run?.collection == name ? machine.run : nil
        let rows = manifest?.rows ?? [:]
        var coverage = Coverage()
        let shards = (0..<record.shardCount).map { number in
            let shard = ShardNumber(number)
            let count = rows[shard] ?? 0
            let holder = table.holders(of: shard, generation: record.generation)
                .first { machine.roster.membership.isReady($0) }
            let isLoaded = count == 0 || holder != nil
            coverage.shardsTotal += 1
            coverage.rowsTotal += count
            if isLoaded {
                coverage.shardsAnswered += 1
                coverage.rowsAnswered += count
            }
            return ShardStatus(
                shard: UInt32(number), rows: count,
                worker: holder?.name ?? table.owner(of: shard) ?? "",
                loaded: isLoaded)
        }
        let committed = running?.committedRows ?? manifest?.segments.reduce(0) { $0 + $1.rows } ?? 0
        return CollectionStatus(
            name: name,
            state: running != nil ? "indexing" : record.isComplete ? "complete" : "interrupted",
            passages: record.passages, committed: committed, dimension: UInt32(record.dimension),
            index: record.index.complete.settings, encoder: record.encoder.settings,
            shardCount: UInt32(record.shardCount),
            generation: record.generation, batches: UInt64(record.batchCount),
            batchesCommitted: UInt64(running?.segments.count ?? manifest?.segments.count ?? 0),
            questionModel: record.questionModel, contextModel: record.contextModel,
            fingerprint: record.contextFingerprint, sourceDigest: record.sourceDigest,
            paths: record.paths, bytes: manifest?.segments.reduce(0) { $0 + $1.bytes } ?? 0,
            coverage: coverage, shards: shards, created: record.created,
            questionEncoder: record.questionEncoder?.settings,
            contextEncoder: record.contextEncoder?.settings)
    }
}
