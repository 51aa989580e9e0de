import ClusterCore
import Corpus
import Foundation
import Logging
import Models
import VectorIndex

/// A search on its way over the workers.
struct PendingSearch: Sendable {
    var machine: ScatterGather
    var request: Search
    var vectors: [UInt8]
    /// What each answer brought: per question, hits in order.
    var answers: [[[Hit]]] = []
    var requested: [UInt64: (worker: WorkerID, shards: [ShardNumber])] = [:]
    var slowestMicroseconds: UInt64 = 0
    var done: CheckedContinuation<Void, Never>?
}

/// A FETCH on its way.
struct PendingFetch: Sendable {
    var worker: WorkerID
    var deadline: Instant
    var done: CheckedContinuation<[Passage], any Error>
}

extension Coordinator {
    /// Passages per question at most: the hits of one question fit into one message.
    static let largestK = 500_000

    /// Answers every question of a request, each in a message of its own.
    func query(_ request: QueryRequest, budget: Duration, for client: ClientAddress) async {
        let count = request.questions.count
        switch admission.admit(count, of: client.peer, now: MonotonicClock.now()) {
        case .admitted: break
        case .refused(let pause):
            return reply(
                .failure(
                    Failure(
                        code: .busy,
                        message: """
                            \(admission.underWay) questions are under way. Try again in a moment.
                            """,
                        retryAfterMilliseconds: UInt32(clamping: pause.microseconds / 1000))),
                to: client)
        case .tooLarge(let limit):
            return reply(
                .failure(
                    ClusterError.input(
                        "\(count) questions in one request. Send at most \(limit)."
                    ).failure),
                to: client)
        }
        defer { admission.finished(count, of: client.peer, now: MonotonicClock.now()) }
        do {
            try await answer(request, deadline: MonotonicClock.now() + budget, for: client)
        } catch {
            reply(.failure(ClusterError.wrap(error).failure), to: client)
        }
    }

    private func answer(
        _ request: QueryRequest, deadline: Instant, for client: ClientAddress
    ) async throws {
        try check(request)
        want(request.collection)
        let encoder = try await questionEncoder(request.collection)
        let began = MonotonicClock.now()
        let (questions, threads) = (request.questions, options.questionThreads)
        let vectors = try await modelLane.run {
            encoder.encode(questions: questions, threads: threads)
        }
        guard vectors.allSatisfy(\.isFinite) else {
            throw ClusterError.input(
                "A question's vector is not finite. Check the model's weights.")
        }
        let encoded = MonotonicClock.now()
        let generation = try await pin(
            request.collection, allowPartial: request.allowPartial, deadline: deadline)
        defer { unpin(request.collection, generation.number) }
        let search = try await scatter(
            request, generation, vectors: vectors, dimension: encoder.dimension,
            deadline: deadline)
        let coverage = search.machine.coverage
        guard coverage.isComplete || request.allowPartial else {
            throw ClusterError.unavailable(
                """
                Not every shard of “\(request.collection)” answered. Wait for the workers to come \
                back (`sheaf status` shows them), or accept part of an answer with --allow-partial
                """, coverage)
        }
        let searched = MonotonicClock.now()
        let lists = (0..<questions.count).map { question in
            MergeHits.merge(search.answers.map { $0[question] }, k: Int(request.k))
        }
        let passages = try await fetch(
            Set(lists.joined().map(\.ordinal.rawValue)), request, generation, deadline: deadline)
        let timings = Timings(
            encodeUs: (encoded - began).microseconds, searchUs: (searched - encoded).microseconds,
            slowestWorkerUs: search.slowestMicroseconds,
            fetchUs: (MonotonicClock.now() - searched).microseconds)
        for (question, hits) in lists.enumerated() {
            let head = QueryAnswer(
                question: UInt32(question), count: UInt32(questions.count),
                generation: generation.number, coverage: coverage, timings: timings)
            send(hits, passages, under: head, to: client)
        }
    }

    /// Sends one question's hits in as many messages as their size takes.
    private func send(
        _ hits: [Hit], _ passages: [UInt64: Passage], under head: QueryAnswer,
        to client: ClientAddress
    ) {
        var head = head
        var rest = hits[...]
        repeat {
            var part: [(hit: Hit, passage: Passage)] = []
            var bytes = 0
            while let hit = rest.first, let passage = passages[hit.ordinal.rawValue] {
                bytes += passage.wireBytes
                if bytes > Worker.fetchBytes, !part.isEmpty { break }
                part.append((hit, passage))
                rest.removeFirst()
            }
            head.last = rest.isEmpty
            reply(
                .queryAnswer(head), to: client,
                frames: [
                    RawFrame.bytes(part.map(\.hit.ordinal.rawValue)),
                    RawFrame.bytes(part.map(\.hit.score)),
                    PassageBlock.encode(part.map(\.passage)),
                ])
        } while !rest.isEmpty
    }

    private func check(_ request: QueryRequest) throws(ClusterError) {
        guard let collection = collections[request.collection] else {
            throw unknownCollection(request.collection)
        }
        guard request.k > 0 else { throw .input("k is 0. Ask for one passage or more.") }
        guard request.k <= Coordinator.largestK else {
            throw .input("k is \(request.k). Ask for at most \(Coordinator.largestK) passages.")
        }
        guard !request.questions.isEmpty else { throw .input("There is no question.") }
        for (number, question) in request.questions.enumerated()
        where question.allSatisfy(\.isWhitespace) {
            throw .input("Question \(number + 1) is empty. Remove it, or write it.")
        }
        guard collection.record.generation > 0 else {
            throw .unavailable(
                """
                “\(request.collection)” has no committed passages yet. Run `sheaf index` with the \
                same corpus again, or wait until it has gone further
                """, nil)
        }
    }

    /// The question tower of the collection, loaded once and checked against its fingerprint.
    private func questionEncoder(_ name: String) async throws -> TextEncoder {
        guard let record = collections[name]?.record else { throw unknownCollection(name) }
        if let encoder = collections[name]?.questionEncoder { return encoder }
        guard !record.questionModel.isEmpty else {
            throw ClusterError.input(
                """
                “\(name)” was indexed with a context tower alone, so questions cannot be encoded. \
                Index it again with --question-model.
                """)
        }
        let encoder = try await modelLane.run {
            try TextEncoder.load(
                folder: record.questionModel, tower: .question,
                options: record.encoder, expecting: record.questionFingerprint)
        }
        guard encoder.fingerprint == record.questionFingerprint else {
            throw ClusterError.otherSettings(
                collection: name, setting: "question encoder",
                indexed: record.questionFingerprint, given: encoder.fingerprint)
        }
        collections[name]?.questionEncoder = encoder
        return encoder
    }

    /// The generation to search; waits while it is being loaded, but not for what cannot be loaded.
    private func pin(
        _ name: String, allowPartial: Bool, deadline: Instant
    ) async throws -> ServingTable.Generation {
        while true {
            if let generation = collections[name]?.serving.pin() { return generation }
            guard let collection = collections[name] else { throw unknownCollection(name) }
            let now = MonotonicClock.now()
            let isHopeless =
                now >= deadline || !collection.loadFailures.isEmpty || background.isEnding
            if isHopeless, allowPartial,
                let generation = collections[name]?.serving.pinPartly()
            {
                return generation
            }
            guard !isHopeless else {
                let rows = collection.newest?.segments.reduce(0) { $0 + $1.rows } ?? 0
                let reason =
                    membership.ready.isEmpty
                    ? "No worker is here to serve “\(name)”"
                    : (["“\(name)” is not loaded"] + collection.loadFailures.values.sorted())
                        .joined(separator: ": ")
                throw ClusterError.unavailable(
                    reason,
                    Coverage(
                        shardsTotal: UInt32(collection.record.shardCount), shardsAnswered: 0,
                        rowsTotal: rows, rowsAnswered: 0))
            }
            let timer = Task {
                try await Task.sleep(for: deadline - now)
                self.wake(name)
            }
            await withCheckedContinuation { collections[name]?.waiting.append($0) }
            timer.cancel()
        }
    }

    private func unpin(_ name: String, _ generation: UInt64) {
        carryOut(collections[name]?.serving.unpin(generation) ?? [], name)
    }

    // MARK: Scatter and gather

    private func scatter(
        _ request: QueryRequest, _ generation: ServingTable.Generation, vectors: [Float],
        dimension: Int, deadline: Instant
    ) async throws -> PendingSearch {
        var holders: [ShardNumber: [WorkerID]] = [:]
        for shard in generation.rows.keys {
            let all =
                collections[request.collection]?.serving.holders(
                    of: shard, generation: generation.number) ?? []
            holders[shard] = all.filter { membership.isReady($0) }
        }
        let searchID = newRequestID()
        searches[searchID] = PendingSearch(
            machine: ScatterGather(rows: generation.rows, holders: holders, deadline: deadline),
            request: Search(
                collection: request.collection, generation: generation.number, k: request.k,
                count: UInt32(request.questions.count), dimension: UInt32(dimension)),
            vectors: RawFrame.bytes(vectors))
        await withCheckedContinuation { continuation in
            searches[searchID]?.done = continuation
            perform(searches[searchID]?.machine.start() ?? [], searchID)
        }
        guard let search = searches.removeValue(forKey: searchID) else {
            throw ClusterError.internal("A search was lost.")
        }
        return search
    }

    private func perform(_ actions: [ScatterGather.Action], _ searchID: UInt64) {
        var unsendable: [WorkerID] = []
        for action in actions {
            switch action {
            case .send(let worker, let shards):
                guard var request = searches[searchID]?.request,
                    let vectors = searches[searchID]?.vectors,
                    let deadline = searches[searchID]?.machine.deadline
                else { continue }
                request.shards = shards.map { UInt32($0.rawValue) }
                let requestID = newRequestID()
                searches[searchID]?.requested[requestID] = (worker, shards)
                let isSent = send(
                    .search(request), to: worker, on: .query, requestID: requestID,
                    budget: deadline - MonotonicClock.now(), frames: [vectors])
                if !isSent { unsendable.append(worker) }
            case .cancel(let worker):
                let asked =
                    searches[searchID]?.requested.filter { $0.value.worker == worker } ?? [:]
                for requestID in asked.keys {
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

    private func search(ofRequest requestID: UInt64) -> UInt64? {
        searches.first { $0.value.requested[requestID] != nil }?.key
    }

    func searchAnswered(_ result: SearchResult, _ envelope: Envelope, by worker: WorkerID) {
        guard let searchID = search(ofRequest: envelope.requestID),
            let asked = searches[searchID]?.requested.removeValue(forKey: envelope.requestID),
            asked.worker == worker, let count = searches[searchID]?.request.count,
            searches[searchID]?.machine.expects(worker, requested: asked.shards) == true
        else { return }
        do {
            let lists = try HitFrames.decode(envelope.frames, count: Int(count))
            let answered = Set(
                result.shards.filter(\.answered).map { ShardNumber(Int($0.shard)) })
            searches[searchID]?.answers.append(lists)
            let slowest = searches[searchID]?.slowestMicroseconds ?? 0
            searches[searchID]?.slowestMicroseconds = max(slowest, result.computeUs)
            perform(
                searches[searchID]?.machine.answered(
                    worker, requested: asked.shards, shards: answered) ?? [], searchID)
        } catch {
            log.warning("an answer of \(worker) cannot be read: \(error)")
            perform(
                searches[searchID]?.machine.answered(
                    worker, requested: asked.shards, shards: []) ?? [], searchID)
        }
    }

    func requestFailed(_ failure: Failure, _ requestID: UInt64, by worker: WorkerID) {
        if let fetch = fetches.removeValue(forKey: requestID) {
            return fetch.done.resume(throwing: ClusterError.answered(failure))
        }
        guard let searchID = search(ofRequest: requestID),
            let asked = searches[searchID]?.requested.removeValue(forKey: requestID)
        else { return }
        log.warning("\(worker) cannot search: \(failure.message)")
        perform(
            searches[searchID]?.machine.answered(worker, requested: asked.shards, shards: [])
                ?? [], searchID)
    }

    func searchesLost(by worker: WorkerID) {
        for searchID in searches.keys {
            perform(searches[searchID]?.machine.failed(worker) ?? [], searchID)
        }
        for (requestID, fetch) in fetches where fetch.worker == worker {
            fetches[requestID] = nil
            fetch.done.resume(
                throwing: ClusterError.unavailable("\(worker.name) left while it was asked.", nil))
        }
    }

    func tickSearches(now: Instant) {
        for searchID in searches.keys {
            perform(searches[searchID]?.machine.tick(now: now) ?? [], searchID)
        }
        for (requestID, fetch) in fetches where now >= fetch.deadline {
            fetches[requestID] = nil
            fetch.done.resume(
                throwing: ClusterError.unavailable("\(fetch.worker.name) took too long.", nil))
        }
    }

    // MARK: Passages of the winners

    private func fetch(
        _ ordinals: Set<UInt64>, _ request: QueryRequest, _ generation: ServingTable.Generation,
        deadline: Instant
    ) async throws -> [UInt64: Passage] {
        guard let manifest = collections[request.collection]?.manifests[generation.number] else {
            throw unknownCollection(request.collection)
        }
        var byWorker: [WorkerID: [UInt64]] = [:]
        for ordinal in ordinals {
            let holders =
                collections[request.collection]?.serving.holders(
                    of: manifest.shard(ofOrdinal: ordinal), generation: generation.number) ?? []
            guard let worker = holders.first(where: { membership.isReady($0) }) else {
                throw ClusterError.unavailable(
                    "The worker that holds passage \(ordinal) has just left. Ask again.", nil)
            }
            byWorker[worker, default: []].append(ordinal)
        }
        let order = Fetch(
            collection: request.collection, generation: generation.number, texts: request.texts)
        return try await withThrowingTaskGroup(of: [UInt64: Passage].self) { group in
            for (worker, wanted) in byWorker {
                group.addTask {
                    try await self.fetchAll(wanted.sorted(), order, from: worker, deadline)
                }
            }
            var passages: [UInt64: Passage] = [:]
            for try await part in group { passages.merge(part) { first, _ in first } }
            return passages
        }
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

    func fetchAnswered(_ result: FetchResult, _ envelope: Envelope) {
        guard let fetch = fetches.removeValue(forKey: envelope.requestID) else { return }
        fetch.done.resume(
            with: Result {
                let passages = try PassageBlock.decode(envelope.frames.first ?? [])
                guard passages.count == Int(result.count) else {
                    throw ClusterError.internal("A FETCH result miscounts its passages.")
                }
                return passages
            })
    }
}
