// Protocol buffers in C and back: query messages.

import CClusterProtocol
import ClusterCore

extension QueryRequest: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__QueryRequest>) {
        sheaf__v1__query_request__init(c)
    }

    func fill(_ c: inout Sheaf__V1__QueryRequest, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.k = k
        c.allow_partial = allowPartial ? 1 : 0
        c.texts = texts ? 1 : 0
        (c.n_questions, c.questions) = arena.strings(questions)
        c.question_model = arena.string(questionModel)
    }

    init(_ c: Sheaf__V1__QueryRequest) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "QueryRequest.collection"),
            k: c.k,
            allowPartial: c.allow_partial != 0,
            texts: c.texts != 0,
            questions: try Unpack.texts(c.questions, c.n_questions, "QueryRequest.questions"),
            questionModel: try Unpack.text(c.question_model, "QueryRequest.question_model"))
    }
}

extension Timings: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Timings>) {
        sheaf__v1__timings__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Timings, _ arena: PackArena) {
        c.encode_us = encodeUs
        c.search_us = searchUs
        c.slowest_worker_us = slowestWorkerUs
        c.fetch_us = fetchUs
    }

    init(_ c: Sheaf__V1__Timings) throws(WireError) {
        self.init(
            encodeUs: c.encode_us,
            searchUs: c.search_us,
            slowestWorkerUs: c.slowest_worker_us,
            fetchUs: c.fetch_us)
    }
}

extension QueryAnswer: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__QueryAnswer>) {
        sheaf__v1__query_answer__init(c)
    }

    func fill(_ c: inout Sheaf__V1__QueryAnswer, _ arena: PackArena) {
        c.question = question
        c.count = count
        c.generation = generation
        c.coverage = arena.message(coverage)
        c.timings = arena.message(timings)
        c.last = last ? 1 : 0
        c.cuts = arena.message(cuts)
        c.note = arena.string(note)
    }

    init(_ c: Sheaf__V1__QueryAnswer) throws(WireError) {
        self.init(
            question: c.question,
            count: c.count,
            generation: c.generation,
            coverage: try Unpack.message(c.coverage),
            timings: try Unpack.message(c.timings),
            last: c.last != 0,
            cuts: try Unpack.message(c.cuts),
            note: try Unpack.text(c.note, "QueryAnswer.note"))
    }
}
