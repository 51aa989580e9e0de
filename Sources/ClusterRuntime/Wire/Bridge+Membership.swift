// Protocol buffers in C and back: membership messages.

import CClusterProtocol
import ClusterCore

extension Hello: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Hello>) {
        sheaf__v1__hello__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Hello, _ arena: PackArena) {
        c.role = Sheaf__V1__Role(UInt32(bitPattern: role.rawValue))
        c.name = arena.string(name)
        c.host = arena.string(host)
        c.process_id = processID
        c.threads = threads
        c.data_token = arena.string(dataToken)
        c.release = arena.string(release)
    }

    init(_ c: Sheaf__V1__Hello) throws(WireError) {
        self.init(
            role: try Unpack.choice(c.role.rawValue, "Hello.role"),
            name: try Unpack.text(c.name, "Hello.name"),
            host: try Unpack.text(c.host, "Hello.host"),
            processID: c.process_id,
            threads: c.threads,
            dataToken: try Unpack.text(c.data_token, "Hello.data_token"),
            release: try Unpack.text(c.release, "Hello.release"))
    }
}

extension Welcome: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Welcome>) {
        sheaf__v1__welcome__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Welcome, _ arena: PackArena) {
        c.name = arena.string(name)
        c.epoch = epoch
        c.heartbeat_milliseconds = heartbeatMilliseconds
        c.shares_data = sharesData ? 1 : 0
        c.query_endpoint = arena.string(queryEndpoint)
        c.bulk_endpoint = arena.string(bulkEndpoint)
    }

    init(_ c: Sheaf__V1__Welcome) throws(WireError) {
        self.init(
            name: try Unpack.text(c.name, "Welcome.name"),
            epoch: c.epoch,
            heartbeatMilliseconds: c.heartbeat_milliseconds,
            sharesData: c.shares_data != 0,
            queryEndpoint: try Unpack.text(c.query_endpoint, "Welcome.query_endpoint"),
            bulkEndpoint: try Unpack.text(c.bulk_endpoint, "Welcome.bulk_endpoint"))
    }
}

extension Heartbeat: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Heartbeat>) {
        sheaf__v1__heartbeat__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Heartbeat, _ arena: PackArena) {
        c.progress = progress
        c.busy = busy ? 1 : 0
        c.passages_encoded = passagesEncoded
        c.searches = searches
        c.resident_bytes = residentBytes
    }

    init(_ c: Sheaf__V1__Heartbeat) throws(WireError) {
        self.init(
            progress: c.progress,
            busy: c.busy != 0,
            passagesEncoded: c.passages_encoded,
            searches: c.searches,
            residentBytes: c.resident_bytes)
    }
}

extension HeartbeatAck: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__HeartbeatAck>) {
        sheaf__v1__heartbeat_ack__init(c)
    }

    func fill(_ c: inout Sheaf__V1__HeartbeatAck, _ arena: PackArena) {
        c.progress = progress
    }

    init(_ c: Sheaf__V1__HeartbeatAck) throws(WireError) {
        self.init(
            progress: c.progress)
    }
}

extension Goodbye: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Goodbye>) {
        sheaf__v1__goodbye__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Goodbye, _ arena: PackArena) {
        c.reason = arena.string(reason)
    }

    init(_ c: Sheaf__V1__Goodbye) throws(WireError) {
        self.init(
            reason: try Unpack.text(c.reason, "Goodbye.reason"))
    }
}

extension Drain: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Drain>) {
        sheaf__v1__drain__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Drain, _ arena: PackArena) {
        c.reason = arena.string(reason)
    }

    init(_ c: Sheaf__V1__Drain) throws(WireError) {
        self.init(
            reason: try Unpack.text(c.reason, "Drain.reason"))
    }
}

extension Failure: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Failure>) {
        sheaf__v1__failure__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Failure, _ arena: PackArena) {
        c.code = Sheaf__V1__FailureCode(UInt32(bitPattern: code.rawValue))
        c.message = arena.string(message)
        c.coverage = arena.message(coverage)
        c.retry_after_milliseconds = retryAfterMilliseconds
    }

    init(_ c: Sheaf__V1__Failure) throws(WireError) {
        self.init(
            code: try Unpack.choice(c.code.rawValue, "Failure.code"),
            message: try Unpack.text(c.message, "Failure.message"),
            coverage: try Unpack.message(c.coverage),
            retryAfterMilliseconds: c.retry_after_milliseconds)
    }
}

extension Credit: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Credit>) {
        sheaf__v1__credit__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Credit, _ arena: PackArena) {
        c.bytes = bytes
    }

    init(_ c: Sheaf__V1__Credit) throws(WireError) {
        self.init(
            bytes: c.bytes)
    }
}
