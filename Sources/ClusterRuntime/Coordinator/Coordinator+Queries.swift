import Base
import ClusterCore
import Corpus
import Foundation
import Logging
import Models
import VectorIndex

extension Coordinator {
    /// Passages per question at most: the hits of one question fit into one message.
    static let largestK = 500_000
    /// Hits of one request at most: those of all questions come from a worker in one message.
    static let largestHits = 1_000_000

    /// Answers every question of a request, each in a message of its own.
    func query(_ request: QueryRequest, budget: Duration, for client: ClientAddress) async {
        let deadline = MonotonicClock.now() + budget
        if let refusal = await letIn(request, from: client, until: deadline) {
            return reply(.failure(refusal), to: client)
        }
        defer { finished(request, from: client) }
        do {
            try await answer(request, deadline: deadline, for: client)
        } catch {
            reply(.failure(ClusterError.wrap(error).failure), to: client)
        }
    }

    private func answer(
        _ request: QueryRequest, deadline: Instant, for client: ClientAddress
    ) async throws {
        try check(request)
        want(request.collection)
        let encoder = try await questionEncoder(
            request.collection, at: request.questionModel)
        let began = MonotonicClock.now()
        let (questions, threads) = (request.questions, options.questionThreads)
        let (vectors, cuts) = try await modelLane.run {
            encoder.encode(countingCuts: questions, threads: threads)
        }
        guard vectors.allSatisfy(\.isFinite) else {
            throw ClusterError.input(
                "A question's vector is not finite. Check the model's weights.")
        }
        let encoded = MonotonicClock.now()
        let found = try await find(
            request, vectors: vectors, dimension: encoder.dimension, deadline: deadline)
        let timings = Timings(
            encodeUs: (encoded - began).microseconds,
            searchUs: (found.searched - encoded).microseconds,
            slowestWorkerUs: found.slowestMicroseconds,
            fetchUs: (MonotonicClock.now() - found.searched).microseconds)
        let note = collections[request.collection]?.note(onSearchOf: found.generation) ?? ""
        for (question, hits) in found.lists.enumerated() {
            let head = QueryAnswer(
                question: UInt32(question), count: UInt32(questions.count),
                generation: found.generation, coverage: found.coverage, timings: timings,
                cuts: Cuts(cuts[question]), note: note)
            send(hits, found.passages, under: head, to: client)
        }
    }

    /// What a search found, before it is sent.
    private struct Finding {
        var generation: UInt64
        var coverage: Coverage
        var lists: [[Hit]]
        var passages: [UInt64: Passage]
        var slowestMicroseconds: UInt64
        var searched: Instant
    }

    /// Searches one generation and fetches the winners; again, where a newer one took over before
    /// all of it had answered, since nobody loads the shards of an old one again.
    private func find(
        _ request: QueryRequest, vectors: [Float], dimension: Int, deadline: Instant
    ) async throws -> Finding {
        while true {
            let generation = try await pin(
                request.collection, allowPartial: request.allowPartial, deadline: deadline)
            do {
                defer { unpin(request.collection, generation.number) }
                return try await find(
                    request, in: generation, vectors: vectors, dimension: dimension,
                    deadline: deadline)
            } catch let error as ClusterError {
                guard error.code == .unavailable, MonotonicClock.now() < deadline,
                    let newer = collections[request.collection]?.serving.serving?.number,
                    newer != generation.number
                else { throw error }
            }
        }
    }

    private func find(
        _ request: QueryRequest, in generation: ServingTable.Generation, vectors: [Float],
        dimension: Int, deadline: Instant
    ) async throws -> Finding {
        let search = try await scatter(
            request, generation, vectors: vectors, dimension: dimension, deadline: deadline)
        let coverage = search.machine.coverage
        // Where no shard with rows answered, an answer would say that nothing was found.
        let isAnswer =
            coverage.isComplete || (request.allowPartial && coverage.rowsAnswered > 0)
        guard isAnswer else { throw missingShards(request, coverage) }
        let searched = MonotonicClock.now()
        let lists = (0..<request.questions.count).map { question in
            MergeHits.merge(search.answers.map { $0[question] }, k: Int(request.k))
        }
        let passages = try await fetch(
            Set(lists.joined().map(\.ordinal.rawValue)), request, generation, deadline: deadline)
        return Finding(
            generation: generation.number, coverage: coverage, lists: lists, passages: passages,
            slowestMicroseconds: search.slowestMicroseconds, searched: searched)
    }

    private func missingShards(_ request: QueryRequest, _ coverage: Coverage) -> ClusterError {
        let name = request.collection
        let reasons = collections[name]?.loadFailures.values.sorted() ?? []
        let what =
            request.allowPartial
            ? "No shard of “\(name)” answered"
            : "Not every shard of “\(name)” answered"
        let remedy =
            "Wait for the workers to come back (`sheaf status` shows them)"
            + (request.allowPartial ? "" : ", or accept part of an answer with --allow-partial")
        return .unavailable(
            ([what] + reasons).joined(separator: ": ") + (reasons.isEmpty ? ". " : " ") + remedy,
            coverage)
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

    private func check(_ request: QueryRequest) throws(ClusterError) {
        guard let collection = collections[request.collection] else {
            throw unknownCollection(request.collection)
        }
        guard request.k > 0 else { throw .input("k is 0. Ask for one passage or more.") }
        guard request.k <= Coordinator.largestK else {
            throw .input("k is \(request.k). Ask for at most \(Coordinator.largestK) passages.")
        }
        guard !request.questions.isEmpty else { throw .input("There is no question.") }
        guard request.questions.count * Int(request.k) <= Coordinator.largestHits else {
            throw .input(
                """
                \(request.questions.count) questions in one request ask for \(request.k) passages \
                each. Ask for at most \(Coordinator.largestHits) passages in all at once.
                """)
        }
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
    ///
    /// - Parameter given: Where a client says that it lies; empty: where the collection has it, or
    ///   where this coordinator was told to look. What proves to be the one is remembered.
    private func questionEncoder(_ name: String, at given: String) async throws -> TextEncoder {
        guard let record = collections[name]?.record else { throw unknownCollection(name) }
        if given.isEmpty || given == record.questionModel,
            let encoder = collections[name]?.questionEncoder
        {
            return encoder
        }
        guard !record.questionFingerprint.isEmpty else {
            throw ClusterError.input(
                """
                “\(name)” was indexed with a context tower alone, so questions cannot be encoded. \
                Give the same `sheaf index` command with --question-model DIR to add the question \
                tower.
                """)
        }
        let places =
            given.isEmpty
            ? [record.questionModel] + [options.models.question].filter { !$0.isEmpty }
                + ModelSearchPath.candidates(for: record.questionModel) : [given]
        let (encoder, folder) = try await modelLane.run {
            try TextEncoder.load(
                anyOf: places, tower: .question, options: record.options(of: .question),
                fingerprint: record.questionFingerprint)
        }
        guard encoder.fingerprint == record.questionFingerprint else {
            throw ClusterError.otherSettings(
                collection: name, setting: "question encoder",
                indexed: record.questionFingerprint, given: encoder.fingerprint)
        }
        collections[name]?.questionEncoder = encoder
        remember(name) {
            $0.questionModel = folder
            $0.questionEncoder = encoder.resolved
        }
        return encoder
    }

    /// Enters what was found out of a collection's towers; where that cannot be written, as on a
    /// read-only disk, it is found out again next time.
    func remember(_ name: String, _ change: (inout CollectionRecord) -> Void) {
        guard let before = collections[name]?.record else { return }
        var record = before
        change(&record)
        guard record != before else { return }
        if record.questionFingerprint != before.questionFingerprint {
            collections[name]?.questionEncoder = nil
        }
        collections[name]?.record = record
        do throws(ClusterError) {
            try catalog.change(name, change)
        } catch {
            log.warning("what was found out of “\(name)” is not kept: \(error)")
        }
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
                    : collection.buildFailure
                        ?? (["“\(name)” is not loaded"] + collection.loadFailures.values.sorted()
                        + (collection.loadFailures.isEmpty
                            ? [] : [ClusterError.indexAgain(name)]))
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
        let orders = collections[name]?.serving.unpin(generation) ?? []
        // All searches under way are looked at where something changes for them: the end of one
        // alone changes nothing, and they are many.
        if !orders.isEmpty { carryOut(orders, name) }
    }
}
