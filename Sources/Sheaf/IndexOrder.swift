import Base
public import ClusterCore
public import ClusterRuntime
public import Corpus
public import Formats
import Foundation
public import Models

/// What is to be indexed, into which collection, and how.
public struct IndexOrder: Equatable, Sendable {
    /// The collection to make or to go on with.
    public var collection: String
    /// The files of the corpus in their order, or BEIR folders.
    public var corpus: [String]
    /// A model folder for both towers, or a folder that holds one folder per tower.
    public var model: String?
    /// The folder of the question tower; wins over `model`.
    public var questionModel: String?
    /// The folder of the context tower; wins over `model`.
    public var contextModel: String?
    /// The format of the corpus; nil: told by its first record.
    public var format: CorpusFormat?
    /// How the towers encode.
    public var encoder = EncoderOptions()
    /// How vectors are stored, compared and searched.
    public var index = IndexOptions()
    /// How many shards the collection has, for ever; nil: 8.
    public var shards: Int?
    /// Passages of a batch; nil: chosen by the size of the corpus.
    public var batchSize: Int?
    /// Whether malformed records are counted and passed over instead of ending the run.
    public var skipMalformed = false
    /// How long a full disk is waited for before the run ends.
    public var storageWait: Duration = .seconds(60)

    /// Names corpus, collection and model; all else has its default.
    public init(
        collection: String, corpus: [String], model: String? = nil, questionModel: String? = nil,
        contextModel: String? = nil
    ) {
        self.collection = collection
        self.corpus = corpus
        self.model = model
        self.questionModel = questionModel
        self.contextModel = contextModel
    }

    /// Checks what can be checked without a cluster: names, numbers, files and model folders.
    public func check() throws(SheafError) { _ = try request() }

    /// The order as the coordinator takes it; paths absolute, since its folder is another.
    func request() throws(SheafError) -> IndexRequest {
        guard DataFolder.isValidCollectionName(collection) else {
            throw .request(
                """
                “\(collection)” cannot name a collection. Use a–z, A–Z, 0–9, “-”, “_” and “.”, \
                not beginning with “.”, 128 at most.
                """)
        }
        guard model != nil || contextModel != nil else {
            throw .request("No model is named. Name its folder with --model.")
        }
        guard index.kind != "" else {
            throw .request("The index kind has no name. Name one, such as “exact” or “HNSW32”.")
        }
        let shards = try IndexOrder.positive(shards, "shards")
        let batchSize = try IndexOrder.positive(batchSize, "passages in a batch")
        let (source, folders) = try typed {
            (
                try skippable { try CorpusSource(paths: corpus, format: format) },
                try ModelFolders.resolve(
                    model: model, question: questionModel, context: contextModel)
            )
        }
        return IndexRequest(
            collection: collection, paths: source.paths.map(absolutePath),
            format: source.format.rawValue,
            questionModel: folders.question.map(absolutePath) ?? "",
            contextModel: folders.context.map(absolutePath) ?? "",
            encoder: encoder.settings, index: index.settings,
            shards: shards, batchSize: batchSize, skipMalformed: skipMalformed)
    }

    /// Names the remedy that an order has beside correcting the corpus.
    private func skippable<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as CorpusError {
            throw SheafError.request(error.descriptionOfSkippable)
        }
    }

    private static func positive(_ number: Int?, _ what: String) throws(SheafError) -> UInt32 {
        guard let number else { return 0 }
        guard number > 0, let fits = UInt32(exactly: number) else {
            throw .request("\(number) \(what): name 1 or more.")
        }
        return fits
    }
}

/// What an indexing run did.
public struct IndexSummary: Equatable, Sendable {
    /// The collection.
    public var collection: String
    /// Passages of the collection.
    public var passages: UInt64
    /// Batches of the collection.
    public var batches: UInt64
    /// Batches that were given out more than once in this run.
    public var batchesRepeated: UInt64
    /// Malformed records that were passed over.
    public var skippedLines: UInt64
    /// Passages that this run encoded; those of an earlier run are not among them.
    public var passagesEncoded: UInt64
    /// Workers at the end.
    public var workers: UInt32
    /// The generation that a search sees now.
    public var generation: UInt64
    /// Whether there was nothing to do.
    public var alreadyComplete: Bool
    /// What was found wrong and put right.
    public var healing: Healing
    /// What people ought to know of the collection, such as a pooling that had to be assumed.
    public var notes: [String]
    /// What this run cut off its passages.
    public var cuts = TextCuts()
    /// Seconds from the request to the last commit.
    public var seconds: Double
    /// Seconds of these in which passages were encoded.
    public var encodingSeconds: Double

    /// Passages that this run encoded per second of encoding.
    public var passagesPerSecond: Double {
        encodingSeconds > 0 ? Double(passagesEncoded) / encodingSeconds : 0
    }
}

extension Cluster {
    /// Indexes a corpus, and returns when every passage can be searched.
    ///
    /// The corpus of an interrupted run goes on where it stopped; one that is complete is left as
    /// it is. Paths and models are checked before anything is asked of the cluster. A cancelled
    /// call stops the run: what is committed stays.
    ///
    /// - Parameter progress: Called when the progress has changed or the run waits, a few times a
    ///   second at most.
    public func index(
        _ order: IndexOrder, progress: @escaping @Sendable (IndexProgress) -> Void
    ) async throws(SheafError) -> IndexSummary {
        let request = try order.request()
        let clock = ContinuousClock()
        let began = clock.now
        let encoding = First<ContinuousClock.Instant>()
        let wait = Locked(StorageWait())
        let last = try await typed(interrupted: IndexOrder.goOn) {
            do {
                return try await client.index(request) { report in
                    if report.state == .encoding { encoding.note(clock.now) }
                    progress(report)
                    let failure = wait.withLock { wait -> ClusterError? in
                        _ = wait.note(report, at: clock.now)
                        return wait.isOver(order.storageWait, at: clock.now)
                            ? wait.failure(after: order.storageWait) : nil
                    }
                    if let failure { throw failure }
                }
            } catch {
                if Task.isCancelled || (error as? ClusterError)?.code == .storage {
                    await endRun()
                }
                throw error
            }
        }
        let ended = clock.now
        return IndexSummary(
            collection: last.collection, passages: last.passagesTotal,
            batches: last.batchesTotal, batchesRepeated: last.batchesRepeated,
            skippedLines: last.skippedLines, passagesEncoded: last.passagesEncoded,
            workers: last.workers, generation: last.generation,
            alreadyComplete: last.alreadyComplete, healing: last.healing, notes: last.notes,
            cuts: TextCuts(last.cuts),
            seconds: (ended - began).seconds,
            encodingSeconds: (ended - (encoding.value ?? began)).seconds)
    }

    /// Ends the run under way in a cluster that stays, and returns once it has ended, also from a
    /// cancelled task; a cluster of ours ends its run with `close()`.
    private func endRun() async {
        guard !endsWithClose else { return }
        await Task { try? await client.cancelIndexing() }.value
    }
}

extension IndexProgress {
    /// Passages done by earlier runs, as far as this report tells.
    public var passagesBefore: UInt64 {
        passagesCommitted - min(passagesEncoded, passagesCommitted)
    }

    /// Passages that are committed or being encoded, never more than there are.
    ///
    /// - Parameter before: Passages done by earlier runs.
    public func passagesDone(before: UInt64) -> UInt64 {
        max(passagesCommitted, min(before + passagesEncoded, passagesTotal))
    }
}

extension IndexSummary {
    /// The summary for people, on one line or two.
    public var text: String {
        guard !alreadyComplete else {
            return "“\(collection)” is complete already: \(Quantity.count(passages, "passage")) in "
                + "\(Quantity.count(batches, "batch")). All were checked, nothing was done."
        }
        let healed = healing.counts.filter { $0.count > 0 }
            .map { "\($0.kind): \(Quantity.count($0.count))" }.joined(separator: ", ")
        let skipped =
            skippedLines == 0
            ? "" : ", \(Quantity.count(skippedLines, "malformed record")) skipped"
        return "“\(collection)”: \(Quantity.count(passages, "passage")) in "
            + "\(Quantity.count(batches, "batch")) (\(Quantity.count(batchesRepeated)) repeated"
            + "\(skipped)), \(Quantity.time(.seconds(seconds))), "
            + (passagesEncoded == 0
                ? "no passage was encoded anew"
                : "\(Quantity.rate(passagesPerSecond)) passages/s")
            + (healed.isEmpty ? "" : "\nhealed: \(healed)")
            + (cuts.sentence.map { "\n" + $0 } ?? "")
    }

    /// The summary for programs.
    public var document: JSONValue {
        [
            "collection": .string(collection), "already_complete": .bool(alreadyComplete),
            "passages": .integer(passages), "batches": .integer(batches),
            "batches_repeated": .integer(batchesRepeated),
            "skipped_records": .integer(skippedLines),
            "passages_encoded": .integer(passagesEncoded), "workers": .integer(UInt64(workers)),
            "healed": healing.document, "notes": .strings(notes), "cut": cuts.document,
            "generation": .integer(generation), "seconds": .real(seconds),
            "encoding_seconds": .real(encodingSeconds),
            "passages_per_second": .real(passagesPerSecond),
        ]
    }
}

extension Healing {
    /// The numbers for programs.
    fileprivate var document: JSONValue {
        [
            "segments_missing": .integer(segmentsMissing),
            "segments_damaged": .integer(segmentsDamaged), "copies_lost": .integer(copiesLost),
            "copies_found": .integer(copiesFound), "manifests": .integer(manifests),
            "catalog_rows": .integer(rows),
        ]
    }
}

extension IndexOrder {
    /// What an interrupted run is told.
    static let goOn = "Interrupted. What is done stays: the same command goes on from there."
}
