// Protocol buffers in C and back: search messages.

import CClusterProtocol
import ClusterCore

extension Search: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Search>) {
        sheaf__v1__search__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Search, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.generation = generation
        (c.n_shards, c.shards) = arena.array(shards)
        c.k = k
        c.count = count
        c.dimension = dimension
    }

    init(_ c: Sheaf__V1__Search) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "Search.collection"),
            generation: c.generation,
            shards: Unpack.numbers(c.shards, c.n_shards),
            k: c.k,
            count: c.count,
            dimension: c.dimension)
    }
}

extension ShardCoverage: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__ShardCoverage>) {
        sheaf__v1__shard_coverage__init(c)
    }

    func fill(_ c: inout Sheaf__V1__ShardCoverage, _ arena: PackArena) {
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

extension Coverage: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Coverage>) {
        sheaf__v1__coverage__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Coverage, _ arena: PackArena) {
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

extension SearchResult: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__SearchResult>) {
        sheaf__v1__search_result__init(c)
    }

    func fill(_ c: inout Sheaf__V1__SearchResult, _ arena: PackArena) {
        (c.n_shards, c.shards) = arena.messages(shards)
        c.compute_us = computeUs
    }

    init(_ c: Sheaf__V1__SearchResult) throws(WireError) {
        self.init(
            shards: try Unpack.messages(c.shards, c.n_shards),
            computeUs: c.compute_us)
    }
}

extension Fetch: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Fetch>) {
        sheaf__v1__fetch__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Fetch, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.generation = generation
        c.texts = texts ? 1 : 0
    }

    init(_ c: Sheaf__V1__Fetch) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "Fetch.collection"),
            generation: c.generation,
            texts: c.texts != 0)
    }
}

extension FetchResult: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__FetchResult>) {
        sheaf__v1__fetch_result__init(c)
    }

    func fill(_ c: inout Sheaf__V1__FetchResult, _ arena: PackArena) {
        c.count = count
    }

    init(_ c: Sheaf__V1__FetchResult) throws(WireError) {
        self.init(
            count: c.count)
    }
}

extension Cancel: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Cancel>) {
        sheaf__v1__cancel__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Cancel, _ arena: PackArena) {
        c.request_id = requestID
    }

    init(_ c: Sheaf__V1__Cancel) throws(WireError) {
        self.init(
            requestID: c.request_id)
    }
}
