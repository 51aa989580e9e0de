/// A segment on its way into the catalog.
package struct Commit: Sendable {
    /// The run that it belongs to, which may be over.
    package var run: Int
    package var collection: String
    package var segment: SegmentRecord
    package var cuts: Cuts
    package var worker: WorkerID
    /// Whether its file lies in the coordinator's folder.
    package var isShared: Bool
}

/// A generation on its way to the disk.
package struct Publication: Sendable {
    /// The run that it belongs to, which may be over.
    package var run: Int
    package var collection: String
    package var generation: UInt64
    package var shape: SourceShape
    /// By batch.
    package var segments: [SegmentRecord]
    /// Whether it holds every batch of the source.
    package var isComplete: Bool

    /// As it is served.
    package var served: ServingTable.Generation {
        ServingTable.Generation(number: generation, rows: shape.rows(of: segments))
    }
}

/// Commits and publications that have not returned.
package struct PendingWrites: Sendable {
    private var commits: [Attempt: Commit] = [:]
    private var publications: Set<Int> = []

    /// Whether nothing is being written.
    var isEmpty: Bool { commits.isEmpty && publications.isEmpty }

    mutating func began(_ commit: Commit) { commits[commit.segment.attempt] = commit }

    /// A commit has returned, however it ended.
    mutating func ended(_ attempt: Attempt) -> Commit? { commits.removeValue(forKey: attempt) }

    mutating func began(_ publication: Publication) { publications.insert(publication.run) }

    mutating func ended(_ publication: Publication) { publications.remove(publication.run) }
}
