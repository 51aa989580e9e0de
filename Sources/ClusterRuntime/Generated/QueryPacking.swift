// Written by scripts/generate-proto from proto/; not by hand.

import CClusterProtocol
import ClusterCore

extension QueryRequest: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.atMost(500_000)),  // k
        FieldLimits(.any),  // allow_partial
        FieldLimits(.any),  // texts
        FieldLimits(.bytes(1_048_576), canBeEmpty: true, count: 8_192),  // questions
        FieldLimits(.bytes(4_096), canBeEmpty: true),  // question_model
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__QueryRequest>) {
        sheaf__v1__query_request__init(c)
    }

    func fill(_ c: inout Sheaf__V1__QueryRequest) throws(WireError) {
        try Pack.text(collection, of: "QueryRequest", &c.collection)
        c.k = k
        c.allow_partial = allowPartial ? 1 : 0
        c.texts = texts ? 1 : 0
        try Pack.texts(questions, of: "QueryRequest", &c.questions, &c.n_questions)
        try Pack.text(questionModel, of: "QueryRequest", &c.question_model)
    }

    init(_ c: Sheaf__V1__QueryRequest) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "QueryRequest.collection"),
            k: c.k,
            allowPartial: c.allow_partial != 0,
            texts: c.texts != 0,
            questions: Unpack.texts(c.questions, c.n_questions, "QueryRequest.questions"),
            questionModel: Unpack.text(c.question_model, "QueryRequest.question_model"))
    }
}

extension Timings: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(9_007_199_254_740_991)),  // encode_us
        FieldLimits(.atMost(9_007_199_254_740_991)),  // search_us
        FieldLimits(.atMost(9_007_199_254_740_991)),  // slowest_worker_us
        FieldLimits(.atMost(9_007_199_254_740_991)),  // fetch_us
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Timings>) {
        sheaf__v1__timings__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Timings) throws(WireError) {
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

extension QueryAnswer: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(8_191)),  // question
        FieldLimits(.atMost(8_192)),  // count
        FieldLimits(.atMost(281_474_976_710_655)),  // generation
        FieldLimits(.message(Coverage.limits)),  // coverage
        FieldLimits(.message(Timings.limits)),  // timings
        FieldLimits(.any),  // last
        FieldLimits(.message(Cuts.limits)),  // cuts
        FieldLimits(.bytes(1_048_576), canBeEmpty: true),  // note
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__QueryAnswer>) {
        sheaf__v1__query_answer__init(c)
    }

    func fill(_ c: inout Sheaf__V1__QueryAnswer) throws(WireError) {
        c.question = question
        c.count = count
        c.generation = generation
        try Pack.message(coverage, &c.coverage)
        try Pack.message(timings, &c.timings)
        c.last = last ? 1 : 0
        try Pack.message(cuts, &c.cuts)
        try Pack.text(note, of: "QueryAnswer", &c.note)
    }

    init(_ c: Sheaf__V1__QueryAnswer) throws(WireError) {
        try self.init(
            question: c.question,
            count: c.count,
            generation: c.generation,
            coverage: Unpack.message(c.coverage),
            timings: Unpack.message(c.timings),
            last: c.last != 0,
            cuts: Unpack.message(c.cuts),
            note: Unpack.text(c.note, "QueryAnswer.note"))
    }
}
