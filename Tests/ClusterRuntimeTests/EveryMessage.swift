// Written by scripts/generate-proto from proto/; not by hand.

import ClusterCore

@testable import ClusterRuntime

/// Every message of `proto/`, by its name there.
enum EveryMessage {
    /// Names, each with an empty message.
    static let empty: [String: any Sendable] = [
        "SegmentRef": SegmentRef(),
        "ShardSpec": ShardSpec(),
        "LoadGeneration": LoadGeneration(),
        "GenerationLoaded": GenerationLoaded(),
        "UnloadGeneration": UnloadGeneration(),
        "SegmentRequest": SegmentRequest(),
        "SegmentChunk": SegmentChunk(),
        "CheckSegments": CheckSegments(),
        "SegmentsChecked": SegmentsChecked(),
        "IndexRequest": IndexRequest(),
        "Healing": Healing(),
        "IndexProgress": IndexProgress(),
        "EncoderSpec": EncoderSpec(),
        "LeaseGrant": LeaseGrant(),
        "PassageChunk": PassageChunk(),
        "SegmentReady": SegmentReady(),
        "Cuts": Cuts(),
        "CommitAck": CommitAck(),
        "LeaseFailed": LeaseFailed(),
        "LeaseRevoke": LeaseRevoke(),
        "PrepareEncoder": PrepareEncoder(),
        "Hello": Hello(),
        "Welcome": Welcome(),
        "Heartbeat": Heartbeat(),
        "HeartbeatAck": HeartbeatAck(),
        "Goodbye": Goodbye(),
        "Drain": Drain(),
        "Failure": Failure(),
        "Credit": Credit(),
        "QueryRequest": QueryRequest(),
        "Timings": Timings(),
        "QueryAnswer": QueryAnswer(),
        "Search": Search(),
        "ShardCoverage": ShardCoverage(),
        "Coverage": Coverage(),
        "SearchResult": SearchResult(),
        "Fetch": Fetch(),
        "FetchResult": FetchResult(),
        "Cancel": Cancel(),
        "EncoderSettings": EncoderSettings(),
        "IndexSettings": IndexSettings(),
        "StatusRequest": StatusRequest(),
        "WorkerStatus": WorkerStatus(),
        "ShardStatus": ShardStatus(),
        "CollectionStatus": CollectionStatus(),
        "Status": Status(),
        "DropRequest": DropRequest(),
        "Done": Done(),
        "Shutdown": Shutdown(),
        "TrainerHello": TrainerHello(),
        "TrainerPlan": TrainerPlan(),
        "TrainerFact": TrainerFact(),
        "RingAddress": RingAddress(),
        "TrainerJoin": TrainerJoin(),
        "TrainerForm": TrainerForm(),
        "TrainerBeat": TrainerBeat(),
        "TrainerAbort": TrainerAbort(),
        "TrainerFinish": TrainerFinish(),
        "RingHeader": RingHeader(),
        "Header": Header(),
    ]

    /// The bytes that are written for what was read from a payload; nil where no message is
    /// called so.
    static func rewritten(
        _ payload: [UInt8], as name: String
    ) throws(WireError) -> [UInt8]? {
        switch name {
        case "SegmentRef": try pack(unpack(payload) as SegmentRef)
        case "ShardSpec": try pack(unpack(payload) as ShardSpec)
        case "LoadGeneration": try pack(unpack(payload) as LoadGeneration)
        case "GenerationLoaded": try pack(unpack(payload) as GenerationLoaded)
        case "UnloadGeneration": try pack(unpack(payload) as UnloadGeneration)
        case "SegmentRequest": try pack(unpack(payload) as SegmentRequest)
        case "SegmentChunk": try pack(unpack(payload) as SegmentChunk)
        case "CheckSegments": try pack(unpack(payload) as CheckSegments)
        case "SegmentsChecked": try pack(unpack(payload) as SegmentsChecked)
        case "IndexRequest": try pack(unpack(payload) as IndexRequest)
        case "Healing": try pack(unpack(payload) as Healing)
        case "IndexProgress": try pack(unpack(payload) as IndexProgress)
        case "EncoderSpec": try pack(unpack(payload) as EncoderSpec)
        case "LeaseGrant": try pack(unpack(payload) as LeaseGrant)
        case "PassageChunk": try pack(unpack(payload) as PassageChunk)
        case "SegmentReady": try pack(unpack(payload) as SegmentReady)
        case "Cuts": try pack(unpack(payload) as Cuts)
        case "CommitAck": try pack(unpack(payload) as CommitAck)
        case "LeaseFailed": try pack(unpack(payload) as LeaseFailed)
        case "LeaseRevoke": try pack(unpack(payload) as LeaseRevoke)
        case "PrepareEncoder": try pack(unpack(payload) as PrepareEncoder)
        case "Hello": try pack(unpack(payload) as Hello)
        case "Welcome": try pack(unpack(payload) as Welcome)
        case "Heartbeat": try pack(unpack(payload) as Heartbeat)
        case "HeartbeatAck": try pack(unpack(payload) as HeartbeatAck)
        case "Goodbye": try pack(unpack(payload) as Goodbye)
        case "Drain": try pack(unpack(payload) as Drain)
        case "Failure": try pack(unpack(payload) as Failure)
        case "Credit": try pack(unpack(payload) as Credit)
        case "QueryRequest": try pack(unpack(payload) as QueryRequest)
        case "Timings": try pack(unpack(payload) as Timings)
        case "QueryAnswer": try pack(unpack(payload) as QueryAnswer)
        case "Search": try pack(unpack(payload) as Search)
        case "ShardCoverage": try pack(unpack(payload) as ShardCoverage)
        case "Coverage": try pack(unpack(payload) as Coverage)
        case "SearchResult": try pack(unpack(payload) as SearchResult)
        case "Fetch": try pack(unpack(payload) as Fetch)
        case "FetchResult": try pack(unpack(payload) as FetchResult)
        case "Cancel": try pack(unpack(payload) as Cancel)
        case "EncoderSettings": try pack(unpack(payload) as EncoderSettings)
        case "IndexSettings": try pack(unpack(payload) as IndexSettings)
        case "StatusRequest": try pack(unpack(payload) as StatusRequest)
        case "WorkerStatus": try pack(unpack(payload) as WorkerStatus)
        case "ShardStatus": try pack(unpack(payload) as ShardStatus)
        case "CollectionStatus": try pack(unpack(payload) as CollectionStatus)
        case "Status": try pack(unpack(payload) as Status)
        case "DropRequest": try pack(unpack(payload) as DropRequest)
        case "Done": try pack(unpack(payload) as Done)
        case "Shutdown": try pack(unpack(payload) as Shutdown)
        case "TrainerHello": try pack(unpack(payload) as TrainerHello)
        case "TrainerPlan": try pack(unpack(payload) as TrainerPlan)
        case "TrainerFact": try pack(unpack(payload) as TrainerFact)
        case "RingAddress": try pack(unpack(payload) as RingAddress)
        case "TrainerJoin": try pack(unpack(payload) as TrainerJoin)
        case "TrainerForm": try pack(unpack(payload) as TrainerForm)
        case "TrainerBeat": try pack(unpack(payload) as TrainerBeat)
        case "TrainerAbort": try pack(unpack(payload) as TrainerAbort)
        case "TrainerFinish": try pack(unpack(payload) as TrainerFinish)
        case "RingHeader": try pack(unpack(payload) as RingHeader)
        case "Header": try pack(unpack(payload) as Header)
        default: nil
        }
    }
}
