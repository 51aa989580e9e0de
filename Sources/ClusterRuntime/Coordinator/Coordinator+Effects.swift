import ClusterCore
import Foundation
import Logging

/// What the machine says is done here: sent, written, read.
extension Coordinator {
    func perform(_ effect: CoordinatorMachine.Effect) {
        switch effect {
        // Workers.
        case .welcome(let worker, let lane): welcome(worker, on: lane)
        case .refuseName(let worker, let lane): refuseName(of: worker, on: lane)
        case .askForHello(let worker, let lane):
            send(
                .failure(Failure(code: .notFound, message: "Say HELLO first.")), to: worker,
                on: lane)
        case .acknowledgeHeartbeat(let worker, let progress):
            send(.heartbeatAck(HeartbeatAck(progress: progress)), to: worker, on: .control)
        case .member(let change): follow(change)
        case .expect(let names): expect(names)
        // The check of what is on disk.
        case .askHolder(let holder, let entries, let requestID): ask(holder, entries, requestID)
        case .foundDamaged(let holder, let entry): noteDamage(of: entry, at: holder)
        case .checkEnded(let outcome): endCheck(outcome)
        // Indexing.
        case .prepare(let run): prepare(run)
        case .readBatch(let run, let batch): read(batch, of: run)
        case .grant(let lease, let bytes): grant(lease, bytes: bytes)
        case .sendPassages(let piece): send(piece)
        case .revoke(let lease, let collection): revoke(lease, of: collection)
        case .forgetBatch(let batch): runFiles?.blocks[batch] = nil
        case .inspect(let ready, let worker): inspect(ready, from: worker)
        case .commit(let commit): self.commit(commit)
        case .acknowledge(let worker, let ack):
            send(.commitAck(ack), to: worker, on: .control, attempt: ack.attempt)
        case .publish(let publication): publish(publication)
        case .leaseFailed(let failed, let worker):
            log.warning("batch \(failed.batch) failed at \(worker): \(failed.message)")
        case .paused(let reason): log.warning("indexing waits: \(reason)")
        case .report(let client, let progress): reply(.indexProgress(progress), to: client)
        case .busy(let client, let collection, let isSame):
            refuseBusy(client, collection, isSameCollection: isSame)
        case .cancelled(let client): reply(.done(Done(note: "indexing paused")), to: client)
        case .refuseCancel(let client, let refusal):
            log.warning("\(refusal)")
            reply(.failure(refusal.failure), to: client)
        case .runEnded(let run, let end, let progress): ended(run, end, progress)
        // Serving.
        case .load(let worker, let name, let load): ask(worker, toLoad: load, of: name)
        case .unload(let name, let generation): unload(generation, of: name)
        case .serves(let name, let generation):
            log.info("\(name): generation \(generation) serves")
        case .cannotLoad(let worker, let name, let reason):
            log.warning("\(worker) cannot load \(name): \(reason)")
        case .moved(let name): queryEvents.yield(.moved(name))
        case .pinned(let waiter, let generation): pins.removeValue(forKey: waiter)?(generation)
        case .cannotPin(let waiter, _): pins.removeValue(forKey: waiter)?(nil)
        // Segments that a worker lacks.
        case .lookUp(let request, let requestID, let worker):
            lookUp(request, requestID, for: worker)
        case .askForSegment(let holder, let request, let requestID):
            send(.segmentRequest(request), to: holder, on: .control, requestID: requestID)
        case .passSegment(let worker, let chunk, let frames, let requestID):
            send(.segmentChunk(chunk), to: worker, on: .bulk, requestID: requestID, frames: frames)
        case .enterCopy(let worker, let collection, let sha256):
            try? catalog.addCopy(sha256, collection: collection, holder: worker.name)
        }
    }

    private func noteDamage(of entry: Int, at holder: String) {
        guard let check = segmentCheck else { return }
        let segment = check.segments[entry].sha256
        log.warning("segment \(segment) of \(check.record.name) is damaged at \(holder)")
    }

    private func endCheck(_ outcome: SegmentAudit.Outcome?) {
        let check = segmentCheck
        segmentCheck = nil
        check?.done.resume(returning: outcome)
    }

    private func revoke(_ lease: LeaseTable.Lease, of collection: String) {
        let revoke = LeaseRevoke(
            collection: collection, batch: UInt64(lease.batch.rawValue),
            attempt: lease.attempt.rawValue)
        send(
            .leaseRevoke(revoke), to: lease.worker, on: .control, attempt: lease.attempt.rawValue)
    }

    /// On the query lane: the list of a large collection is longer than a control message.
    private func ask(_ worker: WorkerID, toLoad load: ServingTable.Load, of name: String) {
        guard let manifest = collections[name]?.manifests[load.generation] else { return }
        send(.loadGeneration(manifest.message(load)), to: worker, on: .query)
    }
}
