/// Where a client waits for the answer to one request.
package struct ClientAddress: Hashable, Sendable {
    package var peer: PeerID
    package var lane: Lane
    package var requestID: UInt64

    package init(_ peer: PeerID, _ lane: Lane, _ requestID: UInt64) {
        self.peer = peer
        self.lane = lane
        self.requestID = requestID
    }
}
