import CClusterProtocol
import ClusterCore

extension Message {
    /// The payload bytes of the message.
    func packed() throws(WireError) -> [UInt8] {
        switch self {
        case .hello(let body): try pack(body)
        case .welcome(let body): try pack(body)
        case .heartbeat(let body): try pack(body)
        case .heartbeatAck(let body): try pack(body)
        case .goodbye(let body): try pack(body)
        case .drain(let body): try pack(body)
        case .failure(let body): try pack(body)
        case .credit(let body): try pack(body)
        case .leaseGrant(let body): try pack(body)
        case .passageChunk(let body): try pack(body)
        case .segmentReady(let body): try pack(body)
        case .commitAck(let body): try pack(body)
        case .leaseFailed(let body): try pack(body)
        case .leaseRevoke(let body): try pack(body)
        case .loadGeneration(let body): try pack(body)
        case .generationLoaded(let body): try pack(body)
        case .unloadGeneration(let body): try pack(body)
        case .segmentRequest(let body): try pack(body)
        case .segmentChunk(let body): try pack(body)
        case .search(let body): try pack(body)
        case .searchResult(let body): try pack(body)
        case .fetch(let body): try pack(body)
        case .fetchResult(let body): try pack(body)
        case .cancel(let body): try pack(body)
        case .indexRequest(let body): try pack(body)
        case .indexProgress(let body): try pack(body)
        case .queryRequest(let body): try pack(body)
        case .queryAnswer(let body): try pack(body)
        case .statusRequest(let body): try pack(body)
        case .status(let body): try pack(body)
        case .dropRequest(let body): try pack(body)
        case .done(let body): try pack(body)
        case .shutdown(let body): try pack(body)
        }
    }

    /// The message of a kind whose payload is given.
    static func unpacked(_ type: MessageType, _ payload: [UInt8]) throws(WireError) -> Message {
        switch type {
        case .hello: .hello(try unpack(payload))
        case .welcome: .welcome(try unpack(payload))
        case .heartbeat: .heartbeat(try unpack(payload))
        case .heartbeatAck: .heartbeatAck(try unpack(payload))
        case .goodbye: .goodbye(try unpack(payload))
        case .drain: .drain(try unpack(payload))
        case .failure: .failure(try unpack(payload))
        case .credit: .credit(try unpack(payload))
        case .leaseGrant: .leaseGrant(try unpack(payload))
        case .passageChunk: .passageChunk(try unpack(payload))
        case .segmentReady: .segmentReady(try unpack(payload))
        case .commitAck: .commitAck(try unpack(payload))
        case .leaseFailed: .leaseFailed(try unpack(payload))
        case .leaseRevoke: .leaseRevoke(try unpack(payload))
        case .loadGeneration: .loadGeneration(try unpack(payload))
        case .generationLoaded: .generationLoaded(try unpack(payload))
        case .unloadGeneration: .unloadGeneration(try unpack(payload))
        case .segmentRequest: .segmentRequest(try unpack(payload))
        case .segmentChunk: .segmentChunk(try unpack(payload))
        case .search: .search(try unpack(payload))
        case .searchResult: .searchResult(try unpack(payload))
        case .fetch: .fetch(try unpack(payload))
        case .fetchResult: .fetchResult(try unpack(payload))
        case .cancel: .cancel(try unpack(payload))
        case .indexRequest: .indexRequest(try unpack(payload))
        case .indexProgress: .indexProgress(try unpack(payload))
        case .queryRequest: .queryRequest(try unpack(payload))
        case .queryAnswer: .queryAnswer(try unpack(payload))
        case .statusRequest: .statusRequest(try unpack(payload))
        case .status: .status(try unpack(payload))
        case .dropRequest: .dropRequest(try unpack(payload))
        case .done: .done(try unpack(payload))
        case .shutdown: .shutdown(try unpack(payload))
        }
    }
}
