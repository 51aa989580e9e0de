import ClusterCore
import Models

/// What a query service needs of the cluster around it.
///
/// A coordinator gives it today (`CoordinatorHost`). Everything that travels through here is a
/// value, so that the service can live in another process: a gateway, or a client.
protocol QueryHost: Sendable {
    /// The monotonic clock that deadlines are of.
    func now() -> Instant

    /// What a collection is that somebody searches; workers load its generations from now on.
    func wanted(_ name: String) async throws(ClusterError) -> CollectionRecord

    /// Pins the generation that serves; nil where none does yet. `unpin` must follow.
    func pin(_ name: String) async -> PinnedGeneration?

    /// As `pin(_:)`, but waits while a generation is being loaded, and says why none can be.
    func pin(
        _ name: String, allowPartial: Bool, until deadline: Instant
    ) async throws(ClusterError) -> PinnedGeneration

    /// A search of a pinned generation has ended.
    func unpin(_ name: String, _ generation: UInt64) async

    /// Who holds shards of a generation now.
    func places(
        of shards: [ShardNumber], in generation: UInt64, of name: String
    ) async -> ShardPlaces

    /// What may be said to those whose search has failed.
    func outlook(of name: String) async -> QueryMachine.Outlook

    /// Keeps what was found out of a collection's question tower.
    func remember(questionModel folder: String, _ encoder: EncoderOptions, of name: String) async

    /// Sends to a worker on the query lane; false where it cannot even be queued.
    func send(
        _ message: Message, to worker: PeerID, requestID: UInt64, budget: Duration?,
        frames: [[UInt8]]
    ) -> Bool

    /// Answers a client.
    func reply(_ message: Message, to client: ClientAddress, frames: [[UInt8]])
}

/// A generation that stays loaded while it is searched.
struct PinnedGeneration: Sendable {
    var number: UInt64
    /// Rows of each shard.
    var rows: [ShardNumber: UInt64]
    /// What it is made of; nil where the collection was dropped meanwhile.
    var manifest: GenerationManifest?
    var places: ShardPlaces
    /// What those who search it ought to know; else empty.
    var note: String
}

/// Who holds shards, and where those are.
struct ShardPlaces: Sendable {
    var places = QueryMachine.Places()
    /// How the workers are reached.
    var addresses: [WorkerID: PeerID] = [:]
}

/// What a query service is told.
enum QueryEvent: Sendable {
    /// A client asks questions, and waits for so long.
    case asked(QueryRequest, budget: Duration, ClientAddress)
    /// A worker has answered a SEARCH.
    case searched(SearchResult, Envelope, WorkerID)
    /// A worker has answered a FETCH.
    case fetched(FetchResult, Envelope, WorkerID)
    /// A worker cannot answer a request.
    case failed(Failure, requestID: UInt64, WorkerID)
    /// A worker cannot be reached.
    case lost(WorkerID)
    /// Other workers hold the shards of a collection now, or none will.
    case moved(String)
    /// A collection is no more.
    case dropped(String)
    /// A client is gone.
    case left(PeerID)
}
