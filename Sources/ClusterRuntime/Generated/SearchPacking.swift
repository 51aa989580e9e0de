// Written by scripts/generate-proto from proto/; not by hand.

import CClusterProtocol
import ClusterCore

extension Search: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.atMost(281_474_976_710_655)),  // generation
        FieldLimits(.atMost(4_095), count: 4_096),  // shards
        FieldLimits(.atMost(500_000)),  // k
        FieldLimits(.atMost(8_192)),  // count
        FieldLimits(.atMost(65_536)),  // dimension
        FieldLimits(.atMost(16_777_216)),  // passage_bytes
        FieldLimits(.any),  // texts
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Search>) {
        sheaf__v1__search__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Search) throws(WireError) {
        try Pack.text(collection, of: "Search", &c.collection)
        c.generation = generation
        Pack.numbers(shards, &c.shards, &c.n_shards)
        c.k = k
        c.count = count
        c.dimension = dimension
        c.passage_bytes = passageBytes
        c.texts = texts ? 1 : 0
    }

    init(_ c: Sheaf__V1__Search) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "Search.collection"),
            generation: c.generation,
            shards: Unpack.numbers(c.shards, c.n_shards),
            k: c.k,
            count: c.count,
            dimension: c.dimension,
            passageBytes: c.passage_bytes,
            texts: c.texts != 0)
    }
}

extension ShardCoverage: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(4_095)),  // shard
        FieldLimits(.atMost(4_398_046_511_104)),  // rows
        FieldLimits(.any),  // answered
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__ShardCoverage>) {
        sheaf__v1__shard_coverage__init(c)
    }

    func fill(_ c: inout Sheaf__V1__ShardCoverage) throws(WireError) {
        c.shard = shard
        c.rows = rows
        c.answered = answered ? 1 : 0
    }

    init(_ c: Sheaf__V1__ShardCoverage) throws(WireError) {
        self.init(
            shard: c.shard,
            rows: c.rows,
            answered: c.answered != 0)
    }
}

extension Coverage: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(4_096)),  // shards_total
        FieldLimits(.atMost(4_096)),  // shards_answered
        FieldLimits(.atMost(4_398_046_511_104)),  // rows_total
        FieldLimits(.atMost(4_398_046_511_104)),  // rows_answered
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Coverage>) {
        sheaf__v1__coverage__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Coverage) throws(WireError) {
        c.shards_total = shardsTotal
        c.shards_answered = shardsAnswered
        c.rows_total = rowsTotal
        c.rows_answered = rowsAnswered
    }

    init(_ c: Sheaf__V1__Coverage) throws(WireError) {
        self.init(
            shardsTotal: c.shards_total,
            shardsAnswered: c.shards_answered,
            rowsTotal: c.rows_total,
            rowsAnswered: c.rows_answered)
    }
}

extension SearchResult: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.message(ShardCoverage.limits), count: 4_096),  // shards
        FieldLimits(.atMost(9_007_199_254_740_991)),  // compute_us
        FieldLimits(.atMost(2_097_152)),  // passages
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__SearchResult>) {
        sheaf__v1__search_result__init(c)
    }

    func fill(_ c: inout Sheaf__V1__SearchResult) throws(WireError) {
        try Pack.messages(shards, &c.shards, &c.n_shards)
        c.compute_us = computeUs
        c.passages = passages
    }

    init(_ c: Sheaf__V1__SearchResult) throws(WireError) {
        try self.init(
            shards: Unpack.messages(c.shards, c.n_shards),
            computeUs: c.compute_us,
            passages: c.passages)
    }
}

extension Fetch: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.atMost(281_474_976_710_655)),  // generation
        FieldLimits(.any),  // texts
        FieldLimits(.atMost(16_777_216)),  // most_bytes
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Fetch>) {
        sheaf__v1__fetch__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Fetch) throws(WireError) {
        try Pack.text(collection, of: "Fetch", &c.collection)
        c.generation = generation
        c.texts = texts ? 1 : 0
        c.most_bytes = mostBytes
    }

    init(_ c: Sheaf__V1__Fetch) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "Fetch.collection"),
            generation: c.generation,
            texts: c.texts != 0,
            mostBytes: c.most_bytes)
    }
}

extension FetchResult: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(2_097_152)),  // count
        FieldLimits(.atMost(16_777_216)),  // next_bytes
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__FetchResult>) {
        sheaf__v1__fetch_result__init(c)
    }

    func fill(_ c: inout Sheaf__V1__FetchResult) throws(WireError) {
        c.count = count
        c.next_bytes = nextBytes
    }

    init(_ c: Sheaf__V1__FetchResult) throws(WireError) {
        self.init(
            count: c.count,
            nextBytes: c.next_bytes)
    }
}

extension Cancel: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(9_223_372_036_854_775_807))  // request_id
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Cancel>) {
        sheaf__v1__cancel__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Cancel) throws(WireError) {
        c.request_id = requestID
    }

    init(_ c: Sheaf__V1__Cancel) throws(WireError) {
        self.init(
            requestID: c.request_id)
    }
}
