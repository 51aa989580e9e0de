import Base
import ClusterCore
import Foundation
import Logging

/// Catalog and data folder are brought together: at the start, before a run, and now and then.
extension Coordinator {
    /// Time that the start spends on adopting what the catalog is behind of; the rest follows
    /// while searches are answered.
    static let settlingTimeAtStart: Duration = .seconds(10)
    /// Time between two looks at what lies in the data folder.
    static let settlingInterval: Duration = .seconds(600)

    /// Brings the catalog and the files of every collection together, before anybody is served.
    func settleAtStart() async throws(ClusterError) {
        try finishDrops()
        let deadline = MonotonicClock.now() + Coordinator.settlingTimeAtStart
        for record in try catalog.collections() { _ = await settle(record, until: deadline) }
    }

    /// Settles every collection that is not being indexed, in the background.
    func tickStorage(now: Instant) {
        guard now - lastSettling >= Coordinator.settlingInterval || settlesSoon else { return }
        lastSettling = now
        settlesSoon = false
        Task {
            for name in self.collections.keys.sorted() where self.machine.run?.collection != name {
                guard let record = self.collections[name]?.record else { continue }
                _ = await self.settle(record, until: nil)
            }
        }
    }

    /// Brings the catalog and the files of one collection together, and serves what was adopted.
    ///
    /// What fails is logged and told by `status`; it keeps nobody from searching.
    ///
    /// - Returns: Whether the catalog took anything over.
    func settle(_ record: CollectionRecord, until deadline: Instant?) async -> Bool {
        let settlement = Settlement(
            data: options.data, catalog: catalog, record: record, epoch: epoch,
            waitSeconds: options.garbageWaitSeconds, deadline: deadline)
        do {
            let outcome = try await storageLane.run { try settlement.run() }
            if !outcome.isDone { settlesSoon = true }
            problems[record.name] = outcome.problems
            takenOver[record.name, default: 0] +=
                UInt64(outcome.adopted) + (outcome.generation == nil ? 0 : 1)
            for problem in outcome.problems { log.warning("\(problem)") }
            if outcome.adopted + outcome.marked + outcome.deleted > 0 {
                log.info(
                    """
                    \(record.name): \(outcome.adopted) segments adopted, \(outcome.marked) unnamed \
                    files marked, \(outcome.deleted) deleted
                    """)
            }
            if let found = outcome.generation, collections[record.name] != nil {
                serve(found.manifest, isComplete: outcome.isComplete)
            }
            return outcome.adopted > 0 || outcome.generation != nil
        } catch {
            log.error("\(record.name) cannot be settled: \(error)")
            return false
        }
    }

    /// What only the user can settle, each with the command that does.
    var storageProblems: [String] {
        let known = problems.sorted { $0.key < $1.key }.flatMap(\.value)
        let unbuilt = collections.keys.compactMap { buildFailure(of: $0) }.sorted()
        let unsound = violations.map { who, what in
            """
            \(who) is not as it must be: \(what). Start the cluster again (`sheaf down`, \
            `sheaf up`), and report it with the log.
            """
        }
        let failing = (machine.run?.failingWorkers ?? []).map { worker, reason in
            "\(worker.name) fails whatever it is given to encode: \(reason)"
        }
        return Array(
            (unsound + failing + unbuilt + known + unknownFolders()).prefix(
                Coordinator.problemsTold))
    }

    /// What is not as it must be, with the process in which it is so.
    private var violations: [(who: String, what: String)] {
        let own = machine.violations + (queries?.faults.withLock(\.self) ?? [])
        let workers = machine.roster.heartbeats.sorted { $0.key.name < $1.key.name }
        return own.map { ("the coordinator", $0) }
            + workers.flatMap { worker, heartbeat in
                heartbeat.violations.map { ("the worker \(worker.name)", $0) }
            }
    }

    /// Problems that a status tells at most.
    private static let problemsTold = 32

    /// Folders of collections that the catalog does not know.
    private func unknownFolders() -> [String] {
        let root = options.data.path + "/collections"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let unserved = names.sorted().filter { name in
            collections[name] == nil && machine.run?.collection != name
                && DataFolder.isValidCollectionName(name)
        }
        if unserved.isEmpty { return [] }
        let known = Set((try? catalog.rows().map(\.name)) ?? unserved)
        let unknown = unserved.filter { !known.contains($0) }
        let dropped = Set((try? catalog.dropsUnderWay()) ?? [])
        return unknown.map { name in
            dropped.contains(name)
                ? """
                \(root)/\(name) belongs to a collection that is dropped, and cannot be removed. \
                Give this user the right to remove it: the next start of the cluster does it.
                """
                : """
                \(root)/\(name) is not in the catalog. Run `sheaf index CORPUS --collection \
                \(name)` with its corpus and model to take its segments over, or remove it.
                """
        }
    }

    // MARK: Drops

    func drop(_ name: String, for client: ClientAddress) {
        guard let collection = collections[name] else {
            return reply(.failure(unknownCollection(name).failure), to: client)
        }
        guard machine.run?.collection != name else {
            return reply(
                .failure(
                    ClusterError.busy("“\(name)” is being indexed. Wait, or interrupt that first.")
                        .failure),
                to: client)
        }
        do {
            try markDropped(name)
        } catch {
            return reply(.failure(error.failure), to: client)
        }
        for generation in collection.manifests.keys {
            unload(generation, of: name)
        }
        collections[name] = nil
        handle(.serving(.dropped(name)))
        queryEvents.yield(.dropped(name))
        problems[name] = nil
        takenOver[name] = nil
        do {
            try finishDrop(name)
        } catch {
            return reply(.failure(error.failure), to: client)
        }
        reply(.done(Done(note: "dropped “\(name)”")), to: client)
    }

    /// Dropping makes room, so a full disk must not keep from it.
    private func markDropped(_ name: String) throws(ClusterError) {
        do {
            try catalog.beginDrop(name)
        } catch {
            guard reserve.makeRoom() else { throw error }
            try catalog.beginDrop(name)
        }
    }

    /// Removes the files of a collection that is marked as being dropped, then its row.
    private func finishDrop(_ name: String) throws(ClusterError) {
        let folder = options.data.collection(name)
        do {
            if FileManager.default.fileExists(atPath: folder) {
                try FileManager.default.removeItem(atPath: folder)
                try DurableFile.syncFolder((folder as NSString).deletingLastPathComponent)
            }
        } catch {
            throw .storage(
                path: folder, reason: "cannot be removed: \(error.localizedDescription)",
                remedy: """
                    “\(name)” is dropped. Give this user the right to remove the folder: the next \
                    start of the cluster does it.
                    """)
        }
        try catalog.finishDrop(name)
    }

    /// Finishes the drops that were killed, before anything else is read.
    private func finishDrops() throws(ClusterError) {
        for name in try catalog.dropsUnderWay() {
            do {
                try finishDrop(name)
                log.info("the drop of \(name) is finished")
            } catch {
                log.error("\(error)")
            }
        }
    }

    /// A collection about to be made finds its folder empty, or holding its own segments.
    func checkFolder(of record: CollectionRecord) throws(ClusterError) {
        if try catalog.dropsUnderWay().contains(record.name) { try finishDrop(record.name) }
        let files = CollectionFiles(data: options.data, collection: record.name)
        let (manifests, _) = files.manifests(among: files.list())
        let foreign = manifests.contains { found in
            guard record.owns(found.manifest) else { return true }
            let known = found.manifest.segments.lazy.compactMap { files.candidate($0.sha256) }
            return known.first.map { $0.identity != record.identity } ?? false
        }
        guard foreign else { return }
        throw .storage(
            path: options.data.collection(record.name),
            reason: """
                holds a collection that the catalog does not know, made from another source, \
                with another model or with other settings
                """,
            remedy: """
                Give the command that made it, index under another name, or remove the folder.
                """)
    }
}
