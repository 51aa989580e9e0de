import Base
import ClusterCore
import Foundation
import GRDB

/// Makes the catalog of a data folder good again, from the manifests and segments beside it.
///
/// A catalog that can be read is kept, and only collections whose rows are missing or damaged are
/// entered. One that cannot be read is kept aside as `catalog.sqlite.damaged-1` (2, 3, …) and made
/// anew. No segment is read and none is removed: the next `sheaf index` checks them, finds batch
/// boundaries in the source, and copies at workers with folders of their own.
public enum CatalogRebuild {
    /// What was done.
    public struct Report: Equatable, Sendable {
        /// The files of the damaged catalog, under their new names; none where it could be read.
        public var kept: [String] = []
        /// The collections of the folder, by name.
        public var collections: [Collection] = []
    }

    /// What is known of one collection now.
    public struct Collection: Equatable, Sendable {
        /// Its name.
        public var name: String
        /// Whether its row was written now.
        public var isEntered = false
        /// The newest generation whose manifest is sound, 0 for none.
        public var generation: UInt64 = 0
        /// Passages in that generation.
        public var passages: UInt64 = 0
        /// Its segments, and how many of them have a file in this folder.
        public var segments = 0
        /// See ``segments``.
        public var segmentsHere = 0
        /// Why it cannot be entered, and what to do; nil where it can.
        public var problem: String?
    }

    /// Does it, while no coordinator runs.
    ///
    /// - Throws: `ClusterError.dataFolderLocked` while one does, `.storage` where a file cannot be
    ///   written.
    public static func run(_ data: DataFolder) throws(ClusterError) -> Report {
        guard FileManager.default.fileExists(atPath: data.path) else {
            throw .input("\(data.path) is not there. Name the data folder with --data.")
        }
        try data.create()
        let lock = try FolderLock(data.lock)
        defer { lock.release() }
        if FileManager.default.fileExists(atPath: data.catalog),
            let catalog = try? Catalog(data)
        {
            defer { catalog.close() }
            if let rows = try? catalog.rows() {
                return Report(collections: try enter(data, into: catalog, rows: rows))
            }
        }
        return try anew(data)
    }

    private static func anew(_ data: DataFolder) throws(ClusterError) -> Report {
        let fresh = data.catalog + ".rebuilding"
        for suffix in suffixes { unlink(fresh + suffix) }
        let catalog = try Catalog(path: fresh)
        let identity = Identity.last(data)
        try catalog.raiseEpoch(to: identity.epoch, clusterID: identity.clusterID)
        var report = Report()
        report.collections = try enter(data, into: catalog, rows: [])
        try catalog.foldLog()
        catalog.close()
        for suffix in suffixes.dropFirst() { unlink(fresh + suffix) }
        report.kept = try setAside(data)
        try DurableFile.syncFile(fresh)
        try giving({
            ClusterError(
                storage: $0, remedy: "Free some disk space and run the same command again.")
        }) { () throws(FileError) in try FileNames.rename(fresh, to: data.catalog) }
        return report
    }

    private static let suffixes = ["", "-wal", "-shm"]

    /// Renames what is left of the damaged catalog; its name is free then.
    private static func setAside(_ data: DataFolder) throws(ClusterError) -> [String] {
        let files = FileManager.default
        var number = 1
        func aside(_ suffix: String) -> String { "\(data.catalog).damaged-\(number)\(suffix)" }
        while suffixes.contains(where: { files.fileExists(atPath: aside($0)) }) { number += 1 }
        var kept: [String] = []
        for suffix in suffixes where files.fileExists(atPath: data.catalog + suffix) {
            try giving({
                ClusterError(
                    storage: $0, remedy: "Move it away by hand and run the same command again.")
            }) { () throws(FileError) in
                try FileNames.rename(data.catalog + suffix, to: aside(suffix))
            }
            kept.append(aside(suffix))
        }
        return kept
    }

    // MARK: Collections

    private static func enter(
        _ data: DataFolder, into catalog: Catalog, rows: [CollectionRow]
    ) throws(ClusterError) -> [Collection] {
        let known = Dictionary(rows.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        let dropping = Set(try catalog.dropsUnderWay())
        var collections: [Collection] = []
        for name in Set(data.collectionsOnDisk).union(known.keys).sorted()
        where !dropping.contains(name) {
            if let row = known[name],
                let state = try? CollectionState.read(row, data, catalog: catalog)
            {
                if state.isRowWrong { try catalog.restore(state.record) }
                collections.append(
                    describe(name, state.record, state.manifest, data, entered: state.isRowWrong))
            } else {
                collections.append(try enter(name, data, into: catalog))
            }
        }
        return collections
    }

    private static func enter(
        _ name: String, _ data: DataFolder, into catalog: Catalog
    ) throws(ClusterError) -> Collection {
        let sound = GenerationManifest.sound(data, name)
        guard let newest = sound.first(where: { $0.manifest.record != nil }),
            var record = newest.manifest.record
        else {
            return Collection(name: name, problem: problem(name, sound.first?.manifest))
        }
        record.generation = newest.manifest.generation
        record.manifestSHA256 = newest.sha256
        try catalog.restore(record)
        let files = FileManager.default
        let folder = data.segments(name)
        try catalog.replaceSegments(
            name,
            with: newest.manifest.segments.map { segment in
                let isHere = files.fileExists(
                    atPath: SegmentFiles.path(segment.sha256, in: folder))
                return (segment, isHere ? [Catalog.sharedHolder] : [])
            })
        return describe(name, record, newest.manifest, data, entered: true)
    }

    private static func describe(
        _ name: String, _ record: CollectionRecord, _ manifest: GenerationManifest?,
        _ data: DataFolder, entered: Bool
    ) -> Collection {
        let segments = manifest?.segments ?? []
        let folder = data.segments(name)
        return Collection(
            name: name, isEntered: entered, generation: record.generation,
            passages: segments.reduce(0) { $0 + $1.rows }, segments: segments.count,
            segmentsHere: segments.count {
                FileManager.default.fileExists(atPath: SegmentFiles.path($0.sha256, in: folder))
            })
    }

    private static func problem(_ name: String, _ old: GenerationManifest?) -> String {
        let why =
            old == nil
            ? "no manifest of it can be read"
            : "its manifests are of an earlier release and do not say what it was made from"
        return "\(why). " + ClusterError.indexAgain(name)
    }
}

/// What the coordinators of a folder were called and how far they had counted, from whatever still
/// says so.
private struct Identity {
    var epoch: UInt64
    var clusterID: String?

    /// Epochs only grow: beyond those that are known, and beyond the seconds of the clock, which no
    /// count of starts reaches.
    static func last(_ data: DataFolder) -> Identity {
        var epochs = [UInt64(clamping: Int64(Date().timeIntervalSince1970))]
        var clusterID: String?
        if let content = FileManager.default.contents(atPath: data.announcement),
            let announcement = try? JSONDecoder().decode(Announcement.self, from: content)
        {
            epochs.append(announcement.epoch)
            clusterID = announcement.clusterID
        }
        for name in data.collectionsOnDisk {
            epochs += GenerationManifest.sound(data, name).compactMap(\.manifest.epoch)
        }
        let rows = damagedMeta(data)
        if let epoch = rows["epoch"].flatMap({ UInt64($0) }) { epochs.append(epoch) }
        if let known = rows["cluster_id"], !known.isEmpty { clusterID = known }
        // Room is left for the starts to come; an absurd number is damage.
        let epoch = epochs.filter { $0 < UInt64(UInt32.max) - 1_000_000 }.max() ?? 1
        return Identity(epoch: epoch, clusterID: clusterID)
    }

    /// What the damaged catalog still says of itself.
    private static func damagedMeta(_ data: DataFolder) -> [String: String] {
        guard FileManager.default.fileExists(atPath: data.catalog) else { return [:] }
        var configuration = Configuration()
        configuration.readonly = true
        guard let queue = try? DatabaseQueue(path: data.catalog, configuration: configuration)
        else { return [:] }
        defer { try? queue.close() }
        let rows = try? queue.read { connection in
            try Row.fetchAll(connection, sql: "SELECT key, value FROM meta")
                .map { ($0.text("key"), $0.text("value")) }
        }
        return Dictionary(rows ?? [], uniquingKeysWith: { a, _ in a })
    }
}
