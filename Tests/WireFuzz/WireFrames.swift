import CKernels

/// What the header of a message says beside its type.
package struct HeaderFields: Sendable {
    package var clusterID = ""
    package var sender = ""
    package var incarnation: UInt64 = 0
    package var epoch: UInt64 = 0
    package var requestID: UInt64 = 0
    package var attempt: UInt64 = 0
    package var budgetMicroseconds: UInt64 = 0
    package var traceParent = ""
    package var credit: UInt64 = 0

    package init() {}
}

/// Puts messages together as they travel, with nothing of the code that is tested.
package enum WireFrames {
    /// Header, payload and raw frames of one message; the header fits the rest.
    package static func message(
        _ type: Int, _ payload: [UInt8], raw: [[UInt8]] = [], _ fields: HeaderFields
    ) -> [[UInt8]] {
        let body = [payload] + raw
        let checksum = body.reduce(UInt32(0)) { crc, frame in
            frame.withUnsafeBytes { sheaf_crc32c(crc, $0.baseAddress, $0.count) }
        }
        var header = ProtoWriter()
        header.fixed(0x5348_4631, bytes: 4, at: 1)
        header.number(2, at: 2)
        header.block(Array(fields.clusterID.utf8), at: 3)
        header.block(Array(fields.sender.utf8), at: 4)
        header.fixed(fields.incarnation, bytes: 8, at: 5)
        header.number(fields.epoch, at: 6)
        header.number(UInt64(type), at: 7)
        header.number(fields.requestID, at: 8)
        header.number(fields.attempt, at: 9)
        header.number(fields.budgetMicroseconds, at: 10)
        header.block(Array(fields.traceParent.utf8), at: 11)
        header.numbers(body.map { UInt64($0.count) }, at: 12)
        header.fixed(UInt64(checksum), bytes: 4, at: 13)
        header.number(fields.credit, at: 14)
        return [header.bytes] + body
    }
}
