// Written by scripts/generate-proto from proto/; not by hand.

/// The kind of a message, as the header names it.
public enum MessageType: UInt32, CaseIterable, Sendable {
    /// ``Hello``.
    case hello = 1
    /// ``Welcome``.
    case welcome = 2
    /// ``Heartbeat``.
    case heartbeat = 3
    /// ``HeartbeatAck``.
    case heartbeatAck = 4
    /// ``Goodbye``.
    case goodbye = 5
    /// ``Drain``.
    case drain = 6
    /// ``Failure``.
    case failure = 7
    /// ``Credit``.
    case credit = 8
    /// ``LeaseGrant``.
    case leaseGrant = 16
    /// ``PassageChunk``.
    case passageChunk = 17
    /// ``SegmentReady``.
    case segmentReady = 18
    /// ``CommitAck``.
    case commitAck = 19
    /// ``LeaseFailed``.
    case leaseFailed = 20
    /// ``LeaseRevoke``.
    case leaseRevoke = 21
    /// ``PrepareEncoder``.
    case prepareEncoder = 22
    /// ``LoadGeneration``.
    case loadGeneration = 32
    /// ``GenerationLoaded``.
    case generationLoaded = 33
    /// ``UnloadGeneration``.
    case unloadGeneration = 34
    /// ``SegmentRequest``.
    case segmentRequest = 35
    /// ``SegmentChunk``.
    case segmentChunk = 36
    /// ``CheckSegments``.
    case checkSegments = 37
    /// ``SegmentsChecked``.
    case segmentsChecked = 38
    /// ``Search``.
    case search = 48
    /// ``SearchResult``.
    case searchResult = 49
    /// ``Fetch``.
    case fetch = 50
    /// ``FetchResult``.
    case fetchResult = 51
    /// ``Cancel``.
    case cancel = 52
    /// ``IndexRequest``.
    case indexRequest = 64
    /// ``IndexProgress``.
    case indexProgress = 65
    /// ``QueryRequest``.
    case queryRequest = 66
    /// ``QueryAnswer``.
    case queryAnswer = 67
    /// ``StatusRequest``.
    case statusRequest = 68
    /// ``Status``.
    case status = 69
    /// ``DropRequest``.
    case dropRequest = 70
    /// ``Done``.
    case done = 71
    /// ``Shutdown``.
    case shutdown = 72
    /// ``TrainerHello``.
    case trainerHello = 96
    /// ``TrainerPlan``.
    case trainerPlan = 97
    /// ``TrainerJoin``.
    case trainerJoin = 98
    /// ``TrainerForm``.
    case trainerForm = 99
    /// ``TrainerBeat``.
    case trainerBeat = 100
    /// ``TrainerAbort``.
    case trainerAbort = 101
    /// ``TrainerFinish``.
    case trainerFinish = 102
}

/// One message: what the header's type says, with its fields.
///
/// The field's number and its length stand in the header, so the payload frame is the message
/// alone. Behind each: who may send it. Over tcp with keys that is the role of the sender's key in
/// the allow-list (``Hello`` says that role too); over ipc, and over a port opened by --insecure,
/// anybody. What comes from another is answered with ``FailureCode/denied``, and nothing is done.
public enum Message: Hashable, Sendable {
    /// See ``Hello``.
    case hello(Hello)
    /// See ``Welcome``.
    case welcome(Welcome)
    /// See ``Heartbeat``.
    case heartbeat(Heartbeat)
    /// See ``HeartbeatAck``.
    case heartbeatAck(HeartbeatAck)
    /// See ``Goodbye``.
    case goodbye(Goodbye)
    /// See ``Drain``.
    case drain(Drain)
    /// See ``Failure``.
    case failure(Failure)
    /// See ``Credit``.
    case credit(Credit)
    /// See ``LeaseGrant``.
    case leaseGrant(LeaseGrant)
    /// See ``PassageChunk``.
    case passageChunk(PassageChunk)
    /// See ``SegmentReady``.
    case segmentReady(SegmentReady)
    /// See ``CommitAck``.
    case commitAck(CommitAck)
    /// See ``LeaseFailed``.
    case leaseFailed(LeaseFailed)
    /// See ``LeaseRevoke``.
    case leaseRevoke(LeaseRevoke)
    /// See ``PrepareEncoder``.
    case prepareEncoder(PrepareEncoder)
    /// See ``LoadGeneration``.
    case loadGeneration(LoadGeneration)
    /// See ``GenerationLoaded``.
    case generationLoaded(GenerationLoaded)
    /// See ``UnloadGeneration``.
    case unloadGeneration(UnloadGeneration)
    /// See ``SegmentRequest``.
    case segmentRequest(SegmentRequest)
    /// See ``SegmentChunk``.
    case segmentChunk(SegmentChunk)
    /// See ``CheckSegments``.
    case checkSegments(CheckSegments)
    /// See ``SegmentsChecked``.
    case segmentsChecked(SegmentsChecked)
    /// See ``Search``.
    case search(Search)
    /// See ``SearchResult``.
    case searchResult(SearchResult)
    /// See ``Fetch``.
    case fetch(Fetch)
    /// See ``FetchResult``.
    case fetchResult(FetchResult)
    /// See ``Cancel``.
    case cancel(Cancel)
    /// See ``IndexRequest``.
    case indexRequest(IndexRequest)
    /// See ``IndexProgress``.
    case indexProgress(IndexProgress)
    /// See ``QueryRequest``.
    case queryRequest(QueryRequest)
    /// See ``QueryAnswer``.
    case queryAnswer(QueryAnswer)
    /// See ``StatusRequest``.
    case statusRequest(StatusRequest)
    /// See ``Status``.
    case status(Status)
    /// See ``DropRequest``.
    case dropRequest(DropRequest)
    /// See ``Done``.
    case done(Done)
    /// See ``Shutdown``.
    case shutdown(Shutdown)
    /// See ``TrainerHello``.
    case trainerHello(TrainerHello)
    /// See ``TrainerPlan``.
    case trainerPlan(TrainerPlan)
    /// See ``TrainerJoin``.
    case trainerJoin(TrainerJoin)
    /// See ``TrainerForm``.
    case trainerForm(TrainerForm)
    /// See ``TrainerBeat``.
    case trainerBeat(TrainerBeat)
    /// See ``TrainerAbort``.
    case trainerAbort(TrainerAbort)
    /// See ``TrainerFinish``.
    case trainerFinish(TrainerFinish)

    /// The kind, as the header names it.
    public var type: MessageType {
        switch self {
        case .hello: .hello
        case .welcome: .welcome
        case .heartbeat: .heartbeat
        case .heartbeatAck: .heartbeatAck
        case .goodbye: .goodbye
        case .drain: .drain
        case .failure: .failure
        case .credit: .credit
        case .leaseGrant: .leaseGrant
        case .passageChunk: .passageChunk
        case .segmentReady: .segmentReady
        case .commitAck: .commitAck
        case .leaseFailed: .leaseFailed
        case .leaseRevoke: .leaseRevoke
        case .prepareEncoder: .prepareEncoder
        case .loadGeneration: .loadGeneration
        case .generationLoaded: .generationLoaded
        case .unloadGeneration: .unloadGeneration
        case .segmentRequest: .segmentRequest
        case .segmentChunk: .segmentChunk
        case .checkSegments: .checkSegments
        case .segmentsChecked: .segmentsChecked
        case .search: .search
        case .searchResult: .searchResult
        case .fetch: .fetch
        case .fetchResult: .fetchResult
        case .cancel: .cancel
        case .indexRequest: .indexRequest
        case .indexProgress: .indexProgress
        case .queryRequest: .queryRequest
        case .queryAnswer: .queryAnswer
        case .statusRequest: .statusRequest
        case .status: .status
        case .dropRequest: .dropRequest
        case .done: .done
        case .shutdown: .shutdown
        case .trainerHello: .trainerHello
        case .trainerPlan: .trainerPlan
        case .trainerJoin: .trainerJoin
        case .trainerForm: .trainerForm
        case .trainerBeat: .trainerBeat
        case .trainerAbort: .trainerAbort
        case .trainerFinish: .trainerFinish
        }
    }
}

extension MessageType {
    /// The roles whose keys may send it to the side that binds; what none may send is the
    /// coordinator's own.
    var senders: Set<KeyRole> {
        switch self {
        case .hello: [.client, .readOnly, .worker, .admin]
        case .welcome: []
        case .heartbeat: [.client, .readOnly, .worker, .admin]
        case .heartbeatAck: []
        case .goodbye: [.client, .readOnly, .worker, .trainer, .admin]
        case .drain: []
        case .failure: [.worker]
        case .credit: [.worker]
        case .leaseGrant: []
        case .passageChunk: []
        case .segmentReady: [.worker]
        case .commitAck: []
        case .leaseFailed: [.worker]
        case .leaseRevoke: []
        case .prepareEncoder: []
        case .loadGeneration: []
        case .generationLoaded: [.worker]
        case .unloadGeneration: []
        case .segmentRequest: [.worker]
        case .segmentChunk: [.worker]
        case .checkSegments: []
        case .segmentsChecked: [.worker]
        case .search: []
        case .searchResult: [.worker]
        case .fetch: []
        case .fetchResult: [.worker]
        case .cancel: [.client, .admin]
        case .indexRequest: [.client, .admin]
        case .indexProgress: []
        case .queryRequest: [.client, .readOnly, .admin]
        case .queryAnswer: []
        case .statusRequest: [.client, .readOnly, .admin]
        case .status: []
        case .dropRequest: [.admin]
        case .done: []
        case .shutdown: [.admin]
        case .trainerHello: [.trainer]
        case .trainerPlan: []
        case .trainerJoin: [.trainer]
        case .trainerForm: []
        case .trainerBeat: [.trainer]
        case .trainerAbort: [.trainer]
        case .trainerFinish: [.trainer]
        }
    }
}
