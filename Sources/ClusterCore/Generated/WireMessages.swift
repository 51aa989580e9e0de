// Written by scripts/generate-proto from proto/; not by hand.
// The header that opens every message, and the list of all messages.

/// The header of every message.
package struct Header: Hashable, Sendable {
    /// 0x53484631, "SHF1".
    package var magic: UInt32
    /// The version of the wire that the sender speaks.
    package var version: UInt32
    /// The cluster's id; empty in a first ``Hello``.
    package var clusterID: String
    /// The sender's name.
    package var sender: String
    /// The boot nonce of the sender.
    package var incarnation: UInt64
    /// The epoch that the sender believes in; 0 in ``Hello``.
    package var epoch: UInt64
    /// Which field of ``Message`` the payload is.
    package var type: UInt32
    /// Pairs answer and request, or 0.
    package var requestID: UInt64
    /// The fencing token of a lease; 0 elsewhere.
    package var attempt: UInt64
    /// The time left for the request, at most a day; 0: none is said.
    package var budgetMicroseconds: UInt64
    /// The W3C trace context, or empty.
    package var traceParent: String
    /// Bytes of each frame after the header; compared with them.
    package var bodyLengths: [UInt64]
    /// The CRC32C over all frames after the header, in order.
    package var bodyChecksum: UInt32
    /// Bytes of bulk credit, granted with this message.
    package var credit: UInt64

    /// Creates the message; every field left out has its default.
    package init(
        magic: UInt32 = 0, version: UInt32 = 0, clusterID: String = "", sender: String = "",
        incarnation: UInt64 = 0, epoch: UInt64 = 0, type: UInt32 = 0, requestID: UInt64 = 0,
        attempt: UInt64 = 0, budgetMicroseconds: UInt64 = 0, traceParent: String = "",
        bodyLengths: [UInt64] = [], bodyChecksum: UInt32 = 0, credit: UInt64 = 0
    ) {
        self.magic = magic
        self.version = version
        self.clusterID = clusterID
        self.sender = sender
        self.incarnation = incarnation
        self.epoch = epoch
        self.type = type
        self.requestID = requestID
        self.attempt = attempt
        self.budgetMicroseconds = budgetMicroseconds
        self.traceParent = traceParent
        self.bodyLengths = bodyLengths
        self.bodyChecksum = bodyChecksum
        self.credit = credit
    }
}
