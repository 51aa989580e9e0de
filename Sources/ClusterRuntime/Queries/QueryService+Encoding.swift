import ClusterCore
import Foundation
import Models

/// The vectors of a request's questions.
struct EncodedQuestions: Sendable {
    /// `[question, component]`.
    var vectors: [Float]
    var dimension: Int
    var cuts: [TextCuts]
    /// What encoding the batch took.
    var duration: Duration
    /// When the batch was encoded.
    var end: Instant
}

// Questions become vectors: those of a batch in one go.
extension QueryService {
    /// Encodes a batch.
    func encode(_ numbers: [UInt64]) async {
        var failed: [UInt64: Failure] = [:]
        do {
            try await encode(numbers, &failed)
        } catch {
            let failure = ClusterError.wrap(error).failure
            for number in numbers { failed[number] = failure }
        }
        tell(.encoded(numbers, failed: failed))
    }

    private func encode(_ numbers: [UInt64], _ failed: inout [UInt64: Failure]) async throws {
        guard let first = numbers.lazy.compactMap({ self.asked[$0]?.request }).first else {
            return
        }
        let record = try await host.wanted(first.collection)
        let encoder = try await encoder(of: record, at: first.questionModel)
        // Nobody may wait any more for some of them.
        let wanted = numbers.compactMap { number in
            asked[number].map { (number: number, questions: $0.request.questions) }
        }
        let questions = wanted.flatMap(\.questions)
        guard !questions.isEmpty else { return }
        let (began, threads, width) = (host.now(), threads, encoder.dimension)
        let (vectors, cuts) = try await lane.run {
            encoder.encode(countingCuts: questions, threads: threads)
        }
        let end = host.now()
        var next = 0
        for (number, questions) in wanted {
            let rows = next..<next + questions.count
            next = rows.upperBound
            let own = Array(vectors[rows.lowerBound * width..<rows.upperBound * width])
            guard own.allSatisfy(\.isFinite) else {
                let message = "A question's vector is not finite. Check the model's weights."
                failed[number] = ClusterError.input(message).failure
                continue
            }
            asked[number]?.encoded = EncodedQuestions(
                vectors: own, dimension: width, cuts: Array(cuts[rows]), duration: end - began,
                end: end)
        }
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
