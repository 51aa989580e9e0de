// Written by scripts/generate-proto from proto/; not by hand.

import CClusterProtocol
import ClusterCore

extension Header: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.any),  // magic
        FieldLimits(.any),  // version
        FieldLimits(.bytes(64), canBeEmpty: true),  // cluster_id
        FieldLimits(.processName, canBeEmpty: true),  // sender
        FieldLimits(.any),  // incarnation
        FieldLimits(.atMost(2_147_483_647)),  // epoch
        FieldLimits(.any),  // type
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // request_id
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // attempt
        FieldLimits(.atMost(86_400_000_000)),  // budget_microseconds
        FieldLimits(.bytes(256), canBeEmpty: true),  // trace_parent
        FieldLimits(.any, count: 15),  // body_lengths
        FieldLimits(.any),  // body_checksum
        FieldLimits(.atMost(1_073_741_824)),  // credit
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Header>) {
        sheaf__v1__header__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Header) throws(WireError) {
        c.magic = magic
        c.version = version
        try Pack.text(clusterID, of: "Header", &c.cluster_id)
        try Pack.text(sender, of: "Header", &c.sender)
        c.incarnation = incarnation
        c.epoch = epoch
        c.type = type
        c.request_id = requestID
        c.attempt = attempt
        c.budget_microseconds = budgetMicroseconds
        try Pack.text(traceParent, of: "Header", &c.trace_parent)
        Pack.numbers(bodyLengths, &c.body_lengths, &c.n_body_lengths)
        c.body_checksum = bodyChecksum
        c.credit = credit
    }

    init(_ c: Sheaf__V1__Header) throws(WireError) {
        try self.init(
            magic: c.magic,
            version: c.version,
            clusterID: Unpack.text(c.cluster_id, "Header.cluster_id"),
            sender: Unpack.text(c.sender, "Header.sender"),
            incarnation: c.incarnation,
            epoch: c.epoch,
            type: c.type,
            requestID: c.request_id,
            attempt: c.attempt,
            budgetMicroseconds: c.budget_microseconds,
            traceParent: Unpack.text(c.trace_parent, "Header.trace_parent"),
            bodyLengths: Unpack.numbers(c.body_lengths, c.n_body_lengths),
            bodyChecksum: c.body_checksum,
            credit: c.credit)
    }
}
