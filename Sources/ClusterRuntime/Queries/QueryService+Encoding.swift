import ClusterCore
import Foundation
import Models

/// Requests whose questions are searched together, encoded.
struct QueryGroup: Sendable {
    /// One of the requests.
    struct Member: Sendable {
        var number: UInt64
        /// Its questions among those of the group.
        var questions: Range<Int>
        var deadline: Instant
        var cuts: [TextCuts]
    }

    var collection: String
    var k: Int
    var allowPartial: Bool
    var texts: Bool
    var members: [Member]
    /// `[question, component]`.
    var vectors: [Float]
    var dimension: Int
    /// What encoding took.
    var encoding: Duration
    /// When the questions were encoded.
    var encoded: Instant

    /// How many questions there are.
    var count: Int { vectors.count / max(1, dimension) }

    /// The group of some of the members.
    func only(_ numbers: some Sequence<UInt64>) -> QueryGroup {
        let wanted = Set(numbers)
        guard !members.allSatisfy({ wanted.contains($0.number) }) else { return self }
        var part = self
        part.members = []
        part.vectors = []
        for member in members where wanted.contains(member.number) {
            let first = part.count
            let rows = member.questions
            part.vectors += vectors[rows.lowerBound * dimension..<rows.upperBound * dimension]
            var member = member
            member.questions = first..<first + rows.count
            part.members.append(member)
        }
        return part
    }
}

// Questions become vectors: those of a batch in one go.
extension QueryService {
    /// Encodes a batch and begins its searches.
    func run(_ numbers: [UInt64]) async {
        do {
            for group in try await encode(numbers) {
                work.enter()
                Task {
                    await self.search(group)
                    self.work.leave()
                }
            }
        } catch {
            fail(numbers, error)
        }
        carryOut(batches.encoded(now: host.now()))
    }

    private func encode(_ numbers: [UInt64]) async throws -> [QueryGroup] {
        guard let first = numbers.lazy.compactMap({ self.asked[$0]?.request }).first else {
            return []
        }
        let record = try await host.wanted(first.collection)
        let encoder = try await encoder(of: record, at: first.questionModel)
        // Nobody may wait any more for some of them.
        let wanted = numbers.compactMap { number in asked[number].map { (number, $0) } }
        let questions = wanted.flatMap(\.1.request.questions)
        guard !questions.isEmpty else { return [] }
        let (began, threads) = (host.now(), threads)
        let (vectors, cuts) = try await lane.run {
            encoder.encode(countingCuts: questions, threads: threads)
        }
        let encoded = host.now()
        var groups: [QueryGroup] = []
        var next = 0
        for (number, asked) in wanted {
            let rows = next..<next + asked.request.questions.count
            next = rows.upperBound
            let own = vectors[
                rows.lowerBound * encoder.dimension..<rows.upperBound * encoder.dimension]
            guard own.allSatisfy(\.isFinite) else {
                let message = "A question's vector is not finite. Check the model's weights."
                fail([number], ClusterError.input(message))
                continue
            }
            let place =
                groups.firstIndex { $0.hasRoom(for: asked.request) }
                ?? groups.endIndex
            if place == groups.endIndex {
                groups.append(
                    QueryGroup(
                        collection: asked.request.collection, k: Int(asked.request.k),
                        allowPartial: asked.request.allowPartial, texts: asked.request.texts,
                        members: [], vectors: [], dimension: encoder.dimension,
                        encoding: encoded - began, encoded: encoded))
            }
            let start = groups[place].count
            groups[place].vectors += own
            groups[place].members.append(
                QueryGroup.Member(
                    number: number, questions: start..<start + rows.count,
                    deadline: asked.deadline, cuts: Array(cuts[rows])))
        }
        return groups
    }

    /// The question tower of a collection, loaded once and checked against its fingerprint.
    ///
    /// - Parameter given: Where a client says that it lies; empty: where the collection has it, or
    ///   where this process was told to look. What proves to be the one is remembered.
    private func encoder(of record: CollectionRecord, at given: String) async throws -> TextEncoder
    {
        let name = record.name
        if given.isEmpty || given == record.questionModel, let encoder = encoders[name],
            encoder.fingerprint == record.questionFingerprint
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
            ? [record.questionModel] + [questionModel].filter { !$0.isEmpty }
                + ModelSearchPath.candidates(for: record.questionModel) : [given]
        let (encoder, folder) = try await lane.run {
            try TextEncoder.load(
                anyOf: places, tower: .question, options: record.options(of: .question),
                fingerprint: record.questionFingerprint)
        }
        guard encoder.fingerprint == record.questionFingerprint else {
            throw ClusterError.otherSettings(
                collection: name, setting: "question encoder",
                indexed: record.questionFingerprint, given: encoder.fingerprint)
        }
        encoders[name] = encoder
        await host.remember(questionModel: folder, encoder.resolved, of: name)
        return encoder
    }
}

extension QueryGroup {
    /// Whether a request can be searched with the others: it asks for the same, and the hits of
    /// all are not too many for one message.
    fileprivate func hasRoom(for request: QueryRequest) -> Bool {
        k == Int(request.k) && allowPartial == request.allowPartial && texts == request.texts
            && (count + request.questions.count) * k <= QueryService.hitsPerSearch
    }
}
