// Written by scripts/generate-proto from proto/; not by hand.

import ClusterCore

extension Message {
    /// An empty message of a kind.
    init(emptyOf type: MessageType) {
        self =
            switch type {
            case .hello: .hello(Hello())
            case .welcome: .welcome(Welcome())
            case .heartbeat: .heartbeat(Heartbeat())
            case .heartbeatAck: .heartbeatAck(HeartbeatAck())
            case .goodbye: .goodbye(Goodbye())
            case .drain: .drain(Drain())
            case .failure: .failure(Failure())
            case .credit: .credit(Credit())
            case .leaseGrant: .leaseGrant(LeaseGrant())
            case .passageChunk: .passageChunk(PassageChunk())
            case .segmentReady: .segmentReady(SegmentReady())
            case .commitAck: .commitAck(CommitAck())
            case .leaseFailed: .leaseFailed(LeaseFailed())
            case .leaseRevoke: .leaseRevoke(LeaseRevoke())
            case .prepareEncoder: .prepareEncoder(PrepareEncoder())
            case .loadGeneration: .loadGeneration(LoadGeneration())
            case .generationLoaded: .generationLoaded(GenerationLoaded())
            case .unloadGeneration: .unloadGeneration(UnloadGeneration())
            case .segmentRequest: .segmentRequest(SegmentRequest())
            case .segmentChunk: .segmentChunk(SegmentChunk())
            case .checkSegments: .checkSegments(CheckSegments())
            case .segmentsChecked: .segmentsChecked(SegmentsChecked())
            case .search: .search(Search())
            case .searchResult: .searchResult(SearchResult())
            case .fetch: .fetch(Fetch())
            case .fetchResult: .fetchResult(FetchResult())
            case .cancel: .cancel(Cancel())
            case .indexRequest: .indexRequest(IndexRequest())
            case .indexProgress: .indexProgress(IndexProgress())
            case .queryRequest: .queryRequest(QueryRequest())
            case .queryAnswer: .queryAnswer(QueryAnswer())
            case .statusRequest: .statusRequest(StatusRequest())
            case .status: .status(Status())
            case .dropRequest: .dropRequest(DropRequest())
            case .done: .done(Done())
            case .shutdown: .shutdown(Shutdown())
            case .trainerHello: .trainerHello(TrainerHello())
            case .trainerPlan: .trainerPlan(TrainerPlan())
            case .trainerJoin: .trainerJoin(TrainerJoin())
            case .trainerForm: .trainerForm(TrainerForm())
            case .trainerBeat: .trainerBeat(TrainerBeat())
            case .trainerAbort: .trainerAbort(TrainerAbort())
            case .trainerFinish: .trainerFinish(TrainerFinish())
            }
    }
}
