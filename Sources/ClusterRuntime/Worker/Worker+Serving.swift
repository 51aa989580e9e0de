import Base
import ClusterCore
import Corpus
import Foundation
import Logging
import Synchronization
import VectorIndex

/// One generation of one collection.
struct GenerationKey: Hashable, Sendable {
    var collection: String
    var generation: UInt64
}

extension LoadGeneration {
    /// The generation that is to be loaded.
    var key: GenerationKey { GenerationKey(collection: collection, generation: generation) }
}

/// The shards of a generation that this worker holds.
struct ServedGeneration: Sendable {
    var shards: [UInt32: ServedShard] = [:]
}

/// One shard and the segments it reads.
struct ServedShard: Sendable {
    var index: ShardIndex
    var segmentPaths: [String]
}

/// A piece of a segment file on its way.
struct SegmentPart: Sendable {
    var bytes: [UInt8]
    var total: UInt64
    var isMissing: Bool
}

/// Whether somebody still waits for an answer.
final class Wish: Sendable {
    let lasts = Atomic(true)
}

extension Worker {
    /// Bytes of passages in one answer to FETCH; the rest is asked for again.
    static let fetchBytes = 8 << 20
    /// Bytes of a segment in one message.
    static let segmentPartBytes = 1 << 20

    func load(_ order: LoadGeneration) {
        // Orders name the whole set of shards: a later one for the same generation replaces an
        // earlier.
        forgetLoads(of: order.key)
        loads.append(order)
        if loads.count > Worker.waitingLoads { loads.removeFirst() }
        if !isLoading {
            isLoading = true
            background.enter()
            Task {
                await self.loadAll()
                self.background.leave()
            }
        }
    }

    func unload(_ order: UnloadGeneration) {
        let key = GenerationKey(collection: order.collection, generation: order.generation)
        forgetLoads(of: key)
        generations[key] = nil
        closeUnusedSegments()
    }

    private func forgetLoads(of key: GenerationKey) {
        loads.removeAll { $0.key == key }
        if loading == key { loading = nil }
    }

    private func loadAll() async {
        while !loads.isEmpty {
            let order = loads.removeFirst()
            loading = order.key
            let (failure, isLasting) = await carryOut(order)
            closeUnusedSegments()
            // Whoever was overtaken by a later order, or by the end of the generation, is not
            // answered: the later order is.
            guard loading == order.key else { continue }
            loading = nil
            send(
                .generationLoaded(
                    GenerationLoaded(
                        collection: order.collection, generation: order.generation,
                        shards: generations[order.key]?.shards.keys.sorted() ?? [],
                        failure: failure, lasting: isLasting)),
                on: .control)
        }
        isLoading = false
    }

    /// Loads shard by shard, until all are there or the order is overtaken; the reason of a
    /// failure, or nothing, and whether it must come again.
    private func carryOut(_ order: LoadGeneration) async -> (failure: String, isLasting: Bool) {
        var failure = ""
        var isLasting = false
        let wanted = Set(order.shards.map(\.shard))
        generations[order.key, default: ServedGeneration()].shards =
            (generations[order.key]?.shards ?? [:]).filter { wanted.contains($0.key) }
        for shard in order.shards
        where !background.isEnding && generations[order.key]?.shards[shard.shard] == nil {
            do {
                let served = try await loadShard(shard, of: order)
                guard loading == order.key || isWanted(shard.shard, order.key) else { break }
                generations[order.key, default: ServedGeneration()].shards[shard.shard] = served
            } catch {
                failure = ClusterError.wrap(error).description
                // An index that Faiss cannot build of these rows cannot be built the next time.
                isLasting = (error as? IndexError)?.isAboutStorage == false
                log.error("shard \(shard.shard) of \(order.collection): \(failure)")
            }
            guard loading == order.key else { break }
        }
        // A generation of which nothing is held need not be remembered.
        if generations[order.key]?.shards.isEmpty == true { generations[order.key] = nil }
        return (failure, isLasting)
    }

    /// True where an order that waits names the shard.
    private func isWanted(_ shard: UInt32, _ key: GenerationKey) -> Bool {
        loads.contains { $0.key == key && $0.shards.contains { $0.shard == shard } }
    }

    private func loadShard(_ shard: ShardSpec, of order: LoadGeneration) async throws -> ServedShard
    {
        var segments: [Segment] = []
        for reference in shard.segments {
            let segment = try await openSegment(reference, order.collection)
            guard segment.dimension == Int(order.dimension),
                segment.fingerprint == order.fingerprint
            else {
                throw ClusterError.storage(
                    path: segment.path, reason: "belongs to another encoder",
                    remedy: "Remove it; the batch is encoded again.")
            }
            segments.append(segment)
        }
        let (parts, options) = (segments, try IndexOptions(order.index))
        let index = try await loadLane.run { try options.shard(of: parts) }
        return ServedShard(index: index, segmentPaths: segments.map(\.path))
    }

    private func openSegment(_ reference: SegmentRef, _ collection: String) async throws -> Segment
    {
        // A file that was changed or replaced since it was opened is opened and checked anew.
        let path = segmentFolder(collection) + "/" + reference.sha256 + ".safetensors"
        if let open = openSegments[path], open.isUnchanged { return open }
        if !FileManager.default.fileExists(atPath: path) {
            try await receiveSegment(reference, collection, path)
        }
        let segment = try await loadLane.run {
            do throws(IndexError) {
                return try Segment.open(path: path, expecting: reference.sha256)
            } catch {
                // Set aside, so that it is fetched or encoded again and never read.
                if error.isDamage { try? FileNames.rename(path, to: path + ".damaged") }
                throw error
            }
        }
        openSegments[path] = segment
        return segment
    }

    /// Segments stay open while a served shard reads them; the maps of the others are returned.
    private func closeUnusedSegments() {
        let used = Set(
            generations.values.flatMap { $0.shards.values.flatMap(\.segmentPaths) })
        openSegments = openSegments.filter { used.contains($0.key) }
    }

    /// Copies a segment that another worker made, part by part through the coordinator.
    private func receiveSegment(
        _ reference: SegmentRef, _ collection: String, _ path: String
    ) async throws {
        try options.data.makeFolder(segmentFolder(collection))
        // Grows with what comes, not with what is announced.
        var content: [UInt8] = []
        while UInt64(content.count) < reference.bytes {
            let part = try await requestPart(
                SegmentRequest(
                    collection: collection, sha256: reference.sha256, offset: UInt64(content.count))
            )
            guard !part.isMissing, !part.bytes.isEmpty, part.total == reference.bytes,
                UInt64(content.count + part.bytes.count) <= reference.bytes
            else {
                throw ClusterError.unavailable(
                    "No reachable worker holds segment \(reference.sha256) of \(collection).", nil)
            }
            content += part.bytes
        }
        let data = Data(content)
        try await loadLane.run { try DurableFile.write(data, to: path) }
    }

    private func requestPart(_ request: SegmentRequest) async throws -> SegmentPart {
        let requestID = nextRequest
        nextRequest += 1
        let timeout = Task {
            try await Task.sleep(for: .seconds(10))
            self.failedRequest(
                requestID,
                Failure(code: .unavailable, message: "A segment did not arrive in 10 s."))
        }
        defer { timeout.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            segmentWaits[requestID] = continuation
            send(.segmentRequest(request), on: .control, requestID: requestID)
        }
    }

    func failedRequest(_ requestID: UInt64, _ failure: Failure) {
        segmentWaits.removeValue(forKey: requestID)?.resume(
            throwing: ClusterError.answered(failure))
    }

    func received(_ chunk: SegmentChunk, _ requestID: UInt64, _ frames: [[UInt8]]) {
        segmentWaits.removeValue(forKey: requestID)?.resume(
            returning: SegmentPart(
                bytes: frames.first ?? [], total: chunk.total, isMissing: chunk.missing))
    }

    /// Answers for a segment in this worker's folder.
    func provide(_ request: SegmentRequest, _ requestID: UInt64) {
        let part = SegmentFiles.part(request, count: Worker.segmentPartBytes) {
            segmentFolder($0)
        }
        send(
            .segmentChunk(
                SegmentChunk(
                    collection: request.collection, sha256: request.sha256, offset: request.offset,
                    total: part.total, missing: part.isMissing)),
            on: .bulk, requestID: requestID, frames: [part.bytes])
    }

    /// Says which segments of a page are here, whole and as they were written.
    func check(_ request: CheckSegments, _ requestID: UInt64) {
        guard DataFolder.isValidCollectionName(request.collection),
            request.segments.count <= CheckSegments.pageSize
        else {
            return log.warning("refused to check \(request.segments.count) segments")
        }
        let folder = segmentFolder(request.collection)
        Task {
            let answer = try await self.checkLane.run { SegmentFiles.check(request, in: folder) }
            self.send(.segmentsChecked(answer), on: .control, requestID: requestID)
        }
    }

    func search(_ request: Search, _ envelope: Envelope) {
        let key = GenerationKey(collection: request.collection, generation: request.generation)
        let served = (generations[key]?.shards ?? [:]).mapValues(\.index)
        let wish = Wish()
        searches[envelope.requestID] = wish
        background.enter()
        Task {
            defer {
                self.searches[envelope.requestID] = nil
                self.background.leave()
            }
            do {
                let answer = try await self.searchLane.run {
                    [counters = self.counters, threads = self.options.threads]
                    () throws -> ShardSearch.Answer? in
                    guard wish.lasts.load(ordering: .relaxed) else { return nil }
                    return try counters.whileBusy {
                        try ShardSearch.answer(
                            request, envelope.frames, served, counters, threads: threads)
                    }
                }
                guard let answer else { return }
                // First, so that whoever reports what was not answered can say why.
                if !answer.damage.isEmpty { self.dropDamagedShards() }
                self.send(
                    .searchResult(answer.result), on: .query, requestID: envelope.requestID,
                    frames: answer.frames)
            } catch {
                self.send(
                    .failure(ClusterError.wrap(error).failure), on: .query,
                    requestID: envelope.requestID)
            }
        }
    }

    /// Serves no longer what reads a damaged file, and says so; all other shards stay.
    ///
    /// The files are set aside, so that they are fetched or encoded again and never read.
    private func dropDamagedShards() {
        for (key, served) in generations {
            let damaged = served.shards.mapValues(\.index.damagedFiles).filter { !$0.value.isEmpty }
            guard !damaged.isEmpty else { continue }
            let files = Set(damaged.values.joined()).sorted()
            for file in files { try? FileNames.rename(file, to: file + ".damaged") }
            openSegments = openSegments.filter { $0.value.isWhole }
            for shard in damaged.keys { generations[key]?.shards[shard] = nil }
            let failure = files.map { IndexError.changedInUse(path: $0).description }
                .joined(separator: " ")
            log.error(
                "shards \(damaged.keys.sorted()) of \(key.collection) are not served: \(failure)")
            send(
                .generationLoaded(
                    GenerationLoaded(
                        collection: key.collection, generation: key.generation,
                        shards: generations[key]?.shards.keys.sorted() ?? [], failure: failure)),
                on: .control)
        }
    }

    /// A search that is still waiting for its turn is passed over.
    func cancelled(_ cancel: Cancel) {
        searches[cancel.requestID]?.lasts.store(false, ordering: .relaxed)
    }

    func fetch(_ request: Fetch, _ envelope: Envelope) {
        let key = GenerationKey(collection: request.collection, generation: request.generation)
        let served = (generations[key]?.shards ?? [:]).values.map(\.index)
        background.enter()
        Task {
            defer { self.background.leave() }
            do {
                let (count, block) = try await self.fetchLane.run {
                    try ShardSearch.passages(request, envelope.frames, served)
                }
                self.send(
                    .fetchResult(FetchResult(count: UInt32(count))), on: .query,
                    requestID: envelope.requestID, frames: [block])
            } catch {
                if (error as? IndexError)?.isDamage == true { self.dropDamagedShards() }
                self.send(
                    .failure(ClusterError.wrap(error).failure), on: .query,
                    requestID: envelope.requestID)
            }
        }
    }
}
