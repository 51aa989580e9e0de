extension QueryMachine {
    /// What happened.
    package enum Event: Sendable {
        /// A client asks, under a number that no request had before.
        case asked(UInt64, Question, by: PeerID, deadline: Instant)
        /// A client is gone.
        case left(PeerID)
        /// The batch that was to be encoded is, but for the requests that have failed.
        case encoded([UInt64], failed: [UInt64: Failure])
        /// A generation is pinned for a group.
        case pinned(UInt64, Generation)
        /// None serves yet.
        case notPinned(UInt64)
        /// None will in time.
        case cannotPin(UInt64, Failure)
        /// Who holds the shards of a search or gathering now.
        case placed(UInt64, Places)
        /// How the collection of a search is served, for the members that got too little.
        case consulted(UInt64, [UInt64], Coverage, Outlook)
        /// What hits a gathering is to fetch the passages of.
        case wanted(UInt64, Wanted)
        /// A worker has answered a search; the shards that its hits are of.
        case searched(requestID: UInt64, [ShardNumber], by: WorkerID)
        /// A worker has sent the first `count` of the passages asked for; the next takes `next`
        /// bytes, where it had no room.
        case fetched(requestID: UInt64, count: Int, next: Int, by: WorkerID)
        /// A worker cannot answer a request, or what it sent cannot be read.
        case failed(requestID: UInt64, by: WorkerID)
        /// A request cannot be sent to its worker.
        case notSent(requestID: UInt64)
        /// A worker cannot be reached.
        case lost(WorkerID)
        /// Other workers hold the shards of a collection now, or none will.
        case moved(String)
        /// Time passes.
        case tick
    }

    /// What is to be done.
    package enum Effect: Sendable {
        /// Encode the questions of these requests together: ``Event/encoded(_:failed:)``.
        case encode([UInt64])
        /// The request is refused, and over.
        case refuse(UInt64, QuestionBatches<PeerID, Tower>.Refusal)
        /// The request has failed, and is over.
        case fail(UInt64, Fault)
        /// Nobody waits for the request any more.
        case forget(UInt64)
        /// Pin what serves for a group: ``Event/pinned(_:_:)`` or ``Event/notPinned(_:)``.
        case pin(UInt64, collection: String)
        /// Pin what serves, and wait for it: ``Event/pinned(_:_:)`` or
        /// ``Event/cannotPin(_:_:)``.
        case pinPatiently(UInt64, collection: String, allowsPartial: Bool, until: Instant)
        case unpin(collection: String, generation: UInt64)
        /// A search of a generation begins, for the requests whose vectors it has, in this order.
        case begin(UInt64, [UInt64])
        /// Ask a worker to search shards, and for so many bytes of the hits' passages.
        case search(
            UInt64, WorkerID, requestID: UInt64, [ShardNumber], passageBytes: Int, until: Instant)
        /// The answer to a request is wanted no longer.
        case cancel(UInt64, WorkerID, requestID: UInt64)
        /// Say how the collection is served: ``Event/consulted(_:_:_:_:)``.
        case consult(UInt64, [UInt64], Coverage, collection: String)
        /// Merge the hits that a search has found for requests, where that is not done, and say
        /// what passages are to be gathered: ``Event/wanted(_:_:)``. The coverage is of the hits.
        case gather(UInt64, of: UInt64, [UInt64], Coverage)
        /// Ask a worker for the passages of hits in shards, in the order of their ordinals, but for
        /// the first ones.
        case fetch(UInt64, WorkerID, requestID: UInt64, Fetch, until: Instant)
        /// The request is answered with its hits and the passages of a gathering, and over.
        case answer(UInt64, of: UInt64, with: UInt64)
        /// Who holds these shards now: ``Event/placed(_:_:)``.
        case lookUp(UInt64, [ShardNumber], generation: UInt64, collection: String)
        /// What was kept of a search is not needed any more.
        case endSearch(UInt64)
        /// What was kept of a gathering is not needed any more.
        case endGathering(UInt64)
    }

    /// Who holds shards.
    package struct Places: Sendable {
        /// The workers that hold each shard and may be asked, the best first.
        package var holders: [ShardNumber: [WorkerID]]
        /// Shards that nobody holds and nobody is going to.
        package var lost: Set<ShardNumber>

        package init(
            holders: [ShardNumber: [WorkerID]] = [:], lost: Set<ShardNumber> = []
        ) {
            self.holders = holders
            self.lost = lost
        }
    }

    /// A generation that stays loaded while it is searched.
    package struct Generation: Sendable {
        package var number: UInt64
        /// Rows of each shard.
        package var rows: [ShardNumber: UInt64]
        package var places: Places

        package init(number: UInt64, rows: [ShardNumber: UInt64], places: Places) {
            self.number = number
            self.rows = rows
            self.places = places
        }
    }

    /// How a collection is served at the moment.
    package struct Outlook: Sendable {
        /// The generation that serves; nil where none does.
        package var serving: UInt64?
        /// Why shards cannot be loaded.
        package var failures: [String]

        package init(serving: UInt64?, failures: [String] = []) {
            self.serving = serving
            self.failures = failures
        }
    }

    /// The hits whose passages a gathering fetches: those that have not come with them.
    package struct Wanted: Sendable {
        /// How many there are in each shard.
        package var counts: [ShardNumber: Int]
        /// The shards of those among each request's own hits.
        package var shards: [UInt64: Set<ShardNumber>]
        package var places: Places

        package init(
            counts: [ShardNumber: Int], shards: [UInt64: Set<ShardNumber>], places: Places
        ) {
            self.counts = counts
            self.shards = shards
            self.places = places
        }
    }

    /// Passages that a worker is asked for.
    package struct Fetch: Hashable, Sendable {
        package var shards: [ShardNumber]
        /// How many of them have come already.
        package var skipped = 0
        /// How many have not.
        package var rest: Int
        /// Bytes that the answer may have.
        package var bytes: Int
    }

    /// Why a request fails.
    package enum Fault: Sendable {
        /// Not every shard of the collection answered, or none; with why some cannot.
        case missingShards(Coverage, [String])
        /// Those who hold passages that were found have left.
        case missingPassages
        case other(Failure)
    }
}
