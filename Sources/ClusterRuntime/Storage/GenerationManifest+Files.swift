import Base
import ClusterCore
import Corpus
import Crypto
import Formats
public import Foundation

/// Manifests on disk: `generations/0000000007.json`.
extension GenerationManifest {
    /// Writes the manifest so that it survives, or leaves nothing; its folder is made anew where it
    /// is gone.
    ///
    /// - Returns: SHA-256 of the file, lower-case hex.
    public func write(_ folder: DataFolder) throws(ClusterError) -> String {
        let path = GenerationManifest.path(folder, collection, generation)
        let data = try encoded()
        try folder.makeFolder(folder.generations(collection))
        try DurableFile.write(data, to: path)
        return GenerationManifest.sha256(of: data)
    }

    /// The bytes of the file: they follow from the values alone.
    public func encoded() throws(ClusterError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Data(SealedJSON.seal(try encoder.encode(self)))
        } catch {
            throw ClusterError.wrap(error)
        }
    }

    /// Reads the manifest of one generation.
    ///
    /// - Parameter sha256: The digest that the catalog names; nil where an earlier release
    ///   published the generation.
    /// - Throws: `ClusterError.storage` where the file is not there or is not what was written.
    public static func read(
        _ folder: DataFolder, _ collection: String, _ generation: UInt64, sha256: String?
    ) throws(ClusterError) -> GenerationManifest {
        let path = path(folder, collection, generation)
        let data = try content(of: path, collection)
        if let sha256, GenerationManifest.sha256(of: data) != sha256 {
            throw damaged(path, collection, "has another SHA-256 than the catalog names")
        }
        let manifest = try decoded(data, path, collection)
        guard manifest.collection == collection, manifest.generation == generation else {
            throw damaged(path, collection, "belongs to another collection or generation")
        }
        return manifest
    }

    /// The generations of `collection` whose manifests can be read and trusted by themselves, the
    /// newest first.
    static func sound(
        _ folder: DataFolder, _ collection: String
    ) -> [(manifest: GenerationManifest, sha256: String)] {
        numbers(folder, collection).compactMap { number in
            let path = path(folder, collection, number)
            guard let data = try? content(of: path, collection),
                let manifest = try? decoded(data, path, collection),
                manifest.collection == collection, manifest.generation == number
            else { return nil }
            return (manifest, sha256(of: data))
        }
    }

    /// The generations that have a file, the newest first.
    static func numbers(_ folder: DataFolder, _ collection: String) -> [UInt64] {
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: folder.generations(collection)))
            ?? []
        return names.filter { $0.hasSuffix(".json") }
            .compactMap { UInt64($0.dropLast(5)) }.sorted(by: >)
    }

    private static func content(
        of path: String, _ collection: String
    ) throws(ClusterError) -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            let isThere = FileManager.default.fileExists(atPath: path)
            throw damaged(
                path, collection,
                isThere ? "cannot be read: \(error.localizedDescription)" : "is missing")
        }
    }

    private struct Version: Decodable { var version: Int }

    private static func decoded(
        _ data: Data, _ path: String, _ collection: String
    ) throws(ClusterError) -> GenerationManifest {
        let seal = SealedJSON.check(Array(data))
        guard seal != .broken,
            let version = try? JSONDecoder().decode(Version.self, from: data).version
        else { throw damaged(path, collection, "is damaged") }
        guard version <= currentVersion else {
            guard seal == .whole else { throw damaged(path, collection, "is damaged") }
            throw .storage(
                path: path,
                reason: "has version \(version), this program reads \(currentVersion)",
                remedy: "Use the release of Sheaf that wrote it.")
        }
        guard seal == .whole || version == 1,
            let manifest = try? JSONDecoder().decode(GenerationManifest.self, from: data),
            manifest.isConsistent
        else { throw damaged(path, collection, "is damaged") }
        return manifest
    }

    /// Whether nothing in it contradicts itself: a manifest of version 1 has no digest of its own.
    private var isConsistent: Bool {
        (1...IndexPlan.largestShardCount).contains(shardCount)
            && (1...IndexPlan.largestBatchSize).contains(batchSize) && dimension >= 1
            && segments.allSatisfy {
                (0..<1 << 40).contains($0.batch.rawValue) && $0.rows <= UInt64(batchSize)
            }
            && Set(segments.map(\.batch)).count == segments.count
            && (version == 1 || record?.name == collection)
    }

    private static func damaged(
        _ path: String, _ collection: String, _ reason: String
    ) -> ClusterError {
        .storage(path: path, reason: reason, remedy: ClusterError.indexAgain(collection))
    }

    /// The digest by which the catalog knows a manifest, lower-case hex.
    static func sha256(of data: Data) -> String { Hexadecimal.sha256(data) }

    /// Removes the manifests of the generations up to `last`, which the catalog has left behind.
    static func remove(_ folder: DataFolder, _ collection: String, through last: UInt64) {
        for number in numbers(folder, collection) where number <= last {
            unlink(path(folder, collection, number))
        }
    }

    static func path(
        _ folder: DataFolder, _ collection: String, _ generation: UInt64
    ) -> String {
        let digits = String(generation)
        let padded = String(repeating: "0", count: max(0, 10 - digits.count)) + digits
        return folder.generations(collection) + "/" + padded + ".json"
    }
}
