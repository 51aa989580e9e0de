import Base
import Dispatch
public import Formats
import Foundation
import Models
public import Training

/// Hard negatives to be found for training data.
public struct MineOrder: Equatable, Sendable {
    /// Where negatives are looked for.
    public enum Place: Equatable, Sendable {
        /// In a corpus file, by BM25.
        case corpus(String)
        /// In a collection of a cluster, by its model.
        case collection(String)
    }

    /// The training data.
    public var data: ConvertOrder
    /// Where negatives are looked for.
    public var place: Place
    /// Which of the found passages become negatives.
    public var settings = MiningSettings()

    /// Names data and place; all else has its default.
    public init(data: ConvertOrder, place: Place) {
        self.data = data
        self.place = place
    }

    /// Finds negatives and writes the data with them.
    ///
    /// Holds one block of questions at a time; where the task is cancelled, nothing is written.
    ///
    /// - Parameters:
    ///   - cluster: The cluster of a collection.
    ///   - progress: Told how many examples are done.
    public func run(
        on cluster: Cluster? = nil, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(SheafError) -> HardNegativeMiner.Report {
        let order = self
        return try await onOwnThread { stop throws(SheafError) in
            let source = try order.data.source()
            let candidates: any CandidateSource
            switch order.place {
            case .corpus(let path):
                candidates = try training { () throws(TrainingError) in
                    try BM25Index.open(path, stop: stop)
                }
            case .collection(let name):
                guard let cluster else {
                    throw .request("A collection is searched on a cluster. Name one.")
                }
                candidates = ClusterCandidates(cluster, collection: name, stop: stop)
            }
            return try MineOrder.write(source, from: candidates, order.data, order.settings) {
                progress($0)
                return !stop()
            }
        }
    }

    /// Mines and writes, on the calling thread.
    static func write(
        _ source: TrainingSource, from candidates: any CandidateSource, _ data: ConvertOrder,
        _ settings: MiningSettings, progress: (Int) -> Bool
    ) throws(SheafError) -> HardNegativeMiner.Report {
        guard data.form.holdsNegatives else {
            throw .request(
                "The form \(data.form.rawValue) carries no negatives. Write the data as dpr or"
                    + " simple-transformers.")
        }
        return try training { () throws(TrainingError) in
            let writer = try TrainingWriter(
                data.output, form: data.form, hardNegatives: settings.perQuestion,
                split: data.split)
            let report = try HardNegativeMiner.mine(source, from: candidates, settings) {
                example throws(TrainingError) in
                try writer.write(example)
                guard progress(writer.count) else {
                    throw .interrupted(step: 0, checkpoint: nil)
                }
            }
            try writer.finish()
            return report
        }
    }
}

/// Finds passages in a collection of a cluster; called on threads that may block.
final class ClusterCandidates: CandidateSource {
    private let cluster: Cluster
    private let collection: String
    private let stop: @Sendable () -> Bool
    /// What was cut off the questions.
    private(set) var cuts = TextCuts()
    /// What the cluster said of the collection, each once.
    private(set) var notes: [String] = []

    /// - Parameter stop: Asked while an answer is awaited.
    init(_ cluster: Cluster, collection: String, stop: @escaping @Sendable () -> Bool) {
        self.cluster = cluster
        self.collection = collection
        self.stop = stop
    }

    func candidates(
        for questions: [String], count: Int
    ) throws(TrainingError) -> [[TrainingPassage]] {
        let asked = questions.enumerated().map { Question(id: "\($0)", text: $1) }
        let found = Locked([[TrainingPassage]]())
        let said = Locked((cuts: TextCuts(), notes: [String]()))
        let failure = Locked<SheafError?>(nil)
        let done = DispatchSemaphore(value: 0)
        let (cluster, collection) = (cluster, collection)
        let search = Task.detached {
            do throws(SheafError) {
                let order = SearchOrder(collection: collection, k: count, timeout: .seconds(300))
                try await cluster.search(asked, order) { _, answer in
                    said.withLock { said in
                        said.cuts.add(TextCuts(answer.cuts))
                        said.notes.addNote(answer.note)
                    }
                    found.withLock { lists in
                        lists.append(
                            answer.found.map {
                                TrainingPassage(
                                    id: $0.passage.id, title: $0.passage.title,
                                    text: $0.passage.text, score: $0.score)
                            })
                    }
                }
            } catch {
                failure.withLock { $0 = error }
            }
            done.signal()
        }
        while done.wait(timeout: .now() + .milliseconds(200)) == .timedOut {
            if stop() { search.cancel() }
        }
        if stop() { throw .interrupted(step: 0, checkpoint: nil) }
        if let error = failure.withLock({ $0 }) { throw .searchFailed(reason: "\(error)") }
        let (more, told) = said.withLock { $0 }
        cuts.add(more)
        for note in told { notes.addNote(note) }
        return found.withLock { $0 }
    }
}

extension HardNegativeMiner.Report {
    /// The report for programs.
    public var document: JSONValue {
        let document: JSONValue = [
            "examples": .integer(UInt64(examples)), "negatives": .integer(UInt64(negatives)),
            "without_negatives": .integer(UInt64(withoutNegatives)),
            "left_out": [
                "gold": .integer(UInt64(gold)), "with_answer": .integer(UInt64(withAnswer)),
                "within_margin": .integer(UInt64(withinMargin)),
            ],
            "dropped": .integer(UInt64(dropped.rows)),
            "unused_columns": .strings(dropped.unusedColumns),
        ]
        return document.with("cuts", cuts.textsCut > 0 ? cuts.document : nil)
            .with("notes", notes.isEmpty ? nil : .strings(notes))
    }
}
