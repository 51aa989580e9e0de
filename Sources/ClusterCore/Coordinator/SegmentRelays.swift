/// Segments that a worker lacks and another one has, passed on piece by piece.
///
/// A holder that has gone, or says that it has nothing, is followed by the next one; whoever asks
/// is told when there is none left.
package struct SegmentRelays: Sendable {
    private struct Relay: Sendable {
        var worker: WorkerID
        var requestID: UInt64
        var request: SegmentRequest
        var otherHolders: [WorkerID]
        /// Who was asked last.
        var holder: WorkerID?
    }

    /// Bytes of a piece at most.
    package static let pieceBytes = 1 << 20

    private var relays: [UInt64: Relay] = [:]

    mutating func began(
        _ request: SegmentRequest, _ requestID: UInt64, for worker: WorkerID,
        heldBy holders: [WorkerID], by number: UInt64
    ) -> CoordinatorMachine.Effect {
        ask(
            Relay(
                worker: worker, requestID: requestID, request: request, otherHolders: holders),
            by: number)
    }

    /// A piece came: passed on, or asked of the next holder; nil where nobody asked for it.
    mutating func came(
        _ chunk: SegmentChunk, _ frames: [[UInt8]], _ requestID: UInt64, from holder: WorkerID,
        nextNumber: UInt64
    ) -> [CoordinatorMachine.Effect]? {
        guard relays[requestID]?.holder == holder,
            let relay = relays.removeValue(forKey: requestID)
        else { return nil }
        let request = relay.request
        let count = frames.first?.count ?? 0
        let isWhatWasAsked =
            chunk.collection == request.collection && chunk.sha256 == request.sha256
            && chunk.offset == request.offset && count <= SegmentRelays.pieceBytes
        if chunk.missing || !isWhatWasAsked { return [ask(relay, by: nextNumber)] }
        let passed = CoordinatorMachine.Effect.passSegment(
            relay.worker, chunk, frames: frames, requestID: relay.requestID)
        guard chunk.offset + UInt64(count) == chunk.total else { return [passed] }
        return [
            passed,
            .enterCopy(relay.worker, collection: request.collection, sha256: request.sha256),
        ]
    }

    /// A worker is away: what it was asked for is asked of others, what it asked for is let go.
    mutating func lost(
        _ worker: WorkerID, number: () -> UInt64
    ) -> [CoordinatorMachine.Effect] {
        var effects: [CoordinatorMachine.Effect] = []
        for (key, relay) in relays.sorted(by: { $0.key < $1.key }) {
            guard relay.worker != worker else {
                relays[key] = nil
                continue
            }
            guard relay.holder == worker else { continue }
            relays[key] = nil
            effects.append(ask(relay, by: number()))
        }
        return effects
    }

    private mutating func ask(_ relay: Relay, by number: UInt64) -> CoordinatorMachine.Effect {
        var relay = relay
        guard let holder = relay.otherHolders.popLast() else {
            let request = relay.request
            return .passSegment(
                relay.worker,
                SegmentChunk(
                    collection: request.collection, sha256: request.sha256, offset: request.offset,
                    total: 0, missing: true),
                frames: [[]], requestID: relay.requestID)
        }
        relay.holder = holder
        relays[number] = relay
        return .askForSegment(holder, relay.request, requestID: number)
    }
}

extension CoordinatorMachine {
    /// A worker lacks a segment that is not in the coordinator's folder.
    mutating func relay(
        _ request: SegmentRequest, _ requestID: UInt64, to worker: WorkerID,
        heldBy names: [String]
    ) -> [Effect] {
        let membership = roster.membership
        // A catalog that was made anew knows no holder until the next run asks them: ask all.
        let known = names.isEmpty ? membership.ready.map(\.id.name) : names
        let holders = known.compactMap { membership.member(named: $0)?.id }
            .filter { membership.isReady($0) && $0 != worker }
        let number = newRequestID()
        return [relays.began(request, requestID, for: worker, heldBy: holders, by: number)]
    }

    /// A worker cannot be asked for the pieces that it has.
    mutating func relaysLost(by worker: WorkerID) -> [Effect] {
        var last = lastRequest
        let effects = relays.lost(worker) {
            last += 1
            return last
        }
        lastRequest = last
        return effects
    }

    mutating func relay(
        _ chunk: SegmentChunk, _ requestID: UInt64, _ frames: [[UInt8]], from holder: WorkerID
    ) -> [Effect] {
        let number = newRequestID()
        return relays.came(chunk, frames, requestID, from: holder, nextNumber: number) ?? []
    }
}
