import ClusterCore
import Corpus
import Foundation
import VectorIndex

/// The files of one collection in the data folder, as they lie there.
struct CollectionFiles: Sendable {
    let data: DataFolder
    let collection: String

    /// A manifest whose file could be read, with the digest of the file.
    struct FoundManifest: Sendable {
        var manifest: GenerationManifest
        var sha256: String
    }

    /// Segments, manifests and what was left beside them.
    func list() -> [GarbageReview.File] {
        ["segments", "generations"].flatMap { folder in
            let path = data.collection(collection) + "/" + folder
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            return names.compactMap { name in
                let object = folder + "/" + name
                return modified(object).map { GarbageReview.File(object: object, modified: $0) }
            }
        }
    }

    /// When a file last changed, in seconds of the Unix clock; nil when it is gone or no file.
    func modified(_ object: String) -> Int64? {
        var status = stat()
        guard lstat(path(of: object), &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        // A rename changes the second alone.
        return Int64(max(status.st_mtim.tv_sec, status.st_ctim.tv_sec))
    }

    /// The path of an object.
    func path(of object: String) -> String { data.collection(collection) + "/" + object }

    /// All manifests that can be trusted, and the objects that cannot be read as one.
    func manifests(
        among files: [GarbageReview.File]
    ) -> (found: [FoundManifest], unreadable: [String]) {
        let found = GenerationManifest.sound(data, collection).map { manifest, sha256 in
            FoundManifest(manifest: manifest, sha256: sha256)
        }
        let sound = Set(
            found.map { found in
                let path = GenerationManifest.path(data, collection, found.manifest.generation)
                return "generations/" + (path as NSString).lastPathComponent
            })
        let unreadable = files.map(\.object).sorted().filter { object in
            object.hasPrefix("generations/") && object.hasSuffix(".json") && !sound.contains(object)
        }
        return (found, unreadable)
    }

    /// What a segment says of itself; nil when it is none.
    ///
    /// Its digest is not looked at.
    func candidate(_ sha256: String) -> Adoption.Candidate? {
        let path = path(of: GarbageReview.object(of: sha256))
        guard let segment = try? Segment.open(path: path, expecting: nil) else { return nil }
        return Adoption.Candidate(
            sha256: sha256, batch: BatchNumber(segment.batch), rows: UInt64(segment.rows),
            bytes: UInt64(segment.bytes), firstOrdinal: segment.firstOrdinal.rawValue,
            identity: Adoption.Identity(
                sourceDigest: segment.sourceDigest, fingerprint: segment.fingerprint,
                dimension: segment.dimension, precision: segment.precision.rawValue))
    }

    /// True when the file of a segment has the content that its name says; then it is synced.
    func isSound(_ sha256: String) -> Bool {
        let path = path(of: GarbageReview.object(of: sha256))
        do {
            _ = try Segment.open(path: path, expecting: sha256)
            try DurableFile.syncFile(path)
            return true
        } catch {
            return false
        }
    }
}

extension CollectionRecord {
    /// What all its segments have in common.
    var identity: Adoption.Identity {
        Adoption.Identity(
            sourceDigest: sourceDigest, fingerprint: contextFingerprint, dimension: dimension,
            precision: (index.complete.vectors ?? .float32).rawValue)
    }

    /// True when a manifest is one of this collection's.
    func owns(_ manifest: GenerationManifest) -> Bool {
        manifest.collection == name && manifest.fingerprint == contextFingerprint
            && manifest.dimension == dimension && manifest.shardCount == shardCount
            && manifest.batchSize == batchSize && manifest.index.complete == index.complete
    }
}
