import ClusterCore
import Corpus
import Foundation
import Models
import VectorIndex

/// An indexing request, checked and completed with what it leaves open.
struct IndexPlan: Sendable {
    /// Shards of a collection where the user names no number.
    static let defaultShardCount = 8
    /// Shards of a collection at most.
    static let largestShardCount = 4096

    /// Passages of a batch at most: a worker holds two whole batches.
    static let largestBatchSize = 65_536
    /// Batches of a collection at most: sums over all of them stay below 2^63.
    static let largestBatchCount = 67_108_864

    let request: IndexRequest
    /// What was asked for of the towers.
    let encoder: EncoderOptions
    /// What was asked for of the index.
    let index: IndexOptions

    init(_ request: IndexRequest, data: DataFolder) throws(ClusterError) {
        self.request = request
        guard DataFolder.isValidCollectionName(request.collection) else {
            throw .input(
                """
                “\(request.collection)” cannot name a collection. Use a–z, A–Z, 0–9, “-”, “_” \
                and “.”, not beginning with “.”, 128 at most.
                """)
        }
        guard request.shards <= IndexPlan.largestShardCount else {
            throw .input("\(request.shards) shards: name at most \(IndexPlan.largestShardCount).")
        }
        guard request.batchSize <= IndexPlan.largestBatchSize else {
            throw .input(
                "Batches of \(request.batchSize): name at most \(IndexPlan.largestBatchSize)."
            )
        }
        encoder = try EncoderOptions(request.encoder)
        index = try IndexOptions(request.index)
        do throws(IndexError) {
            _ = try index.shard(of: [])
        } catch {
            throw .input("\(error)")
        }
        guard !request.contextModel.isEmpty else {
            throw .input(
                "No context tower is there to encode passages. Name a model folder with --model."
            )
        }
    }

    var shardCount: Int {
        request.shards == 0 ? IndexPlan.defaultShardCount : Int(request.shards)
    }

    func source() throws -> CorpusSource {
        guard !request.format.isEmpty else { return try CorpusSource(paths: request.paths) }
        guard let format = CorpusFormat(rawValue: request.format) else {
            let known = CorpusFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw ClusterError.input("Unknown format “\(request.format)”. Name one of: \(known).")
        }
        return try CorpusSource(paths: request.paths, format: format)
    }

    /// What a tower is loaded with: what is asked for, and for the rest what the collection that
    /// goes on keeps.
    func options(of tower: Tower, in existing: CollectionRecord?) -> EncoderOptions {
        guard let existing else { return encoder }
        return encoder.completed(by: existing.options(of: tower))
    }

    /// Opens both towers: what is wrong with a model is said before a corpus is read.
    ///
    /// - Parameter existing: The collection that goes on, whose encoders are expected.
    func models(for existing: CollectionRecord?) throws -> CollectionModels {
        let context = try TextEncoder.load(
            folder: request.contextModel, tower: .context,
            options: options(of: .context, in: existing),
            expecting: existing?.contextFingerprint)
        var models = CollectionModels(
            questionFolder: request.questionModel, contextFolder: request.contextModel,
            questionFingerprint: "", contextFingerprint: context.fingerprint, options: encoder,
            contextOptions: context.resolved, dimension: context.dimension,
            notes: [context.report.assumption].compactMap { $0 })
        let known = existing?.questionFingerprint ?? ""
        guard !request.questionModel.isEmpty else {
            if known.isEmpty { models.notes.append(withoutQuestions) }
            return models
        }
        let options = options(of: .question, in: existing)
        let expected = known.isEmpty ? nil : known
        let assumption: String?
        if request.questionModel == request.contextModel, context.kind == .sentence {
            // One set of weights for both sides: they are good already.
            let identity = try EncoderIdentity(
                folder: request.questionModel, tower: .question, options: options,
                expecting: expected)
            models.questionFingerprint = identity.fingerprint
            models.questionOptions = identity.resolved
            assumption = identity.assumption
        } else {
            let question = try TextEncoder.load(
                folder: request.questionModel, tower: .question, options: options,
                expecting: expected)
            guard question.dimension == context.dimension else {
                throw ClusterError.input(
                    """
                    \(request.questionModel) makes vectors of \(question.dimension) components, \
                    \(request.contextModel) of \(context.dimension). Name two towers of one model.
                    """)
            }
            models.questionFingerprint = question.fingerprint
            models.questionOptions = question.resolved
            assumption = question.report.assumption
        }
        if let assumption, !models.notes.contains(assumption) { models.notes.append(assumption) }
        return models
    }

    /// What is said where passages can be encoded and questions cannot.
    private var withoutQuestions: String {
        """
        “\(request.collection)” has a context tower alone and cannot be searched yet. Give the \
        same command with --question-model DIR too, now or later, to add the question tower.
        """
    }

    /// A collection keeps what it was made with: says which setting differs.
    func check(_ record: CollectionRecord, _ models: CollectionModels) throws(ClusterError) {
        let hasQuestions =
            !record.questionFingerprint.isEmpty && !models.questionFingerprint.isEmpty
        let settings: [(String, String, String)] =
            Self.differences(record.contextEncoder, models.contextOptions, of: .context)
            + (hasQuestions
                ? Self.differences(record.questionEncoder, models.questionOptions, of: .question)
                : []) + [
                ("context encoder", record.contextFingerprint, models.contextFingerprint),
                (
                    "question encoder", record.questionFingerprint,
                    hasQuestions ? models.questionFingerprint : record.questionFingerprint
                ),
                (
                    "shards", String(record.shardCount),
                    request.shards == 0 ? String(record.shardCount) : String(request.shards)
                ),
                (
                    "batch size", String(record.batchSize),
                    request.batchSize == 0 ? String(record.batchSize) : String(request.batchSize)
                ),
            ]
        // Index kind and memory are no part of the segments, and may change.
        let kept = ["metric", "vectors"]
        let choices = index.choices(over: record.index).filter { kept.contains($0.0) }
        for (setting, indexed, given) in settings + choices where indexed != given {
            throw .otherSettings(
                collection: record.name, setting: setting, indexed: indexed, given: given)
        }
    }

    /// What of a tower's options decides vectors, as it was kept and as it is given.
    private static func differences(
        _ kept: EncoderOptions?, _ given: EncoderOptions?, of tower: Tower
    ) -> [(String, String, String)] {
        guard let kept, let given else { return [] }
        let choices: [(String, (EncoderOptions) -> String)] = [
            ("pooling", { $0.pooling?.rawValue ?? "" }),
            ("vectors of unit length", { $0.normalises == true ? "yes" : "no" }),
            ("longest text", { "\($0.maximumLength ?? 0) tokens" }),
            ("segment ids", { ($0.segmentIDs ?? .zero).rawValue }),
            (
                "prefix",
                { "“\((tower == .question ? $0.questionPrefix : $0.passagePrefix) ?? "")”" }
            ),
            ("precision", { $0.precision.rawValue }),
            ("weights", { $0.weights == .float16 ? "f16" : "f32" }),
        ]
        return choices.map { name, text in
            ("\(name) (\(tower.rawValue) encoder)", text(kept), text(given))
        }
    }

    /// How the vectors of a collection that is there are to be searched from now on.
    func index(over record: CollectionRecord) -> IndexOptions {
        IndexOptions(
            metric: record.metric, kind: index.kind ?? record.kind, vectors: record.vectors,
            memory: index.memory ?? record.memory)
    }

    func record(
        scan: SourceScan, batchSize: Int, batches: [BatchBoundary], source: CorpusSource,
        models: CollectionModels
    ) -> CollectionRecord {
        CollectionRecord(
            name: request.collection, sourceDigest: scan.digest, format: source.format.rawValue,
            paths: source.paths, skipsMalformed: request.skipMalformed,
            skippedLines: scan.skippedLines, passages: scan.passages, batchSize: batchSize,
            batchCount: batches.count, shardCount: shardCount, models: models,
            index: index.complete, created: ISO8601DateFormatter().string(from: Date()),
            boundaries: BatchBoundary.digest(of: batches))
    }
}
