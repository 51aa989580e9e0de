import ClusterCore
import Glibc
import Logging

/// Segments and generations are looked at, entered and written.
extension Coordinator {
    /// A worker that shares the folder has put the file where it can be looked at.
    func inspect(_ ready: SegmentReady, from worker: WorkerID) {
        let path = options.data.segments(ready.collection) + "/" + ready.sha256 + ".safetensors"
        var status = stat()
        let fault: String? =
            if stat(path, &status) != 0 {
                "\(path) is not there."
            } else if UInt64(clamping: status.st_size) != ready.bytes {
                "\(path) has \(status.st_size) bytes instead of \(ready.bytes)."
            } else {
                nil
            }
        handle(.index(.inspected(ready, worker, fault: fault)))
    }

    func commit(_ commit: Commit) {
        let catalog = catalog
        let holder = commit.isShared ? CoordinatorMachine.sharedHolder : commit.worker.name
        background.enter()
        Task {
            defer { self.background.leave() }
            let attempt = commit.segment.attempt
            do {
                let (standing, isNew) = try await catalog.commit(
                    commit.segment, collection: commit.collection, holder: holder)
                self.handle(.index(.committed(attempt, standing: standing, isNew: isNew)))
            } catch {
                self.handle(
                    .index(.commitFailed(attempt, reason: ClusterError.wrap(error).description)))
            }
        }
    }

    /// Writes a manifest, then names it in the catalog; then workers may load it.
    func publish(_ publication: Publication) {
        guard let record = runFiles?.record ?? collections[publication.collection]?.record else {
            return handle(
                .index(.publishFailed(publication, reason: "its collection is not there")))
        }
        let manifest = GenerationManifest(
            record, number: publication.generation, segments: publication.segments, epoch: epoch,
            isComplete: publication.isComplete)
        let (data, catalog) = (options.data, catalog)
        background.enter()
        Task {
            defer { self.background.leave() }
            do {
                try await self.fileLane.run {
                    let sha256 = try manifest.write(data)
                    try catalog.publish(
                        record.name, generation: publication.generation, manifestSHA256: sha256,
                        isComplete: publication.isComplete, index: record.index)
                }
                self.keep(manifest, isComplete: publication.isComplete)
                self.handle(.index(.published(publication)))
            } catch {
                let reason = ClusterError.wrap(error).description
                self.handle(.index(.publishFailed(publication, reason: reason)))
            }
        }
    }
}
