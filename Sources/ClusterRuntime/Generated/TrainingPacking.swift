// Written by scripts/generate-proto from proto/; not by hand.

import CClusterProtocol
import ClusterCore

extension TrainerHello: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.bytes(255), canBeEmpty: true),  // host
        FieldLimits(.atMost(2_147_483_647)),  // process_id
        FieldLimits(.bytes(64), canBeEmpty: true),  // release
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerHello>) {
        sheaf__v1__trainer_hello__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerHello) throws(WireError) {
        try Pack.text(host, of: "TrainerHello", &c.host)
        c.process_id = processID
        try Pack.text(release, of: "TrainerHello", &c.release)
    }

    init(_ c: Sheaf__V1__TrainerHello) throws(WireError) {
        try self.init(
            host: Unpack.text(c.host, "TrainerHello.host"),
            processID: c.process_id,
            release: Unpack.text(c.release, "TrainerHello.release"))
    }
}

extension TrainerPlan: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(60_000))  // heartbeat_milliseconds
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerPlan>) {
        sheaf__v1__trainer_plan__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerPlan) throws(WireError) {
        c.heartbeat_milliseconds = heartbeatMilliseconds
    }

    init(_ c: Sheaf__V1__TrainerPlan) throws(WireError) {
        self.init(
            heartbeatMilliseconds: c.heartbeat_milliseconds)
    }
}

extension TrainerFact: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.bytes(256), canBeEmpty: true),  // name
        FieldLimits(.bytes(4_096), canBeEmpty: true),  // value
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerFact>) {
        sheaf__v1__trainer_fact__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerFact) throws(WireError) {
        try Pack.text(name, of: "TrainerFact", &c.name)
        try Pack.text(value, of: "TrainerFact", &c.value)
    }

    init(_ c: Sheaf__V1__TrainerFact) throws(WireError) {
        try self.init(
            name: Unpack.text(c.name, "TrainerFact.name"),
            value: Unpack.text(c.value, "TrainerFact.value"))
    }
}

extension RingAddress: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.bytes(255), canBeEmpty: true),  // host
        FieldLimits(.bytes(512), canBeEmpty: true, count: 16),  // endpoints
        FieldLimits(.bytes(64), canBeEmpty: true),  // public_key
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__RingAddress>) {
        sheaf__v1__ring_address__init(c)
    }

    func fill(_ c: inout Sheaf__V1__RingAddress) throws(WireError) {
        try Pack.text(host, of: "RingAddress", &c.host)
        try Pack.texts(endpoints, of: "RingAddress", &c.endpoints, &c.n_endpoints)
        try Pack.text(publicKey, of: "RingAddress", &c.public_key)
    }

    init(_ c: Sheaf__V1__RingAddress) throws(WireError) {
        try self.init(
            host: Unpack.text(c.host, "RingAddress.host"),
            endpoints: Unpack.texts(c.endpoints, c.n_endpoints, "RingAddress.endpoints"),
            publicKey: Unpack.text(c.public_key, "RingAddress.public_key"))
    }
}

extension TrainerJoin: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // attempt
        FieldLimits(.message(TrainerFact.limits), count: 256),  // facts
        FieldLimits(.message(RingAddress.limits)),  // ring
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerJoin>) {
        sheaf__v1__trainer_join__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerJoin) throws(WireError) {
        c.attempt = attempt
        try Pack.messages(facts, &c.facts, &c.n_facts)
        try Pack.message(ring, unless: RingAddress(), &c.ring)
    }

    init(_ c: Sheaf__V1__TrainerJoin) throws(WireError) {
        try self.init(
            attempt: c.attempt,
            facts: Unpack.messages(c.facts, c.n_facts),
            ring: Unpack.message(c.ring) ?? RingAddress())
    }
}

extension TrainerForm: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // attempt
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // generation
        FieldLimits(.atMost(1_023)),  // rank
        FieldLimits(.processName, count: 1_024),  // names
        FieldLimits(.message(RingAddress.limits)),  // next
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerForm>) {
        sheaf__v1__trainer_form__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerForm) throws(WireError) {
        c.attempt = attempt
        c.generation = generation
        c.rank = rank
        try Pack.texts(names, of: "TrainerForm", &c.names, &c.n_names)
        try Pack.message(next, unless: RingAddress(), &c.next)
    }

    init(_ c: Sheaf__V1__TrainerForm) throws(WireError) {
        try self.init(
            attempt: c.attempt,
            generation: c.generation,
            rank: c.rank,
            names: Unpack.texts(c.names, c.n_names, "TrainerForm.names"),
            next: Unpack.message(c.next) ?? RingAddress())
    }
}

extension TrainerBeat: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // attempt
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // generation
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // step
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerBeat>) {
        sheaf__v1__trainer_beat__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerBeat) throws(WireError) {
        c.attempt = attempt
        c.generation = generation
        c.step = step
    }

    init(_ c: Sheaf__V1__TrainerBeat) throws(WireError) {
        self.init(
            attempt: c.attempt,
            generation: c.generation,
            step: c.step)
    }
}

extension TrainerAbort: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // generation
        FieldLimits(.bytes(256), canBeEmpty: true),  // by
        FieldLimits(.bytes(1_048_576), canBeEmpty: true),  // reason
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerAbort>) {
        sheaf__v1__trainer_abort__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerAbort) throws(WireError) {
        c.generation = generation
        try Pack.text(by, of: "TrainerAbort", &c.by)
        try Pack.text(reason, of: "TrainerAbort", &c.reason)
    }

    init(_ c: Sheaf__V1__TrainerAbort) throws(WireError) {
        try self.init(
            generation: c.generation,
            by: Unpack.text(c.by, "TrainerAbort.by"),
            reason: Unpack.text(c.reason, "TrainerAbort.reason"))
    }
}

extension TrainerFinish: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // generation
        FieldLimits(.any),  // interrupted
        FieldLimits(.bytes(1_048_576), canBeEmpty: true),  // failure
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerFinish>) {
        sheaf__v1__trainer_finish__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerFinish) throws(WireError) {
        c.generation = generation
        c.interrupted = interrupted ? 1 : 0
        try Pack.text(failure, of: "TrainerFinish", &c.failure)
    }

    init(_ c: Sheaf__V1__TrainerFinish) throws(WireError) {
        try self.init(
            generation: c.generation,
            interrupted: c.interrupted != 0,
            failure: Unpack.text(c.failure, "TrainerFinish.failure"))
    }
}

extension RingHeader: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.bytes(64), canBeEmpty: true),  // run
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // generation
        FieldLimits(.atMost(9_223_372_036_854_775_807)),  // sequence
        FieldLimits(.any),  // kind
        FieldLimits(.any),  // element
        FieldLimits(.atMost(281_474_976_710_655)),  // count
        FieldLimits(.atMost(4_294_967_295)),  // width
        FieldLimits(.atMost(1_023)),  // rank
        FieldLimits(.atMost(4_095)),  // step
        FieldLimits(.atMost(281_474_976_710_655)),  // offset
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__RingHeader>) {
        sheaf__v1__ring_header__init(c)
    }

    func fill(_ c: inout Sheaf__V1__RingHeader) throws(WireError) {
        try Pack.text(run, of: "RingHeader", &c.run)
        c.generation = generation
        c.sequence = sequence
        c.kind = kind
        c.element = element
        c.count = count
        c.width = width
        c.rank = rank
        c.step = step
        c.offset = offset
    }

    init(_ c: Sheaf__V1__RingHeader) throws(WireError) {
        try self.init(
            run: Unpack.text(c.run, "RingHeader.run"),
            generation: c.generation,
            sequence: c.sequence,
            kind: c.kind,
            element: c.element,
            count: c.count,
            width: c.width,
            rank: c.rank,
            step: c.step,
            offset: c.offset)
    }
}
