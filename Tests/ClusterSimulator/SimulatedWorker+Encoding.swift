import ClusterCore
import TestSupport

/// What a worker's encoder and disk do for a lease, in time that passes.
extension SimulatedWorker {
    func performEncoding(_ effect: Effect) {
        switch effect {
        case .keepPassages(let key, let bytes): passages[key, default: 0] += bytes.count
        case .dropPassages(let key): passages[key] = nil
        case .prepareEncoder(let encoder):
            compute(dice.milliseconds(5...300)) { [self] in
                let key = EncoderKey(fingerprint: encoder.model, settings: encoder.settings)
                happened(.encoderPrepared(dice.once(in: 4) ? nil : key))
            }
        case .loadEncoder(let spec, let key):
            let loaded = EncoderKey(fingerprint: spec.fingerprint, settings: spec.settings)
            compute(dice.milliseconds(5...300)) { [self] in
                happened(.encoderLoaded(loaded, for: key))
            }
        case .encode(let key, let grant, _): encode(key, grant)
        case .writeSegment(let key): write(key)
        case .dropSegment(let key):
            simulation.sees(.voidWork)
            contents[key] = nil
        default: break
        }
    }

    private func encode(_ key: LeaseKey, _ grant: LeaseGrant) {
        let bytes = passages.removeValue(forKey: key) ?? 0
        let batch = BatchNumber(Int(grant.batch))
        let size = simulation.settings.rows(of: batch) * SimulationSettings.passageBytes
        simulation.ledger.require(
            bytes == size, "batch \(grant.batch) of \(size) bytes is encoded from \(bytes)")
        simulation.ledger.encodes(batch, Attempt(grant.attempt), by: id, of: core.epoch)
        busyCount += 1
        encode(key, grant, stepsLeft: 4)
    }

    /// A quarter of the batch at a time, so that progress shows.
    private func encode(_ key: LeaseKey, _ grant: LeaseGrant, stepsLeft: Int) {
        guard stepsLeft > 0 else {
            busyCount -= 1
            return finish(key, grant)
        }
        let whole = simulation.settings.encodeMilliseconds * machine.slowness
        compute(.milliseconds(max(1, whole / 4))) { [self] in
            progress += 1
            passagesEncoded += grant.count / 4
            encode(key, grant, stepsLeft: stepsLeft - 1)
        }
    }

    private func finish(_ key: LeaseKey, _ grant: LeaseGrant) {
        if simulation.isAmiss(.failEncoding), dice.once(in: 24) {
            return happened(.leaseFailed(key, Failure(code: .internal)))
        }
        contents[key] = grant
        happened(.encoded(key, Cuts()))
    }

    private func write(_ key: LeaseKey) {
        guard let grant = contents.removeValue(forKey: key) else {
            return simulation.ledger.require(false, "\(id) writes what it has not encoded")
        }
        if simulation.isAmiss(.failEncoding), dice.once(in: 24) {
            return compute(.milliseconds(1)) { [self] in
                happened(.leaseFailed(key, Failure(code: .storage)))
            }
        }
        let settings = simulation.settings
        let batch = BatchNumber(Int(grant.batch))
        let facts = WorkerMachine.SegmentFacts(
            sha256: settings.sha256(of: batch), rows: grant.count, bytes: settings.bytes(of: batch))
        write(facts.sha256) { [self] in
            happened(.segmentWritten(key, facts))
        } synced: { [self] in
            happened(.segmentSynced(key))
        }
    }
}
