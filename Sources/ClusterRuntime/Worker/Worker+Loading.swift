import Base
import ClusterCore
import Foundation
import VectorIndex

/// What a worker's disk and indexes do for a generation.
extension Worker {
    func performLoading(_ effect: Effect) {
        switch effect {
        case .openSegment(let work, let key): open(key, work)
        case .keepPart(let key, let bytes): copies[key, default: []] += bytes
        case .storeCopy(let work, let key): store(key, work)
        case .dropCopy(let key): copies[key] = nil
        case .buildShard(let work, let settings, let keys): build(work, settings, keys)
        case .dropIndexes(let works): for work in works { indexes[work] = nil }
        case .closeSegments(let keys): for key in keys { segments[key] = nil }
        case .setAside(let files):
            for file in files { try? FileNames.rename(file, to: SegmentFiles.asidePath(file)) }
            segments = segments.filter { $0.value.isWhole }
        default: break
        }
    }

    private func open(_ key: SegmentKey, _ work: WorkID) {
        let (path, already) = (path(of: key), segments[key])
        background.enter()
        Task {
            do {
                let segment = try await self.loadLane.run {
                    try Worker.open(key, at: path, already)
                }
                if let segment {
                    self.segments[key] = segment
                    let facts = WorkerMachine.OpenedSegment(
                        path: segment.path, dimension: segment.dimension,
                        fingerprint: segment.fingerprint)
                    self.happened(.segmentOpened(work, facts))
                } else {
                    self.happened(.segmentAbsent(work))
                }
            } catch {
                self.happened(Worker.loadFailed(work, error))
            }
            self.background.leave()
        }
    }

    /// The segment at a path; nil where there is none.
    private static func open(
        _ key: SegmentKey, at path: String, _ already: Segment?
    ) throws -> Segment? {
        // A file that was changed or replaced since it was opened is opened and checked anew.
        if let already, already.path == path, already.isUnchanged { return already }
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do throws(IndexError) {
            return try Segment.open(path: path, expecting: key.sha256)
        } catch {
            // Set aside, so that it is fetched or encoded again and never read.
            if error.isDamage { try? FileNames.rename(path, to: SegmentFiles.asidePath(path)) }
            throw error
        }
    }

    private func store(_ key: SegmentKey, _ work: WorkID) {
        let content = Data(copies.removeValue(forKey: key) ?? [])
        let (folder, path, data) = (segmentFolder(key.collection), path(of: key), options.data)
        let lane = loadLane
        begin {
            do {
                try await lane.run {
                    try data.makeFolder(folder)
                    try DurableFile.write(content, to: path)
                }
                return .segmentStored(work)
            } catch {
                return Worker.loadFailed(work, error)
            }
        }
    }

    private func build(_ work: WorkID, _ settings: IndexSettings, _ keys: [SegmentKey]) {
        let parts = keys.compactMap { segments[$0] }
        background.enter()
        Task {
            do {
                guard !self.background.isEnding else { throw BackgroundWork.Ended() }
                guard parts.count == keys.count else {
                    throw ClusterError.internal("A shard was built of segments that are closed.")
                }
                let options = try IndexOptions(settings)
                let index = try await self.loadLane.run { try options.shard(of: parts) }
                self.indexes[work] = index
                self.happened(.shardBuilt(work))
            } catch {
                self.happened(Worker.loadFailed(work, error))
            }
            self.background.leave()
        }
    }

    private static func loadFailed(_ work: WorkID, _ error: any Error) -> Event {
        // An index that Faiss cannot build of these rows cannot be built the next time.
        let isLasting = (error as? IndexError)?.isAboutStorage == false
        return .loadFailed(
            work, reason: ClusterError.wrap(error).description, isLasting: isLasting)
    }

    /// Tells the machine of files that are not what they were, and of the shards that read them.
    func foundDamage() {
        let damaged = indexes.compactMap { work, index -> WorkerMachine.DamagedShard? in
            let files = index.damagedFiles
            guard !files.isEmpty else { return nil }
            let reasons = files.map { ($0, IndexError.changedInUse(path: $0).description) }
            return WorkerMachine.DamagedShard(
                index: work, files: Dictionary(reasons, uniquingKeysWith: { first, _ in first }))
        }
        happened(.damaged(damaged))
    }
}
