// Random messages: every field of every message, from one seed.

import ClusterCore
import TestSupport

extension Hello: RandomValue {
    init(from random: inout Dice) {
        self.init(
            role: random(), name: random(), host: random(), processID: random(), threads: random(),
            dataToken: random(), release: random())
    }
}

extension Welcome: RandomValue {
    init(from random: inout Dice) {
        self.init(
            name: random(), epoch: random(), heartbeatMilliseconds: random(), sharesData: random(),
            queryEndpoint: random(), bulkEndpoint: random())
    }
}

extension Heartbeat: RandomValue {
    init(from random: inout Dice) {
        self.init(
            progress: random(), busy: random(), passagesEncoded: random(), searches: random(),
            residentBytes: random())
    }
}

extension HeartbeatAck: RandomValue {
    init(from random: inout Dice) {
        self.init(
            progress: random())
    }
}

extension Goodbye: RandomValue {
    init(from random: inout Dice) {
        self.init(
            reason: random())
    }
}

extension Drain: RandomValue {
    init(from random: inout Dice) {
        self.init(
            reason: random())
    }
}

extension Failure: RandomValue {
    init(from random: inout Dice) {
        self.init(
            code: random(), message: random(), coverage: random(),
            retryAfterMilliseconds: random())
    }
}

extension Credit: RandomValue {
    init(from random: inout Dice) {
        self.init(
            bytes: random())
    }
}

extension EncoderSpec: RandomValue {
    init(from random: inout Dice) {
        self.init(
            model: random(), fingerprint: random(), settings: random())
    }
}

extension EncoderSettings: RandomValue {
    init(from random: inout Dice) {
        self.init(
            segmentIDs: random(), questionPrefix: random(), passagePrefix: random(),
            precision: random(), weights: random(), allowsNonfinite: random())
    }
}

extension IndexSettings: RandomValue {
    init(from random: inout Dice) {
        self.init(metric: random(), kind: random(), vectors: random(), memory: random())
    }
}

extension LeaseGrant: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), batch: random(), attempt: random(), firstOrdinal: random(),
            count: random(), shard: random(), bodyBytes: random(), sourceDigest: random(),
            encoder: random(), vectors: random())
    }
}

extension PassageChunk: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), batch: random(), attempt: random(), offset: random(),
            last: random())
    }
}

extension SegmentReady: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), batch: random(), attempt: random(), sha256: random(),
            rows: random(), bytes: random())
    }
}

extension CommitAck: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), batch: random(), attempt: random(), committed: random())
    }
}

extension LeaseFailed: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), batch: random(), attempt: random(), code: random(),
            message: random())
    }
}

extension LeaseRevoke: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), batch: random(), attempt: random())
    }
}

extension PrepareEncoder: RandomValue {
    init(from random: inout Dice) {
        self.init(model: random(), settings: random())
    }
}

extension SegmentRef: RandomValue {
    init(from random: inout Dice) {
        self.init(
            sha256: random(), batch: random(), firstOrdinal: random(), rows: random(),
            bytes: random())
    }
}

extension ShardSpec: RandomValue {
    init(from random: inout Dice) {
        self.init(
            shard: random(), segments: random())
    }
}

extension LoadGeneration: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), generation: random(), dimension: random(), index: random(),
            shards: random(), fingerprint: random())
    }
}

extension GenerationLoaded: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), generation: random(), shards: random(), failure: random())
    }
}

extension UnloadGeneration: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), generation: random())
    }
}

extension SegmentRequest: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), sha256: random(), offset: random())
    }
}

extension SegmentChunk: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), sha256: random(), offset: random(), total: random(),
            missing: random())
    }
}

extension Search: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), generation: random(), shards: random(), k: random(),
            count: random(), dimension: random())
    }
}

extension ShardCoverage: RandomValue {
    init(from random: inout Dice) {
        self.init(
            shard: random(), rows: random(), answered: random())
    }
}

extension Coverage: RandomValue {
    init(from random: inout Dice) {
        self.init(
            shardsTotal: random(), shardsAnswered: random(), rowsTotal: random(),
            rowsAnswered: random())
    }
}

extension SearchResult: RandomValue {
    init(from random: inout Dice) {
        self.init(
            shards: random(), computeUs: random())
    }
}

extension Fetch: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), generation: random(), texts: random())
    }
}

extension FetchResult: RandomValue {
    init(from random: inout Dice) {
        self.init(
            count: random())
    }
}

extension Cancel: RandomValue {
    init(from random: inout Dice) {
        self.init(
            requestID: random())
    }
}

extension IndexRequest: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), paths: random(), format: random(), questionModel: random(),
            contextModel: random(), encoder: random(), index: random(), shards: random(),
            batchSize: random(), skipMalformed: random())
    }
}

extension IndexProgress: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), state: random(), passagesTotal: random(),
            passagesCommitted: random(), batchesTotal: random(), batchesCommitted: random(),
            batchesRepeated: random(), skippedLines: random(), workers: random(),
            generation: random(), note: random(), alreadyComplete: random(),
            passagesEncoded: random())
    }
}

extension QueryRequest: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random(), k: random(), allowPartial: random(), texts: random(),
            questions: random())
    }
}

extension Timings: RandomValue {
    init(from random: inout Dice) {
        self.init(
            encodeUs: random(), searchUs: random(), slowestWorkerUs: random(), fetchUs: random())
    }
}

extension QueryAnswer: RandomValue {
    init(from random: inout Dice) {
        self.init(
            question: random(), count: random(), generation: random(), coverage: random(),
            timings: random(), last: random())
    }
}

extension StatusRequest: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random())
    }
}

extension WorkerStatus: RandomValue {
    init(from random: inout Dice) {
        self.init(
            name: random(), host: random(), processID: random(), state: random(), threads: random(),
            passagesEncoded: random(), searches: random(), residentBytes: random(),
            shards: random(), leases: random(), sharesData: random())
    }
}

extension ShardStatus: RandomValue {
    init(from random: inout Dice) {
        self.init(
            shard: random(), rows: random(), worker: random(), loaded: random())
    }
}

extension CollectionStatus: RandomValue {
    init(from random: inout Dice) {
        self.init(
            name: random(), state: random(), passages: random(), committed: random(),
            dimension: random(), index: random(), encoder: random(), shardCount: random(),
            generation: random(), batches: random(), batchesCommitted: random(),
            questionModel: random(), contextModel: random(), fingerprint: random(),
            sourceDigest: random(), paths: random(), bytes: random(), coverage: random(),
            shards: random(), created: random())
    }
}

extension Status: RandomValue {
    init(from random: inout Dice) {
        self.init(
            clusterID: random(), epoch: random(), processID: random(), release: random(),
            workers: random(), collections: random(), indexing: random(), residentBytes: random())
    }
}

extension DropRequest: RandomValue {
    init(from random: inout Dice) {
        self.init(
            collection: random())
    }
}

extension Done: RandomValue {
    init(from random: inout Dice) {
        self.init(
            note: random())
    }
}

extension Shutdown: RandomValue {
    init(from random: inout Dice) {
        self.init(
            drain: random())
    }
}

extension Message {
    /// A message of a type with random content.
    init(_ type: MessageType, from random: inout Dice) {
        switch type {
        case .hello: self = .hello(random())
        case .welcome: self = .welcome(random())
        case .heartbeat: self = .heartbeat(random())
        case .heartbeatAck: self = .heartbeatAck(random())
        case .goodbye: self = .goodbye(random())
        case .drain: self = .drain(random())
        case .failure: self = .failure(random())
        case .credit: self = .credit(random())
        case .leaseGrant: self = .leaseGrant(random())
        case .passageChunk: self = .passageChunk(random())
        case .segmentReady: self = .segmentReady(random())
        case .commitAck: self = .commitAck(random())
        case .leaseFailed: self = .leaseFailed(random())
        case .leaseRevoke: self = .leaseRevoke(random())
        case .prepareEncoder: self = .prepareEncoder(random())
        case .loadGeneration: self = .loadGeneration(random())
        case .generationLoaded: self = .generationLoaded(random())
        case .unloadGeneration: self = .unloadGeneration(random())
        case .segmentRequest: self = .segmentRequest(random())
        case .segmentChunk: self = .segmentChunk(random())
        case .search: self = .search(random())
        case .searchResult: self = .searchResult(random())
        case .fetch: self = .fetch(random())
        case .fetchResult: self = .fetchResult(random())
        case .cancel: self = .cancel(random())
        case .indexRequest: self = .indexRequest(random())
        case .indexProgress: self = .indexProgress(random())
        case .queryRequest: self = .queryRequest(random())
        case .queryAnswer: self = .queryAnswer(random())
        case .statusRequest: self = .statusRequest(random())
        case .status: self = .status(random())
        case .dropRequest: self = .dropRequest(random())
        case .done: self = .done(random())
        case .shutdown: self = .shutdown(random())
        case .trainerHello: self = .trainerHello(random())
        case .trainerPlan: self = .trainerPlan(random())
        case .trainerJoin: self = .trainerJoin(random())
        case .trainerForm: self = .trainerForm(random())
        case .trainerBeat: self = .trainerBeat(random())
        case .trainerAbort: self = .trainerAbort(random())
        case .trainerFinish: self = .trainerFinish(random())
        }
    }
}
