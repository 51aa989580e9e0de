import ClusterCore
import TestSupport

/// What the machine says is done here: sent, written, read.
extension SimulatedCoordinator {
    func perform(_ effect: CoordinatorMachine.Effect) {
        switch effect {
        case .welcome(let worker, let lane):
            transmit(
                .welcome(Welcome(name: worker.name, epoch: epoch, heartbeatMilliseconds: 500)),
                to: worker, on: lane)
        case .refuseName(let worker, let lane):
            transmit(.failure(Failure(code: .conflict)), to: worker, on: lane)
        case .askForHello(let worker, let lane):
            transmit(.failure(Failure(code: .notFound)), to: worker, on: lane)
        case .acknowledgeHeartbeat(let worker, let progress):
            send(.heartbeatAck(HeartbeatAck(progress: progress)), to: worker, on: .control)
        case .member(let change): follow(change)
        case .expect(let names): simulation.catalog.expectedWorkers = Set(names)
        case .prepare(let run): prepare(run.number)
        case .readBatch(let run, let batch): read(batch, run)
        case .grant(let lease, let bytes): grant(lease, bytes: bytes)
        case .sendPassages(let piece): sendPassages(piece)
        case .revoke(let lease, _): revoke(lease)
        case .inspect(let ready, let worker): inspect(ready, from: worker)
        case .commit(let commit): self.commit(commit)
        case .acknowledge(let worker, let ack):
            send(.commitAck(ack), to: worker, on: .control, attempt: ack.attempt)
        case .publish(let publication): publish(publication)
        case .leaseFailed(let failed, _):
            simulation.ledger.returned(Attempt(failed.attempt))
        case .runEnded: simulation.ledger.allReturned(except: staged)
        case .load(let worker, _, let load):
            guard let manifest = manifests[load.generation] else { return }
            send(.loadGeneration(manifest.message(load)), to: worker, on: .query)
        case .unload(_, let generation):
            // On the lane of the loads, so that none overtakes it.
            for member in membership.all {
                send(
                    .unloadGeneration(
                        UnloadGeneration(
                            collection: SimulatedCoordinator.collection, generation: generation)),
                    to: member.id, on: .query)
            }
            manifests[generation] = nil
        case .serves(_, let generation): simulation.checkServing(generation)
        case .moved(let collection): tell(.moved(collection))
        case .pinned(let group, let generation): isPinned(group, generation)
        case .cannotPin(let group, _): cannotPin(group)
        case .lookUp(let request, let requestID, let worker):
            lookUp(request, requestID, for: worker)
        case .askForSegment(let holder, let request, let requestID):
            send(.segmentRequest(request), to: holder, on: .control, requestID: requestID)
        case .passSegment(let worker, let chunk, let frames, let requestID):
            send(.segmentChunk(chunk), to: worker, on: .bulk, requestID: requestID, frames: frames)
        case .enterCopy(let worker, _, let sha256):
            simulation.catalog.addCopy(sha256, holder: worker.name)
        case .askHolder, .checkEnded, .foundDamaged, .forgetBatch, .paused, .report, .busy,
            .cancelled, .refuseCancel,
            .cannotLoad:
            break
        }
    }

    // MARK: Runs

    private var shape: SourceShape {
        let settings = simulation.settings
        let last = BatchNumber(settings.batchCount - 1)
        return SourceShape(
            passages: UInt64(
                (settings.batchCount - 1) * SimulationSettings.batchSize + settings.rows(of: last)),
            batchSize: SimulationSettings.batchSize, batchCount: settings.batchCount,
            shardCount: settings.shardCount)
    }

    private func prepare(_ number: Int) {
        later(dice.milliseconds(5...100)) { coordinator in
            let catalog = coordinator.simulation.catalog
            coordinator.handle(
                .index(
                    .prepared(
                        run: number,
                        RunStart(
                            shape: coordinator.shape,
                            segments: catalog.segments.values.sorted { $0.batch < $1.batch },
                            healing: Healing(), isComplete: catalog.isComplete,
                            isPublished: coordinator.manifests[catalog.generation] != nil))))
        }
    }

    private func read(_ batch: BatchNumber, _ run: Int) {
        let bytes = simulation.settings.rows(of: batch) * SimulationSettings.passageBytes
        later(dice.milliseconds(0...5)) { coordinator in
            coordinator.handle(.index(.batchRead(run: run, batch, bytes: bytes)))
        }
    }

    private func grant(_ lease: LeaseTable.Lease, bytes: Int) {
        simulation.ledger.granted(lease)
        let (batch, attempt) = (UInt64(lease.batch.rawValue), lease.attempt.rawValue)
        send(
            .leaseGrant(
                LeaseGrant(
                    collection: SimulatedCoordinator.collection, batch: batch, attempt: attempt,
                    count: UInt64(simulation.settings.rows(of: lease.batch)),
                    bodyBytes: UInt64(bytes), encoder: EncoderSpec())),
            to: lease.worker, on: .control, attempt: attempt)
    }

    private func sendPassages(_ piece: PassageFlow.Piece) {
        let attempt = piece.lease.attempt.rawValue
        send(
            .passageChunk(
                PassageChunk(
                    collection: SimulatedCoordinator.collection,
                    batch: UInt64(piece.lease.batch.rawValue), attempt: attempt,
                    offset: UInt64(piece.range.lowerBound), last: piece.isLast)),
            to: piece.lease.worker, on: .bulk, attempt: attempt,
            frames: [[UInt8](repeating: 0, count: piece.range.count)])
    }

    private func revoke(_ lease: LeaseTable.Lease) {
        if !staged.contains(lease.attempt) { simulation.ledger.returned(lease.attempt) }
        send(
            .leaseRevoke(
                LeaseRevoke(
                    collection: SimulatedCoordinator.collection,
                    batch: UInt64(lease.batch.rawValue), attempt: lease.attempt.rawValue)),
            to: lease.worker, on: .control, attempt: lease.attempt.rawValue)
    }

    // MARK: Commits

    private func inspect(_ ready: SegmentReady, from worker: WorkerID) {
        let isThere =
            simulation.disks[CoordinatorMachine.sharedHolder]?.contains(ready.sha256) == true
        hold(ready.batch)
        later(dice.milliseconds(0...3)) { coordinator in
            coordinator.release(ready.batch)
            coordinator.handle(
                .index(.inspected(ready, worker, fault: isThere ? nil : "It is not there.")))
        }
    }

    /// The transaction takes a while, and so does its answer: death may come before either.
    private func commit(_ commit: Commit) {
        let segment = commit.segment
        let holder = commit.isShared ? CoordinatorMachine.sharedHolder : commit.worker.name
        staged.insert(segment.attempt)
        hold(UInt64(segment.batch.rawValue))
        simulation.ledger.staged(segment.attempt)
        // A disk stalls now and then: longer than a worker waits before it repeats its report.
        let duration = dice.once(in: 30) ? dice.milliseconds(500...5000) : dice.milliseconds(1...25)
        later(duration) { coordinator in
            let simulation = coordinator.simulation
            let isFull = simulation.isAmiss(.fillDisk) && coordinator.dice.once(in: 3)
            coordinator.release(UInt64(segment.batch.rawValue))
            var standing = segment
            var isNew = false
            // What fails may have been written all the same: its answer is lost then.
            let isLost = isFull && coordinator.dice.once(in: 2)
            if isLost { simulation.ledger.uncertain(segment.batch) }
            if !isFull || isLost {
                (standing, isNew) = simulation.catalog.commit(segment, holder: holder)
                simulation.ledger.committed(
                    segment, isNew: isNew,
                    isOnDisk: simulation.disks[holder]?.contains(segment.sha256) == true)
            }
            coordinator.later(coordinator.dice.milliseconds(0...5)) { coordinator in
                coordinator.staged.remove(segment.attempt)
                coordinator.simulation.ledger.returned(segment.attempt)
                coordinator.handle(
                    .index(
                        isFull
                            ? .commitFailed(segment.attempt, reason: "full")
                            : .committed(segment.attempt, standing: standing, isNew: isNew)))
            }
        }
    }

    private func publish(_ publication: Publication) {
        later(dice.milliseconds(5...150)) { coordinator in
            if coordinator.simulation.isAmiss(.fillDisk), coordinator.dice.once(in: 3) {
                return coordinator.handle(
                    .index(.publishFailed(publication, reason: "full")))
            }
            let manifest = Manifest(publication)
            coordinator.simulation.catalog.publish(manifest, isComplete: publication.isComplete)
            coordinator.manifests[manifest.number] = manifest
            coordinator.handle(.index(.published(publication)))
        }
    }

    // MARK: Segments

    /// A worker lacks a segment: answered from the data folder, or by another worker that holds it.
    private func lookUp(_ request: SegmentRequest, _ requestID: UInt64, for worker: WorkerID) {
        let shared = CoordinatorMachine.sharedHolder
        guard simulation.disks[shared]?.contains(request.sha256) == true else {
            let names = (simulation.catalog.copies[request.sha256] ?? []).sorted()
            return handle(.worker(.holders(names, request, requestID: requestID, for: worker)))
        }
        let settings = simulation.settings
        send(
            .segmentChunk(
                SegmentChunk(
                    collection: request.collection, sha256: request.sha256, offset: request.offset,
                    total: settings.bytes(of: request.sha256))),
            to: worker, on: .bulk, requestID: requestID, frames: [settings.part(of: request)])
    }
}
