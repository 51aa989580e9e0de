// Protocol buffers in C and back: training messages.

import CClusterProtocol
import ClusterCore

extension TrainerHello: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerHello>) {
        sheaf__v1__trainer_hello__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerHello, _ arena: PackArena) {
        c.host = arena.string(host)
        c.process_id = processID
        c.release = arena.string(release)
    }

    init(_ c: Sheaf__V1__TrainerHello) throws(WireError) {
        self.init(
            host: try Unpack.text(c.host, "TrainerHello.host"),
            processID: c.process_id,
            release: try Unpack.text(c.release, "TrainerHello.release"))
    }
}

extension TrainerPlan: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerPlan>) {
        sheaf__v1__trainer_plan__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerPlan, _ arena: PackArena) {
        c.configuration = arena.string(configuration)
        c.heartbeat_milliseconds = heartbeatMilliseconds
    }

    init(_ c: Sheaf__V1__TrainerPlan) throws(WireError) {
        self.init(
            configuration: try Unpack.text(c.configuration, "TrainerPlan.configuration"),
            heartbeatMilliseconds: c.heartbeat_milliseconds)
    }
}

extension TrainerFact: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerFact>) {
        sheaf__v1__trainer_fact__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerFact, _ arena: PackArena) {
        c.name = arena.string(name)
        c.value = arena.string(value)
    }

    init(_ c: Sheaf__V1__TrainerFact) throws(WireError) {
        self.init(
            name: try Unpack.text(c.name, "TrainerFact.name"),
            value: try Unpack.text(c.value, "TrainerFact.value"))
    }
}

extension RingAddress: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__RingAddress>) {
        sheaf__v1__ring_address__init(c)
    }

    func fill(_ c: inout Sheaf__V1__RingAddress, _ arena: PackArena) {
        c.host = arena.string(host)
        (c.n_endpoints, c.endpoints) = arena.strings(endpoints)
        c.public_key = arena.string(publicKey)
    }

    init(_ c: Sheaf__V1__RingAddress) throws(WireError) {
        self.init(
            host: try Unpack.text(c.host, "RingAddress.host"),
            endpoints: try Unpack.texts(c.endpoints, c.n_endpoints, "RingAddress.endpoints"),
            publicKey: try Unpack.text(c.public_key, "RingAddress.public_key"))
    }
}

extension TrainerJoin: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerJoin>) {
        sheaf__v1__trainer_join__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerJoin, _ arena: PackArena) {
        c.attempt = attempt
        (c.n_facts, c.facts) = arena.messages(facts)
        c.ring = arena.message(ring == RingAddress() ? nil : ring)
    }

    init(_ c: Sheaf__V1__TrainerJoin) throws(WireError) {
        self.init(
            attempt: c.attempt,
            facts: try Unpack.messages(c.facts, c.n_facts),
            ring: try Unpack.message(c.ring) ?? RingAddress())
    }
}

extension TrainerForm: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerForm>) {
        sheaf__v1__trainer_form__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerForm, _ arena: PackArena) {
        c.attempt = attempt
        c.generation = generation
        c.rank = rank
        (c.n_names, c.names) = arena.strings(names)
        c.next = arena.message(next == RingAddress() ? nil : next)
    }

    init(_ c: Sheaf__V1__TrainerForm) throws(WireError) {
        self.init(
            attempt: c.attempt,
            generation: c.generation,
            rank: c.rank,
            names: try Unpack.texts(c.names, c.n_names, "TrainerForm.names"),
            next: try Unpack.message(c.next) ?? RingAddress())
    }
}

extension TrainerBeat: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerBeat>) {
        sheaf__v1__trainer_beat__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerBeat, _ arena: PackArena) {
        c.attempt = attempt
        c.generation = generation
        c.progress = arena.string(progress)
        c.step = step
    }

    init(_ c: Sheaf__V1__TrainerBeat) throws(WireError) {
        self.init(
            attempt: c.attempt,
            generation: c.generation,
            progress: try Unpack.text(c.progress, "TrainerBeat.progress"),
            step: c.step)
    }
}

extension TrainerAbort: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerAbort>) {
        sheaf__v1__trainer_abort__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerAbort, _ arena: PackArena) {
        c.generation = generation
        c.by = arena.string(by)
        c.reason = arena.string(reason)
    }

    init(_ c: Sheaf__V1__TrainerAbort) throws(WireError) {
        self.init(
            generation: c.generation,
            by: try Unpack.text(c.by, "TrainerAbort.by"),
            reason: try Unpack.text(c.reason, "TrainerAbort.reason"))
    }
}

extension TrainerFinish: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__TrainerFinish>) {
        sheaf__v1__trainer_finish__init(c)
    }

    func fill(_ c: inout Sheaf__V1__TrainerFinish, _ arena: PackArena) {
        c.generation = generation
        c.interrupted = interrupted ? 1 : 0
        c.report = arena.string(report)
        c.failure = arena.string(failure)
    }

    init(_ c: Sheaf__V1__TrainerFinish) throws(WireError) {
        self.init(
            generation: c.generation,
            interrupted: c.interrupted != 0,
            report: try Unpack.text(c.report, "TrainerFinish.report"),
            failure: try Unpack.text(c.failure, "TrainerFinish.failure"))
    }
}
