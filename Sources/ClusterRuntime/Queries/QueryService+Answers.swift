import Base
import ClusterCore
import Corpus
import Models
import VectorIndex

// What was found is merged and sent, each question in a message of its own.
extension QueryService {
    /// Answers members of a search that wait no longer: the numbers of those that have to search
    /// a newer generation.
    func answer(
        _ found: SettledSearch, of group: QueryGroup, in generation: PinnedGeneration
    ) async -> [UInt64] {
        let coverage = found.coverage
        // Where no shard with rows answered, an answer would say that nothing was found.
        let isAnswer = coverage.isComplete || (group.allowPartial && coverage.rowsAnswered > 0)
        guard isAnswer else {
            let outlook = await host.outlook(of: group.collection)
            let members = group.members.filter { found.members.contains($0.number) }
            let (now, isReplaced) = (
                host.now(), outlook.serving.map { $0 != generation.number } ?? false
            )
            let again = members.filter { isReplaced && now < $0.deadline }.map(\.number)
            fail(
                found.members.filter { !again.contains($0) },
                missingShards(group, coverage, outlook.failures))
            return again
        }
        let searched = host.now()
        let wanted = Set(found.members)
        let hits = group.members.filter { wanted.contains($0.number) }.map { member in
            MemberHits(
                member: member,
                lists: member.questions.map { question in
                    MergeHits.merge(found.answers.map { $0[question] }, k: group.k)
                })
        }
        let timings = Timings(
            encodeUs: group.encoding.microseconds,
            searchUs: (searched - group.encoded).microseconds,
            slowestWorkerUs: found.slowestMicroseconds)
        await fetch(hits, of: group, in: generation) { hits, passages in
            var timings = timings
            timings.fetchUs = (self.host.now() - searched).microseconds
            self.send(
                hits, passages,
                under: QueryAnswer(
                    count: UInt32(hits.lists.count), generation: generation.number,
                    coverage: coverage, timings: timings, note: generation.note))
        }
        return []
    }

    private func missingShards(
        _ group: QueryGroup, _ coverage: Coverage, _ reasons: [String]
    ) -> ClusterError {
        let what =
            group.allowPartial
            ? "No shard of “\(group.collection)” answered"
            : "Not every shard of “\(group.collection)” answered"
        let remedy =
            "Wait for the workers to come back (`sheaf status` shows them)"
            + (group.allowPartial ? "" : ", or accept part of an answer with --allow-partial")
        return .unavailable(
            ([what] + reasons).joined(separator: ": ") + (reasons.isEmpty ? ". " : " ") + remedy,
            coverage)
    }

    /// Sends the answers of a request, which ends with them.
    private func send(
        _ hits: MemberHits, _ passages: FetchedPassages, under head: QueryAnswer
    ) {
        guard let client = asked[hits.member.number]?.client else { return }
        for (question, list) in hits.lists.enumerated() {
            var head = head
            head.question = UInt32(question)
            head.cuts = Cuts(hits.member.cuts[question])
            send(list, passages, under: head, to: client)
        }
        finish(hits.member.number)
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
}
