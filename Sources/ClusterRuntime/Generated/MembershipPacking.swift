// Written by scripts/generate-proto from proto/; not by hand.

import CClusterProtocol
import ClusterCore

extension Hello: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.any),  // role
        FieldLimits(.processName, canBeEmpty: true),  // name
        FieldLimits(.bytes(255), canBeEmpty: true),  // host
        FieldLimits(.atMost(2_147_483_647)),  // process_id
        FieldLimits(.atMost(4_096)),  // threads
        FieldLimits(.bytes(64), canBeEmpty: true),  // data_token
        FieldLimits(.bytes(64), canBeEmpty: true),  // release
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Hello>) {
        sheaf__v1__hello__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Hello) throws(WireError) {
        c.role = Sheaf__V1__Role(UInt32(bitPattern: role.rawValue))
        try Pack.text(name, of: "Hello", &c.name)
        try Pack.text(host, of: "Hello", &c.host)
        c.process_id = processID
        c.threads = threads
        try Pack.text(dataToken, of: "Hello", &c.data_token)
        try Pack.text(release, of: "Hello", &c.release)
    }

    init(_ c: Sheaf__V1__Hello) throws(WireError) {
        try self.init(
            role: Unpack.choice(c.role.rawValue, "Hello.role"),
            name: Unpack.text(c.name, "Hello.name"),
            host: Unpack.text(c.host, "Hello.host"),
            processID: c.process_id,
            threads: c.threads,
            dataToken: Unpack.text(c.data_token, "Hello.data_token"),
            release: Unpack.text(c.release, "Hello.release"))
    }
}

extension Welcome: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.processName, canBeEmpty: true),  // name
        FieldLimits(.atMost(2_147_483_647)),  // epoch
        FieldLimits(.atMost(60_000)),  // heartbeat_milliseconds
        FieldLimits(.any),  // shares_data
        FieldLimits(.bytes(512), canBeEmpty: true),  // query_endpoint
        FieldLimits(.bytes(512), canBeEmpty: true),  // bulk_endpoint
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Welcome>) {
        sheaf__v1__welcome__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Welcome) throws(WireError) {
        try Pack.text(name, of: "Welcome", &c.name)
        c.epoch = epoch
        c.heartbeat_milliseconds = heartbeatMilliseconds
        c.shares_data = sharesData ? 1 : 0
        try Pack.text(queryEndpoint, of: "Welcome", &c.query_endpoint)
        try Pack.text(bulkEndpoint, of: "Welcome", &c.bulk_endpoint)
    }

    init(_ c: Sheaf__V1__Welcome) throws(WireError) {
        try self.init(
            name: Unpack.text(c.name, "Welcome.name"),
            epoch: c.epoch,
            heartbeatMilliseconds: c.heartbeat_milliseconds,
            sharesData: c.shares_data != 0,
            queryEndpoint: Unpack.text(c.query_endpoint, "Welcome.query_endpoint"),
            bulkEndpoint: Unpack.text(c.bulk_endpoint, "Welcome.bulk_endpoint"))
    }
}

extension Heartbeat: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(281_474_976_710_655)),  // progress
        FieldLimits(.any),  // busy
        FieldLimits(.atMost(281_474_976_710_655)),  // passages_encoded
        FieldLimits(.atMost(281_474_976_710_655)),  // searches
        FieldLimits(.atMost(281_474_976_710_655)),  // resident_bytes
        FieldLimits(.bytes(4_096), canBeEmpty: true, count: 8),  // violations
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Heartbeat>) {
        sheaf__v1__heartbeat__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Heartbeat) throws(WireError) {
        c.progress = progress
        c.busy = busy ? 1 : 0
        c.passages_encoded = passagesEncoded
        c.searches = searches
        c.resident_bytes = residentBytes
        try Pack.texts(violations, of: "Heartbeat", &c.violations, &c.n_violations)
    }

    init(_ c: Sheaf__V1__Heartbeat) throws(WireError) {
        try self.init(
            progress: c.progress,
            busy: c.busy != 0,
            passagesEncoded: c.passages_encoded,
            searches: c.searches,
            residentBytes: c.resident_bytes,
            violations: Unpack.texts(c.violations, c.n_violations, "Heartbeat.violations"))
    }
}

extension HeartbeatAck: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(281_474_976_710_655))  // progress
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__HeartbeatAck>) {
        sheaf__v1__heartbeat_ack__init(c)
    }

    func fill(_ c: inout Sheaf__V1__HeartbeatAck) throws(WireError) {
        c.progress = progress
    }

    init(_ c: Sheaf__V1__HeartbeatAck) throws(WireError) {
        self.init(
            progress: c.progress)
    }
}

extension Goodbye: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.bytes(1_048_576), canBeEmpty: true)  // reason
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Goodbye>) {
        sheaf__v1__goodbye__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Goodbye) throws(WireError) {
        try Pack.text(reason, of: "Goodbye", &c.reason)
    }

    init(_ c: Sheaf__V1__Goodbye) throws(WireError) {
        try self.init(
            reason: Unpack.text(c.reason, "Goodbye.reason"))
    }
}

extension Drain: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.bytes(1_048_576), canBeEmpty: true)  // reason
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Drain>) {
        sheaf__v1__drain__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Drain) throws(WireError) {
        try Pack.text(reason, of: "Drain", &c.reason)
    }

    init(_ c: Sheaf__V1__Drain) throws(WireError) {
        try self.init(
            reason: Unpack.text(c.reason, "Drain.reason"))
    }
}

extension Failure: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.any),  // code
        FieldLimits(.bytes(1_048_576), canBeEmpty: true),  // message
        FieldLimits(.message(Coverage.limits)),  // coverage
        FieldLimits(.atMost(3_600_000)),  // retry_after_milliseconds
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Failure>) {
        sheaf__v1__failure__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Failure) throws(WireError) {
        c.code = Sheaf__V1__FailureCode(UInt32(bitPattern: code.rawValue))
        try Pack.text(message, of: "Failure", &c.message)
        try Pack.message(coverage, &c.coverage)
        c.retry_after_milliseconds = retryAfterMilliseconds
    }

    init(_ c: Sheaf__V1__Failure) throws(WireError) {
        try self.init(
            code: Unpack.choice(c.code.rawValue, "Failure.code"),
            message: Unpack.text(c.message, "Failure.message"),
            coverage: Unpack.message(c.coverage),
            retryAfterMilliseconds: c.retry_after_milliseconds)
    }
}

extension Credit: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(1_073_741_824))  // bytes
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Credit>) {
        sheaf__v1__credit__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Credit) throws(WireError) {
        c.bytes = bytes
    }

    init(_ c: Sheaf__V1__Credit) throws(WireError) {
        self.init(
            bytes: c.bytes)
    }
}
