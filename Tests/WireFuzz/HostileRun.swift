import TestSupport

/// Drives what is done with messages, not the decoder alone: hostile peers against a real process.
package struct HostileRun {
    /// What came of a run.
    package struct Summary: Sendable {
        package var sent = 0
        /// Whether the other side answered every time it was asked.
        package var alwaysAnswered = true

        package init() {}
    }

    /// What the messages speak of: collections, paths and models that are there.
    package var known: [String: [String]] = [:]
    package var seed: UInt64

    package init(seed: UInt64, known: [String: [String]] = [:]) {
        self.seed = seed
        self.known = known
    }

    /// Sends messages of all types from workers, clients and strangers to a coordinator.
    ///
    /// It blocks: run it on a thread of its own.
    package func againstCoordinator(at endpoint: String, messages count: Int) throws -> Summary {
        var maker = try HostileMessages(seed: seed, without: ["UNKNOWN", "SHUTDOWN"])
        maker.dice.known = known
        let peers = [
            HostilePeer("rogue-1", role: 1, incarnation: 11, to: endpoint),
            HostilePeer("rogue-2", role: 1, incarnation: 12, to: endpoint),
            HostilePeer("asker-1", role: 2, incarnation: 13, to: endpoint),
            HostilePeer("asker-2", role: 2, incarnation: 14, to: endpoint),
            HostilePeer("stranger", role: nil, incarnation: 15, to: endpoint),
        ]
        var summary = Summary()
        while summary.sent < count {
            let peer = peers[maker.dice.dice.below(peers.count)]
            for name in ["batch", "attempt", "generation", "rows"] {
                maker.dice.knownNumbers[name] = peer.told[name]
            }
            var message = maker.next()
            // What asks for a collection to be dropped names one that is not there.
            if message.type == 70 { message.payload = [] }
            var fields = peer.fields()
            maker.disturb(&fields, told: peer.told)
            let lane = maker.dice.dice.below(peer.laneCount)
            peer.send(message.type, message.payload, raw: message.raw, fields, lane: lane)
            summary.sent += 1
            if summary.sent % 64 == 0 {
                // No faster than the other side: what is tried is what it does, not its queues.
                for peer in peers { peer.drain() }
                for peer in peers where !peer.sync() { summary.alwaysAnswered = false }
                if !summary.alwaysAnswered { return summary }
            }
        }
        return summary
    }

    /// Plays the coordinator of one worker, and sends it messages of all types.
    ///
    /// - Parameters:
    ///   - endpoints: What is bound for control, query and bulk lane.
    package func againstWorker(at endpoints: [String], messages count: Int) throws -> Summary {
        var maker = try HostileMessages(
            // What a worker rightly ends on is left out: a FAILURE may say that its name is taken.
            seed: seed, without: ["UNKNOWN", "DRAIN", "GOODBYE", "WELCOME", "FAILURE"])
        maker.dice.known = known
        let lanes = endpoints.map { RawSocket(.router, $0) }
        var fields = HeaderFields()
        (fields.clusterID, fields.epoch, fields.sender) = ("hostile", 7, "coordinator")
        var summary = Summary()
        var ids: [[UInt8]?] = [nil, nil, nil]
        var answered: Set<UInt64> = []
        func take(_ lane: Int, within milliseconds: Int) -> Bool {
            guard let frames = lanes[lane].receive(within: milliseconds), frames.count > 2 else {
                return false
            }
            ids[lane] = frames[0]
            guard let message = ReceivedMessage(Array(frames.dropFirst())) else { return true }
            answered.insert(message.requestID)
            if message.type == 1 {
                let welcome = Self.welcome(to: "worker-1", endpoints)
                lanes[lane].send([frames[0]] + WireFrames.message(2, welcome, fields))
            }
            return true
        }
        func wait(until holds: () -> Bool) -> Bool {
            for _ in 0..<3000 {
                if holds() { return true }
                for lane in 0..<3 { while take(lane, within: 0) {} }
                _ = take(0, within: 20)
            }
            return false
        }
        guard wait(until: { ids.allSatisfy { $0 != nil } }) else {
            summary.alwaysAnswered = false
            return summary
        }
        var lastSync: UInt64 = 1 << 40
        while summary.sent < count {
            let message = maker.next()
            var header = fields
            maker.disturb(&header, told: [:])
            let lane = maker.dice.dice.below(3)
            if let id = ids[lane] {
                lanes[lane].send(
                    [id]
                        + WireFrames.message(
                            message.type, message.payload, raw: message.raw, header))
            }
            summary.sent += 1
            guard summary.sent % 64 == 0 else { continue }
            // A piece of a segment that is not there: answered at once, on the bulk lane.
            var request = ProtoWriter()
            request.block(Array("none".utf8), at: 1)
            request.block(Array(String(repeating: "0", count: 64).utf8), at: 2)
            lastSync += 1
            var sync = fields
            sync.requestID = lastSync
            let isThere = wait {
                // Asked again where the worker was just being told that it is unknown.
                if let id = ids[0] {
                    lanes[0].send([id] + WireFrames.message(35, request.bytes, sync))
                }
                return answered.contains(lastSync)
            }
            answered = []
            if !isThere {
                summary.alwaysAnswered = false
                return summary
            }
        }
        return summary
    }
}
