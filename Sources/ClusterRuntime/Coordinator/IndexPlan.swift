import ClusterCore
import Corpus
import Foundation
import Models
import VectorIndex

/// An indexing request, checked and completed with what it leaves open.
struct IndexPlan: Sendable {
    /// Shards of a collection where the user names no number.
    static let defaultShardCount = 8
    /// Index kind where the user names none.
    static let defaultKind = "Flat"
    /// Shards of a collection at most.
    static let largestShardCount = 4096

    /// Passages of a batch at most: a worker holds two whole batches.
    static let largestBatchSize = 65_536

    let request: IndexRequest

    init(_ request: IndexRequest, data: DataFolder) throws(ClusterError) {
        self.request = request
        guard DataFolder.isValidCollectionName(request.collection) else {
            throw .input(
                """
                “\(request.collection)” cannot name a collection. Use letters, digits, “-”, “_” \
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
        guard request.metric.isEmpty || Metric(rawValue: request.metric) != nil else {
            throw .input("Unknown metric “\(request.metric)”. Name ip or l2.")
        }
        do throws(IndexError) {
            _ = try ShardIndex(
                segments: [], metric: Metric(rawValue: request.metric) ?? .innerProduct,
                kind: request.kind.isEmpty ? IndexPlan.defaultKind : request.kind)
        } catch {
            throw .input("\(error)")
        }
        guard request.segmentIDs.isEmpty || SegmentIDs(rawValue: request.segmentIDs) != nil else {
            throw .input("Unknown segment ids “\(request.segmentIDs)”. Name zero or pair.")
        }
        guard !request.contextModel.isEmpty else {
            throw .input(
                "No context tower is there to encode passages. Name a model folder with --model."
            )
        }
    }

    var metric: String { request.metric.isEmpty ? Metric.innerProduct.rawValue : request.metric }
    var kind: String { request.kind.isEmpty ? IndexPlan.defaultKind : request.kind }
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

    /// Opens both towers: what is wrong with a model is said before a corpus is read.
    func models() throws -> CollectionModels {
        let segmentIDs = SegmentIDs(rawValue: request.segmentIDs)
        let context = try TextEncoder.load(
            folder: request.contextModel, tower: .context, segmentIDs: segmentIDs)
        var questionFingerprint = ""
        if !request.questionModel.isEmpty {
            let question = try TextEncoder.load(
                folder: request.questionModel, tower: .question, segmentIDs: segmentIDs)
            guard question.dimension == context.dimension else {
                throw ClusterError.input(
                    """
                    \(request.questionModel) makes vectors of \(question.dimension) components, \
                    \(request.contextModel) of \(context.dimension). Name two towers of one model.
                    """)
            }
            questionFingerprint = question.fingerprint
        }
        return CollectionModels(
            questionFolder: request.questionModel, contextFolder: request.contextModel,
            questionFingerprint: questionFingerprint, contextFingerprint: context.fingerprint,
            segmentIDs: request.segmentIDs, dimension: context.dimension)
    }

    /// A collection keeps what it was made with: says which setting differs.
    func check(_ record: CollectionRecord, _ models: CollectionModels) throws(ClusterError) {
        let settings: [(String, String, String)] = [
            ("context encoder", record.contextFingerprint, models.contextFingerprint),
            ("question encoder", record.questionFingerprint, models.questionFingerprint),
            ("metric", record.metric, metric), ("index kind", record.kind, kind),
            (
                "shards", String(record.shardCount),
                request.shards == 0 ? String(record.shardCount) : String(request.shards)
            ),
            (
                "batch size", String(record.batchSize),
                request.batchSize == 0 ? String(record.batchSize) : String(request.batchSize)
            ),
        ]
        for (setting, indexed, given) in settings where indexed != given {
            throw .otherSettings(
                collection: record.name, setting: setting, indexed: indexed, given: given)
        }
    }

    func record(
        scan: SourceScan, batchSize: Int, batchCount: Int, source: CorpusSource,
        models: CollectionModels
    ) -> CollectionRecord {
        CollectionRecord(
            name: request.collection, sourceDigest: scan.digest, format: source.format.rawValue,
            paths: source.paths, skipsMalformed: request.skipMalformed,
            skippedLines: scan.skippedLines, passages: scan.passages, batchSize: batchSize,
            batchCount: batchCount, shardCount: shardCount, models: models, metric: metric,
            kind: kind, created: ISO8601DateFormatter().string(from: Date()))
    }
}
