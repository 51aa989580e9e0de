import ClusterCore
import Corpus
import Foundation
import Logging

/// What the entries of a check stand for, and who waits for its end.
struct CheckFiles {
    let record: CollectionRecord
    /// The segment of each entry.
    let segments: [SegmentRecord]
    let done: CheckedContinuation<SegmentAudit.Outcome?, Never>
}

/// What an indexing run goes on from.
struct CheckedCollection: Sendable {
    var record: CollectionRecord
    var boundaries: [BatchBoundary]
    /// The segments that a living holder can read.
    var segments: [SegmentRecord] = []
    var healing = Healing()
    /// Whether the newest generation can be read, as it was published.
    var isPublished = false
}

/// Before a run goes on, everything that an earlier one made is looked at: rows, boundaries,
/// manifest, and every byte of every segment. `SegmentAudit` decides; what it calls lost is encoded
/// again by the run, all else is put right here.
extension Coordinator {
    /// The collection as catalog and manifests say together; nil when there is none.
    func state(of name: String) throws(ClusterError) -> CollectionState? {
        guard let row = try catalog.row(name) else { return nil }
        return try CollectionState.read(row, options.data, catalog: catalog)
    }

    /// Checks what is there of a collection and puts right what needs no encoding; nil when the run
    /// was ended meanwhile.
    func check(
        _ state: CollectionState, _ source: CorpusSource, _ number: Int
    ) async throws -> CheckedCollection? {
        var checked = CheckedCollection(
            record: state.record, boundaries: try catalog.batches(state.record.name),
            isPublished: state.manifest != nil)
        if state.isRowWrong {
            log.warning("the catalog's row of \(state.record.name) is written again")
            try catalog.restore(state.record)
            checked.healing.rows += 1
        }
        if !state.record.fits(checked.boundaries) {
            checked.boundaries = try await scannedAgain(state.record, source)
            checked.healing.rows += 1
        }
        guard goesOn(number) else { return nil }
        guard try await checkSegments(state, &checked, number), goesOn(number) else { return nil }
        try await writeManifestAgain(state, &checked)
        for (kind, count) in checked.healing.counts where count > 0 {
            log.warning("\(state.record.name): \(kind): \(count)")
        }
        return goesOn(number) ? checked : nil
    }

    /// The batch boundaries of a source that is known, found and entered again.
    private func scannedAgain(
        _ record: CollectionRecord, _ source: CorpusSource
    ) async throws -> [BatchBoundary] {
        log.warning("the batches of \(record.name) are damaged: the source is read again")
        let scratch = options.data.run + "/scan"
        try options.data.makeFolder(scratch)
        let scan = try await fileLane.run {
            defer { try? FileManager.default.removeItem(atPath: scratch) }
            return try SourceScan.run(
                source: source, batchSize: record.batchSize, skipMalformed: record.skipsMalformed,
                scratchFolder: scratch)
        }
        guard scan.digest == record.sourceDigest, scan.batches.count == record.batchCount else {
            throw ClusterError.otherSource(
                collection: record.name, indexed: record.sourceDigest, given: scan.digest)
        }
        try catalog.replaceBatches(record.name, with: scan.batches)
        return scan.batches
    }

    /// Has every segment read by its holders; false when the run was ended meanwhile.
    private func checkSegments(
        _ state: CollectionState, _ checked: inout CheckedCollection, _ number: Int
    ) async throws -> Bool {
        let name = state.record.name
        let rows = try catalog.segments(name)
        let copies = try catalog.copies(name)
        let candidates = candidates(rows, state)
        let entries = candidates.map {
            SegmentAudit.Entry(
                batch: $0.batch, sha256: $0.sha256, rows: $0.rows, bytes: $0.bytes,
                holders: copies[$0.sha256] ?? [])
        }
        let outcome = await withCheckedContinuation { continuation in
            segmentCheck = CheckFiles(
                record: state.record, segments: candidates, done: continuation)
            handle(.index(.check(run: number, state.record.shape, entries)))
        }
        guard let outcome else { return false }
        checked.healing.add(outcome.healing)
        checked.segments = outcome.held.map { candidates[$0] }
        let isAsEntered =
            checked.segments == rows && outcome.lostCopies.isEmpty && outcome.foundCopies.isEmpty
        guard !isAsEntered else { return true }
        let known = Set(rows.map(\.sha256))
        checked.healing.rows += UInt64(checked.segments.count { !known.contains($0.sha256) })
        let kept = outcome.held.map { index in
            let sha256 = candidates[index].sha256
            let found = outcome.foundCopies.filter { $0.sha256 == sha256 }.map(\.holder)
            let holders = entries[index].holders.filter { holder in
                !outcome.lostCopies.contains(.init(sha256: sha256, holder: holder))
            }
            return (segment: candidates[index], holders: holders + found)
        }
        try catalog.replaceSegments(name, with: kept)
        return true
    }

    /// The segments to look for, by batch: what the catalog names, but for what a sound manifest
    /// knows better.
    private func candidates(_ rows: [SegmentRecord], _ state: CollectionState) -> [SegmentRecord] {
        let name = state.record.name
        let manifest =
            GenerationManifest.sound(options.data, name).map(\.manifest)
            .first { $0.record?.isSame(as: state.record) == true } ?? state.manifest
        let proven = Dictionary(
            (manifest?.segments ?? []).map { ($0.batch, $0) }, uniquingKeysWith: { a, _ in a })
        var candidates: [SegmentRecord] = []
        var seen: Set<BatchNumber> = []
        for var row in rows {
            if var segment = proven[row.batch] {
                segment.attempt = row.attempt
                row = segment
            }
            if seen.insert(row.batch).inserted { candidates.append(row) }
        }
        candidates += proven.values.filter { !seen.contains($0.batch) }
        return candidates.sorted { $0.batch < $1.batch }
    }

    /// Writes a manifest that is damaged or missing again, where that is all there is to do.
    private func writeManifestAgain(
        _ state: CollectionState, _ checked: inout CheckedCollection
    ) async throws {
        guard state.record.generation > 0, !checked.isPublished else { return }
        checked.healing.manifests += 1
        guard state.record.isComplete, checked.segments.count == state.record.batchCount else {
            // The run publishes what it makes.
            return
        }
        let manifest = GenerationManifest(
            state.record, number: state.record.generation, segments: checked.segments,
            epoch: epoch, isComplete: true)
        let data = options.data
        checked.record.manifestSHA256 = try await fileLane.run { try manifest.write(data) }
        try catalog.restore(checked.record)
        checked.isPublished = true
        handle(.serving(.mended(state.record.name)))
        if collections[state.record.name] == nil { open(checked.record) }
        if collections[state.record.name]?.newest == nil { serve(manifest, isComplete: true) }
    }

    /// Writes the folder's secret anew where it is damaged or gone: a worker that joins with
    /// another would take this folder for one of another host.
    func keepToken(now: Instant) {
        guard now - tokenSeen >= Coordinator.tokenInterval else { return }
        tokenSeen = now
        let path = options.data.token
        guard FileManager.default.contents(atPath: path) != Data(token.utf8) else { return }
        do {
            try DurableFile.write(Data(token.utf8), to: path)
            log.warning("\(path) was damaged or missing: it is written anew")
        } catch {
            log.warning("\(path) is damaged or missing, and cannot be written: \(error)")
        }
    }

    // MARK: The audit

    /// Asks a holder for a page of entries.
    func ask(_ holder: String, _ entries: [Int], _ requestID: UInt64) {
        guard let check = segmentCheck else { return }
        let record = check.record
        let request = CheckSegments(
            collection: record.name, sourceDigest: record.sourceDigest,
            fingerprint: record.contextFingerprint,
            segments: entries.map { index in
                let segment = check.segments[index]
                return SegmentRef(
                    sha256: segment.sha256, batch: UInt64(segment.batch.rawValue),
                    firstOrdinal: record.shape.firstOrdinal(of: segment.batch), rows: segment.rows,
                    bytes: segment.bytes)
            })
        if holder == CoordinatorMachine.sharedHolder {
            let folder = options.data.segments(record.name)
            Task {
                let answer = try await self.checkLane.run {
                    SegmentFiles.check(request, in: folder)
                }
                self.handle(.index(.folderChecked(answer, requestID: requestID)))
            }
        } else if let worker = machine.roster.membership.member(named: holder)?.id {
            send(.checkSegments(request), to: worker, on: .control, requestID: requestID)
        }
    }
}

extension CollectionRecord {
    /// Whether boundaries are those that were found when the collection was made.
    ///
    /// Those of earlier releases have no digest; they must cover the source without a gap.
    func fits(_ batches: [BatchBoundary]) -> Bool {
        guard batches.count == batchCount else { return false }
        if let boundaries { return BatchBoundary.digest(of: batches) == boundaries }
        return batches.enumerated().allSatisfy { number, batch in
            batch.firstOrdinal == shape.firstOrdinal(of: BatchNumber(number))
                && UInt64(batch.count) == shape.rows(of: BatchNumber(number))
                && batch.start.file >= 0
        }
    }
}

extension Healing {
    mutating func add(_ other: Healing) {
        segmentsMissing += other.segmentsMissing
        segmentsDamaged += other.segmentsDamaged
        copiesLost += other.copiesLost
        copiesFound += other.copiesFound
        manifests += other.manifests
        rows += other.rows
    }
}
