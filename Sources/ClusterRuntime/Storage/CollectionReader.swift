import ClusterCore
public import Corpus
import Foundation
import VectorIndex

/// Reads the passages of a collection straight from the data folder, with or without a cluster
/// running.
public struct CollectionReader: Sendable {
    private let data: DataFolder
    private let manifest: GenerationManifest

    /// Opens the newest generation of `collection`.
    public init(data: DataFolder, collection: String) throws(ClusterError) {
        self.data = data
        guard data.holdsCollections else {
            throw .unknownCollection(collection, existing: [])
        }
        let catalog = try Catalog(data)
        guard let row = try catalog.row(collection) else {
            throw .unknownCollection(collection, existing: try catalog.rows().map(\.name))
        }
        let state = try CollectionState.read(row, data, catalog: catalog)
        guard state.record.generation > 0 else {
            throw .unavailable(
                "“\(collection)” has no committed passages yet. Run `sheaf index` with its corpus.",
                nil)
        }
        if let problem = state.problem { throw problem }
        guard let manifest = state.manifest else {
            throw .internal("A generation has neither a manifest nor a reason.")
        }
        self.manifest = manifest
    }

    /// The passages with these ids; one that is not in the collection is left out.
    ///
    /// Reads every segment once, checked against its SHA-256: ask for many ids at a time.
    public func passages(_ ids: Set<String>) throws(ClusterError) -> [String: Passage] {
        var found: [String: Passage] = [:]
        for segment in manifest.segments {
            let path = data.segments(manifest.collection) + "/" + segment.sha256 + ".safetensors"
            do throws(IndexError) {
                let file = try Segment.open(path: path, expecting: segment.sha256)
                for row in 0..<file.rows {
                    let id = try file.id(row)
                    if ids.contains(id) { found[id] = try file.passage(row) }
                }
            } catch {
                throw .input("\(error)")
            }
        }
        return found
    }
}
