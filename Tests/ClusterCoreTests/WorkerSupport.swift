import ClusterCore

/// A worker's machine with a hand-moved clock and a coordinator that speaks when told to.
struct WorkerRun {
    typealias Effect = WorkerMachine.Effect

    var machine = WorkerMachine(
        greeting: Hello(role: .worker, name: "w"), incarnation: 7, now: at(100))
    var now = at(100)
    var epoch: UInt64 = 1

    /// A worker that is a member already.
    init(isMember: Bool = true) {
        if isMember { welcome() }
    }

    /// The coordinator's answer to HELLO on every lane.
    @discardableResult
    mutating func welcome(epoch: UInt64 = 1) -> [Effect] {
        Lane.allCases.flatMap { welcome(epoch: epoch, on: $0) }
    }

    /// The coordinator's answer to HELLO on one lane.
    @discardableResult
    mutating func welcome(epoch: UInt64 = 1, on lane: Lane) -> [Effect] {
        self.epoch = epoch
        return receive(
            .welcome(
                Welcome(
                    name: "w", epoch: epoch, heartbeatMilliseconds: 500, queryEndpoint: "q",
                    bulkEndpoint: "b")), on: lane)
    }

    /// A message of the coordinator.
    @discardableResult
    mutating func receive(
        _ message: Message, on lane: Lane = .control, requestID: UInt64 = 0,
        frames: [[UInt8]] = [], epoch: UInt64? = nil
    ) -> [Effect] {
        happens(
            .received(
                Envelope(
                    clusterID: "c", epoch: epoch ?? self.epoch, requestID: requestID,
                    message: message, frames: frames),
                on: lane))
    }

    @discardableResult
    mutating func happens(_ event: WorkerMachine.Event) -> [Effect] {
        machine.handle(event, now: now)
    }

    /// Time passes, without a look at the clock.
    mutating func wait(_ duration: Duration) { now = now + duration }

    /// Time passes, and the worker looks at the clock.
    @discardableResult
    mutating func tick(after duration: Duration) -> [Effect] {
        wait(duration)
        return happens(.tick)
    }

    // MARK: Leases

    static let encoder = EncoderSpec(model: "m", fingerprint: "f")
    static let encoderKey = EncoderKey(fingerprint: "f", settings: EncoderSettings())
    static let facts = WorkerMachine.SegmentFacts(sha256: "s", rows: 2, bytes: 9)

    static func key(_ attempt: UInt64) -> LeaseKey {
        LeaseKey(collection: "c", batch: attempt, attempt: attempt)
    }

    static func grant(_ attempt: UInt64, bytes: UInt64 = 4) -> LeaseGrant {
        LeaseGrant(
            collection: "c", batch: attempt, attempt: attempt, count: 2, bodyBytes: bytes,
            encoder: encoder)
    }

    static func chunk(_ attempt: UInt64, offset: UInt64 = 0) -> Message {
        .passageChunk(
            PassageChunk(collection: "c", batch: attempt, attempt: attempt, offset: offset))
    }

    /// A whole lease of four bytes arrives.
    @discardableResult
    mutating func lease(_ attempt: UInt64) -> [Effect] {
        receive(.leaseGrant(Self.grant(attempt)))
            + receive(Self.chunk(attempt), on: .bulk, frames: [[1, 2, 3, 4]])
    }

    /// The encoder is loaded and the passages encoded, as far as the disk.
    @discardableResult
    mutating func encode(_ attempt: UInt64) -> [Effect] {
        happens(.encoderLoaded(Self.encoderKey, for: Self.key(attempt)))
            + happens(.encoded(Self.key(attempt), Cuts()))
    }

    /// The segment is written and synced.
    @discardableResult
    mutating func write(_ attempt: UInt64) -> [Effect] {
        happens(.segmentWritten(Self.key(attempt), Self.facts))
            + happens(.segmentSynced(Self.key(attempt)))
    }

    // MARK: Generations

    static let loadID: UInt64 = 7

    /// A load of shards with one segment each.
    static func load(_ generation: UInt64, _ shards: UInt32...) -> LoadGeneration {
        LoadGeneration(
            collection: "c", generation: generation, dimension: 3,
            shards: shards.map {
                ShardSpec(
                    shard: $0, segments: [SegmentRef(sha256: "s\($0)", rows: 5, bytes: 10)])
            }, fingerprint: "f", loadID: loadID)
    }

    static func opened(dimension: Int = 3) -> WorkerMachine.OpenedSegment {
        WorkerMachine.OpenedSegment(path: "p", dimension: dimension, fingerprint: "f")
    }

    /// Opens and builds whatever is asked for until nothing more is; what was said meanwhile.
    @discardableResult
    mutating func carryOut(_ effects: [Effect]) -> [Effect] {
        var (waiting, all) = (effects, effects)
        while !waiting.isEmpty {
            let effect = waiting.removeFirst()
            var more: [Effect] = []
            switch effect {
            case .openSegment(let work, _): more = happens(.segmentOpened(work, Self.opened()))
            case .buildShard(let work, _, _): more = happens(.shardBuilt(work))
            default: break
            }
            waiting += more
            all += more
        }
        return all
    }
}

extension [WorkerMachine.Effect] {
    /// The messages that are sent.
    var sent: [Message] {
        compactMap {
            switch $0 {
            case .send(let envelope, _), .hello(let envelope, _), .heartbeat(let envelope):
                envelope.message
            default: nil
            }
        }
    }

    /// The types of the messages that are sent.
    var types: [MessageType] { sent.map(\.type) }

    /// What was said of generations.
    var loaded: [GenerationLoaded] {
        sent.compactMap { if case .generationLoaded(let loaded) = $0 { loaded } else { nil } }
    }

    /// The work that opens, stores or builds, or that answers a request.
    var works: [WorkID] {
        compactMap {
            switch $0 {
            case .openSegment(let work, _), .storeCopy(let work, _), .buildShard(let work, _, _),
                .search(let work, _, _, _), .fetch(let work, _, _, _), .readPart(let work, _),
                .checkSegments(let work, _):
                work
            default: nil
            }
        }
    }

    /// The leases that are encoded.
    var encodes: [LeaseKey] {
        compactMap { if case .encode(let key, _, _) = $0 { key } else { nil } }
    }

    /// The leases that are written.
    var writes: [LeaseKey] {
        compactMap { if case .writeSegment(let key) = $0 { key } else { nil } }
    }
}
