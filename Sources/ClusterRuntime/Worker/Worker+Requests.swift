import ClusterCore
import Logging
import Synchronization
import VectorIndex

/// A piece of a segment file on its way.
struct SegmentPart: Sendable {
    var bytes: [UInt8]
    var total: UInt64
    var isMissing: Bool
}

/// Whether somebody still waits for an answer.
final class Wish: Sendable {
    let lasts = Atomic(true)
}

/// What a worker answers from what it holds.
extension Worker {
    /// Bytes of passages in one answer to FETCH; the rest is asked for again.
    static let fetchBytes = 8 << 20

    func performRequest(_ effect: Effect) {
        switch effect {
        case .search(let work, let request, let frames, let held):
            search(work, request, frames, held.compactMapValues { indexes[$0] })
        case .fetch(let work, let request, let frames, let held):
            fetch(work, request, frames, held.compactMap { indexes[$0] })
        case .cancel(let work): searches[work]?.lasts.store(false, ordering: .relaxed)
        case .readPart(let work, let request): readPart(work, request)
        case .checkSegments(let work, let request): check(work, request)
        default: break
        }
    }

    private func search(
        _ work: WorkID, _ request: Search, _ frames: [[UInt8]], _ served: [UInt32: ShardIndex]
    ) {
        let wish = Wish()
        searches[work] = wish
        background.enter()
        Task {
            defer {
                self.searches[work] = nil
                self.background.leave()
            }
            do {
                let answer = try await self.searchLane.run {
                    [counters = self.counters, threads = self.options.threads]
                    () throws -> ShardSearch.Answer? in
                    guard wish.lasts.load(ordering: .relaxed) else { return nil }
                    return try counters.whileBusy {
                        try ShardSearch.answer(request, frames, served, counters, threads: threads)
                    }
                }
                guard let answer else { return self.happened(.passedOver(work)) }
                // First, so that whoever reports what was not answered can say why.
                if !answer.damage.isEmpty { self.foundDamage() }
                self.happened(.searched(work, answer.result, frames: answer.frames))
            } catch {
                self.happened(.requestFailed(work, ClusterError.wrap(error).failure))
            }
        }
    }

    private func fetch(
        _ work: WorkID, _ request: Fetch, _ frames: [[UInt8]], _ served: [ShardIndex]
    ) {
        background.enter()
        Task {
            do {
                let (result, block) = try await self.fetchLane.run {
                    try ShardSearch.passages(request, frames, served)
                }
                self.happened(.fetched(work, result, frames: [block]))
            } catch {
                if (error as? IndexError)?.isDamage == true { self.foundDamage() }
                self.happened(.requestFailed(work, ClusterError.wrap(error).failure))
            }
            self.background.leave()
        }
    }

    private func readPart(_ work: WorkID, _ request: SegmentRequest) {
        // Where the name is no collection's, nothing is read.
        let (folder, lane) = (segmentFolder(request.collection), partLane)
        begin {
            let part = try? await lane.run {
                SegmentFiles.part(request, count: SegmentRelays.pieceBytes) { _ in folder }
            }
            let chunk = SegmentChunk(
                collection: request.collection, sha256: request.sha256, offset: request.offset,
                total: part?.total ?? 0, missing: part?.isMissing ?? true)
            return .partRead(work, chunk, frames: [part?.bytes ?? []])
        }
    }

    /// Says which segments of a page are here, whole and as they were written.
    private func check(_ work: WorkID, _ request: CheckSegments) {
        guard DataFolder.isValidCollectionName(request.collection) else {
            log.warning("refused to check segments of no collection's name")
            return happened(.passedOver(work))
        }
        let (folder, lane) = (segmentFolder(request.collection), checkLane)
        begin {
            guard
                let answer = try? await lane.run({ SegmentFiles.check(request, in: folder) })
            else { return .passedOver(work) }
            return .checked(work, answer)
        }
    }
}
