import ClusterCore

/// A collection as catalog and manifests say together: which of both is to be believed, and what is
/// wrong with the other.
///
/// Row and manifest each end with a digest of themselves, and the row names the manifest's. So one
/// damaged place is told from the others, and what it held is known from them:
///
/// | damaged | known by | the truth |
/// |---|---|---|
/// | record in the row | its seal | the manifest's record |
/// | generation or digest in the row | no such manifest | a manifest with that digest or number |
/// | the end of the catalog's log | a newer sound manifest | that manifest |
/// | manifest | its seal, its digest in the row | the row, and the segments in the catalog |
struct CollectionState: Sendable {
    /// What the collection is, with the generation that is published.
    var record: CollectionRecord
    /// The manifest of that generation; nil where there is none or it cannot be trusted.
    var manifest: GenerationManifest?
    /// Why there is none.
    var problem: ClusterError?
    /// Whether the catalog's row says something else.
    var isRowWrong = false

    /// Looks at the row of a collection and at its manifests.
    ///
    /// - Throws: `ClusterError.storage` where neither says what the collection is.
    static func read(
        _ row: CollectionRow, _ data: DataFolder, catalog: Catalog
    ) throws(ClusterError) -> CollectionState {
        if let state = newer(row, data) { return state }
        if let record = row.record, record.generation == 0, record.manifestSHA256 == nil {
            return CollectionState(record: record)
        }
        if let record = row.record, record.generation > 0 {
            do throws(ClusterError) {
                let manifest = try GenerationManifest.read(
                    data, record.name, record.generation, sha256: record.manifestSHA256)
                try manifest.check(against: record, catalog)
                if manifest.agrees(with: record) {
                    return CollectionState(record: record, manifest: manifest)
                }
            } catch {
                if let state = fromManifests(row, data) { return state }
                return CollectionState(record: record, problem: error)
            }
        }
        if let state = fromManifests(row, data) { return state }
        guard let record = row.record else { throw catalog.damaged("the row of “\(row.name)”") }
        return CollectionState(
            record: record,
            problem: .storage(
                path: data.generations(row.name), reason: "no manifest can be read",
                remedy: ClusterError.indexAgain(row.name)))
    }

    /// The state of a manifest that is newer than the row, as after the end of the catalog's log
    /// was lost: what it names was committed before it was written.
    private static func newer(_ row: CollectionRow, _ data: DataFolder) -> CollectionState? {
        guard let newest = GenerationManifest.numbers(data, row.name).first,
            row.record != nil, newest > row.generation,
            let found = GenerationManifest.sound(data, row.name).first,
            found.manifest.generation > row.generation, row.isLike(found.manifest),
            var record = found.manifest.record
        else { return nil }
        record.generation = found.manifest.generation
        record.manifestSHA256 = found.sha256
        return CollectionState(record: record, manifest: found.manifest, isRowWrong: true)
    }

    /// The state that sound manifests prove where the row is wrong.
    ///
    /// One that the row names by its digest, else one of the row's own number; where the row's
    /// record is damaged, the newest.
    private static func fromManifests(_ row: CollectionRow, _ data: DataFolder) -> CollectionState?
    {
        let sound = GenerationManifest.sound(data, row.name).filter { $0.manifest.record != nil }
        let chosen =
            sound.first { $0.sha256 == row.manifestSHA256 }
            ?? sound.first { $0.manifest.generation == row.generation && row.isLike($0.manifest) }
            ?? (row.record == nil ? sound.first : nil)
        guard let chosen, var record = chosen.manifest.record else { return nil }
        record.generation = chosen.manifest.generation
        record.manifestSHA256 = chosen.sha256
        return CollectionState(record: record, manifest: chosen.manifest, isRowWrong: true)
    }
}

extension CollectionRow {
    /// Whether a manifest is of this collection, as far as the row can tell.
    fileprivate func isLike(_ manifest: GenerationManifest) -> Bool {
        guard let record, let other = manifest.record else { return true }
        return record.isSame(as: other)
    }
}

extension GenerationManifest {
    /// Whether the manifest says of the collection what its row says.
    fileprivate func agrees(with record: CollectionRecord) -> Bool {
        guard let own = self.record else { return true }
        return own.isSame(as: record) && own.isComplete == record.isComplete
    }

    /// A manifest of version 1 has no digest: row and segments must bear it out.
    fileprivate func check(
        against record: CollectionRecord, _ catalog: Catalog
    ) throws(ClusterError) {
        guard version == 1, record.manifestSHA256 == nil else { return }
        let known = Dictionary(
            try catalog.segments(collection).map { ($0.batch, $0) }, uniquingKeysWith: { a, _ in a }
        )
        let isBorneOut =
            fingerprint == record.contextFingerprint && dimension == record.dimension
            && index == record.index && shardCount == record.shardCount
            && batchSize == record.batchSize
            && segments.allSatisfy { segment in
                guard let row = known[segment.batch] else { return false }
                return (row.sha256, row.rows, row.bytes)
                    == (segment.sha256, segment.rows, segment.bytes)
            }
            && (!record.isComplete || segments.count == record.batchCount)
        guard isBorneOut else {
            throw .storage(
                path: "\(collection), generation \(generation)",
                reason: "the manifest contradicts the catalog",
                remedy: ClusterError.indexAgain(collection))
        }
    }
}
