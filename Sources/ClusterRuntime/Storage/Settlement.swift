import ClusterCore
import Corpus
import Foundation

/// Bringing the catalog and the files of one collection together: adopts what the catalog is behind
/// of, marks what nothing names, deletes what was marked long enough ago.
///
/// It reads and hashes files, so it runs on a lane, and never beside another one of the same
/// collection. What to do is decided by `Adoption` and `GarbageReview`.
struct Settlement: Sendable {
    let data: DataFolder
    let catalog: Catalog
    let record: CollectionRecord
    let epoch: UInt64
    /// Seconds between mark and deletion.
    let waitSeconds: Int64
    /// When to stop adopting; the rest is left for the next time.
    let deadline: Instant?

    /// What came of it.
    struct Outcome: Sendable {
        var adopted = 0
        /// The generation that the catalog took over.
        var generation: CollectionFiles.FoundManifest?
        /// True when every batch of the source is in it.
        var isComplete = false
        var marked = 0
        var deleted = 0
        /// False when the deadline came first.
        var isDone = true
        /// What only the user can settle.
        var problems: [String] = []
    }

    private var folder: CollectionFiles { CollectionFiles(data: data, collection: record.name) }

    func run() throws -> Outcome {
        var outcome = Outcome()
        let files = folder.list()
        let named = Set(try catalog.segments(record.name).map(\.sha256))
        let marks = try catalog.garbage(record.name)
        let newest = files.compactMap { Settlement.generation($0.object) }.max() ?? 0
        let isSettled =
            marks.isEmpty && newest <= record.generation
            && files.allSatisfy { file in
                switch GarbageReview.kind(of: file.object) {
                case .segment(let sha256): named.contains(sha256)
                case .temporary: false
                case .other: true
                }
            }
        // Reading the manifests of a large collection takes a while: only where it matters.
        if isSettled { return outcome }
        let (manifests, unreadable) = folder.manifests(among: files)
        try adopt(files, named, manifests, &outcome)
        guard outcome.isDone else { return outcome }
        try collect(files, marks, manifests, unreadable, &outcome)
        return outcome
    }

    private static func generation(_ object: String) -> UInt64? {
        guard object.hasPrefix("generations/"), object.hasSuffix(".json") else { return nil }
        return UInt64(object.dropFirst("generations/".count).dropLast(".json".count))
    }

    // MARK: Adoption

    private func adopt(
        _ files: [GarbageReview.File], _ named: Set<String>,
        _ manifests: [CollectionFiles.FoundManifest], _ outcome: inout Outcome
    ) throws {
        let present = Set(
            files.compactMap { file -> String? in
                guard case .segment(let sha256) = GarbageReview.kind(of: file.object) else {
                    return nil
                }
                return sha256
            })
        var adoption = Adoption(identity: record.identity, batches: try batches(present))
        let newer = manifests.filter { $0.manifest.generation > record.generation }
        let ours = newer.filter { record.owns($0.manifest) }
        let wanted = Set(ours.flatMap { $0.manifest.segments.map(\.sha256) })
        let lost = Dictionary(
            try catalog.segments(record.name).map { ($0.batch, $0.sha256) }
        ) { $1 }
        let candidates = present.subtracting(named).sorted().compactMap(folder.candidate)
        let chosen = adoption.choose(candidates, preferring: wanted)
        if !chosen.isEmpty { try DurableFile.syncFolder(data.segments(record.name)) }
        for candidate in chosen {
            if let deadline, MonotonicClock.now() > deadline {
                outcome.isDone = false
                return
            }
            guard folder.isSound(candidate.sha256) else { continue }
            let segment = SegmentRecord(
                batch: candidate.batch, sha256: candidate.sha256, rows: candidate.rows,
                bytes: candidate.bytes, attempt: Attempt(0))
            guard
                try catalog.adopt(
                    segment, collection: record.name, inPlaceOf: lost[candidate.batch])
            else { continue }
            adoption.adopted(candidate)
            outcome.adopted += 1
        }
        try adoptGeneration(ours, adoption, &outcome)
        if newer.count > ours.count {
            outcome.problems.append(
                """
                \(data.generations(record.name)) holds manifests of another source or model than \
                “\(record.name)” in the catalog. Nothing they name is removed. Put back the \
                catalog they belong to, or remove them.
                """)
        }
    }

    private func batches(_ present: Set<String>) throws -> [Adoption.Batch] {
        let segments = Dictionary(
            try catalog.segments(record.name).map { ($0.batch, $0.sha256) }
        ) { $1 }
        let shared = try catalog.sharedSegments(record.name)
        return try catalog.batches(record.name).enumerated().map { number, batch in
            let segment = segments[BatchNumber(number)]
            // Of a copy in a worker's own folder nothing is known here.
            let isHere = segment.map { !shared.contains($0) || present.contains($0) } ?? false
            return Adoption.Batch(
                firstOrdinal: batch.firstOrdinal, rows: UInt64(batch.count), segment: segment,
                isPresent: isHere)
        }
    }

    private func adoptGeneration(
        _ manifests: [CollectionFiles.FoundManifest], _ adoption: Adoption,
        _ outcome: inout Outcome
    ) throws {
        let generations = manifests.map { found in
            Adoption.Generation(
                number: found.manifest.generation,
                segments: Dictionary(found.manifest.segments.map { ($0.batch, $0.sha256) }) { $1 })
        }
        let newest = manifests.map(\.manifest.generation).max() ?? 0
        if let number = adoption.generation(generations, above: record.generation),
            let found = manifests.first(where: { $0.manifest.generation == number })
        {
            try DurableFile.syncFolder(data.generations(record.name))
            outcome.isComplete = found.manifest.segments.count == record.batchCount
            try catalog.publish(
                record.name, generation: number, manifestSHA256: found.sha256,
                isComplete: outcome.isComplete)
            outcome.generation = found
            if number == newest { return }
        }
        guard !manifests.isEmpty else { return }
        outcome.problems.append(
            """
            Generation \(newest) of “\(record.name)” names segments that are missing or damaged. \
            Run `sheaf index` again with the same corpus to encode them again.
            """)
    }

    // MARK: Garbage

    private func collect(
        _ files: [GarbageReview.File], _ marks: [GarbageMark],
        _ manifests: [CollectionFiles.FoundManifest], _ unreadable: [String],
        _ outcome: inout Outcome
    ) throws {
        let now = Int64(Date().timeIntervalSince1970)
        let review = GarbageReview(waitSeconds: waitSeconds, now: now, epoch: epoch)
        // Read after the adoption.
        var named = Set(try catalog.segments(record.name).map(\.sha256))
        for found in manifests { named.formUnion(found.manifest.segments.map(\.sha256)) }
        var (mark, unmark, delete): ([GarbageMark], [String], [GarbageMark]) = ([], [], [])
        for effect in review.effects(
            files: files, marks: marks, named: named, knowsAll: unreadable.isEmpty)
        {
            switch effect {
            case .mark(let object):
                mark.append(GarbageMark(object: object, since: now, epoch: epoch))
            case .unmark(let object): unmark.append(object)
            case .delete(let mark): delete.append(mark)
            }
        }
        try catalog.mark(mark, unmark: unmark, collection: record.name)
        outcome.marked = mark.count
        for first in stride(from: 0, to: delete.count, by: Settlement.sweepSize) {
            let part = Array(delete[first..<min(first + Settlement.sweepSize, delete.count)])
            outcome.deleted += try catalog.sweep(part, collection: record.name) { object in
                // Written anew since the review: somebody counts on it.
                guard let modified = folder.modified(object) else { return true }
                guard now - modified >= waitSeconds else { return false }
                return unlink(folder.path(of: object)) == 0 || errno == ENOENT
            }
        }
        for object in unreadable {
            outcome.problems.append(
                """
                \(folder.path(of: object)) cannot be read as a manifest; no segment that it may \
                name is removed. Run `sheaf index` again with the same corpus to publish a new one.
                """)
        }
    }

    /// Files that one transaction deletes at most: commits wait for it.
    private static let sweepSize = 256
}
