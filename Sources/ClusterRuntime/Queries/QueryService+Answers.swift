import Base
import ClusterCore
import Corpus
import Models
import VectorIndex

/// What was found for a request when it waited no longer.
struct FoundHits: Sendable {
    /// The hits of each question.
    var hits: [[Hit]]
    var coverage: Coverage
    var end: Instant
    var slowestMicroseconds: UInt64
}

// What was found is merged and sent, each question in a message of its own.
extension QueryService {
    /// Merges what was found for a request until now, once.
    func merge(_ member: UInt64, of search: SearchData, _ coverage: Coverage) {
        guard asked[member]?.found == nil else { return }
        let k = Int(search.message.k)
        asked[member]?.found = FoundHits(
            hits: (search.questions[member] ?? 0..<0).map { question in
                MergeHits.merge(search.answers.map { $0[question] }, k: k)
            }, coverage: coverage, end: host.now(),
            slowestMicroseconds: search.slowestMicroseconds)
    }

    /// Sends the answers of a request, which ends with them.
    func answer(_ number: UInt64, of search: UInt64, with gathering: UInt64) {
        guard let asked = asked.removeValue(forKey: number), let found = asked.found,
            let encoded = asked.encoded, let data = searches[search],
            let passages = gatherings[gathering]?.passages
        else { return }
        var head = QueryAnswer(
            count: UInt32(found.hits.count), generation: data.message.generation,
            coverage: found.coverage,
            timings: Timings(
                encodeUs: encoded.duration.microseconds,
                searchUs: (found.end - encoded.end).microseconds,
                slowestWorkerUs: found.slowestMicroseconds,
                fetchUs: (host.now() - found.end).microseconds), note: data.note)
        for (question, hits) in found.hits.enumerated() {
            head.question = UInt32(question)
            head.cuts = Cuts(encoded.cuts[question])
            send(hits, passages, under: head, to: asked.client)
        }
    }

    /// Sends one question's hits in as many messages as their size takes.
    private func send(
        _ hits: [Hit], _ passages: FetchedPassages, under head: QueryAnswer,
        to client: ClientAddress
    ) {
        var head = head
        var rest = hits[...]
        repeat {
            var part: [Hit] = []
            var block = PassageBlockBuilder()
            while let hit = rest.first, let (slices, index) = passages[hit.ordinal.rawValue] {
                if block.size + slices.size(at: index) > Worker.fetchBytes, !part.isEmpty { break }
                block.append(slices, at: index)
                part.append(hit)
                rest.removeFirst()
            }
            head.last = rest.isEmpty
            host.reply(
                .queryAnswer(head), to: client,
                frames: [
                    RawFrame.bytes(part.map(\.ordinal.rawValue)),
                    RawFrame.bytes(part.map(\.score)), block.block(),
                ])
        } while !rest.isEmpty
    }

    // MARK: No answers

    func fail(_ number: UInt64, _ failure: Failure) {
        guard let client = asked.removeValue(forKey: number)?.client else { return }
        host.reply(.failure(failure), to: client, frames: [])
    }

    func failure(
        of refusal: QuestionBatches<PeerID, QueryMachine.Tower>.Refusal, _ number: UInt64
    ) -> Failure {
        switch refusal {
        case .busy(let pause):
            Failure(
                code: .busy,
                message: "\(machine.underWay) questions are under way. Try again in a moment.",
                retryAfterMilliseconds: UInt32(clamping: pause.microseconds / 1000))
        case .late:
            Failure(
                code: .busy,
                message: """
                    The time given was over before the question's turn had come: \
                    \(machine.underWay) questions are under way. Give more time (--timeout), or \
                    try again in a moment.
                    """)
        case .tooLarge(let limit):
            ClusterError.input(
                """
                \(asked[number]?.request.questions.count ?? 0) questions in one request. Send at \
                most \(limit).
                """
            ).failure
        }
    }

    func failure(of fault: QueryMachine.Fault, _ number: UInt64) -> Failure {
        let name = asked[number]?.request.collection ?? ""
        switch fault {
        case .other(let failure): return failure
        case .missingPassages:
            let message = "Workers that hold passages found in “\(name)” have left. Ask again"
            return ClusterError.unavailable(message, nil).failure
        case .missingShards(let coverage, let reasons):
            let isPartEnough = asked[number]?.request.allowPartial ?? false
            let what =
                isPartEnough
                ? "No shard of “\(name)” answered" : "Not every shard of “\(name)” answered"
            let remedy =
                "Wait for the workers to come back (`sheaf status` shows them)"
                + (isPartEnough ? "" : ", or accept part of an answer with --allow-partial")
            return ClusterError.unavailable(
                ([what] + reasons).joined(separator: ": ") + (reasons.isEmpty ? ". " : " ")
                    + remedy, coverage
            ).failure
        }
    }
}
