extension CoordinatorMachine {
    /// What happened.
    package enum Event: Sendable {
        case worker(WorkerEvent)
        case index(IndexEvent)
        case serving(ServingEvent)
        /// Time passes.
        case tick
        /// The coordinator ends: its run does, and nobody waits for a generation.
        case closing
    }

    /// What happened to workers.
    package enum WorkerEvent: Sendable {
        /// One introduces itself on a lane; on the control lane with the bytes that it takes.
        case hello(Membership.Member, Lane, credit: Int)
        /// One was heard, with something that is not for this machine.
        case heard(WorkerID, Lane)
        /// One sent a message.
        case received(Message, requestID: UInt64, frames: [[UInt8]], from: WorkerID, Lane)
        /// One said what cannot be read, of an attempt or of none.
        case unreadable(String, Attempt, from: WorkerID)
        /// One is no longer allowed to be here.
        case excluded(WorkerID)
        /// The transport, or whoever started it, says that one cannot be reached.
        case unreachable(WorkerID)
        /// Others than the coordinator's folder hold a segment that a worker asked for.
        case holders([String], SegmentRequest, requestID: UInt64, for: WorkerID)
    }

    /// What happened to indexing.
    package enum IndexEvent: Sendable {
        /// A client asks for a source to be indexed, or for its run to be told of again.
        case asked(IndexRequest, client: ClientAddress, of: Sender)
        /// Somebody asks for the run to end.
        case cancelled(by: Sender, client: ClientAddress)
        /// The source was read so far.
        case scanned(run: Int, passages: UInt64)
        /// What people ought to know of a run.
        case noted(run: Int, [String])
        /// The segments that an earlier run made are to be checked.
        case check(run: Int, SourceShape, [SegmentAudit.Entry])
        /// The coordinator's own folder was looked through for a page of them.
        case folderChecked(SegmentsChecked, requestID: UInt64)
        /// A run can begin.
        case prepared(run: Int, RunStart)
        /// A run cannot begin; for want of space it is tried again.
        case prepareFailed(run: Int, Failure, wantsSpace: Bool)
        /// The preparation of a run that has ended meanwhile is over.
        case prepareLeft(run: Int)
        /// The passages of a batch are here.
        case batchRead(run: Int, BatchNumber, bytes: Int)
        /// They cannot be read.
        case readFailed(run: Int, Failure)
        /// The file of a reported segment was looked at; nil: all is as it was reported.
        case inspected(SegmentReady, WorkerID, fault: String?)
        /// The catalog holds a segment of the batch: the one reported, or one of before.
        case committed(Attempt, standing: SegmentRecord, isNew: Bool)
        case commitFailed(Attempt, reason: String)
        case published(Publication)
        case publishFailed(Publication, reason: String)
    }

    /// What happened to collections.
    package enum ServingEvent: Sendable {
        /// A collection is known from now on.
        case opened(String, shardCount: Int, isWanted: Bool)
        /// A collection has no generation that can be read, for this reason.
        case unreadable(String, generation: UInt64, reason: String)
        /// A generation of it is on disk.
        case found(String, ServingTable.Generation)
        /// A manifest was made anew: what failed before may not fail now.
        case mended(String)
        /// Somebody searches it.
        case wanted(String)
        case dropped(String)
        /// A search begins and waits for a generation; the number tells waiters apart.
        case pin(String, waiter: UInt64, allowsPartial: Bool, deadline: Instant)
        /// A search of a generation has ended.
        case unpin(String, UInt64)
    }

    /// What is to be done.
    package enum Effect: Sendable {
        // Workers.
        /// Say WELCOME, on the lane.
        case welcome(WorkerID, Lane)
        /// Tell a worker that another has its name.
        case refuseName(WorkerID, Lane)
        /// Tell a worker to introduce itself.
        /// On the lane on which it spoke: a worker heeds it there alone where it knows which of its
        /// own messages came before.
        case askForHello(WorkerID, Lane)
        case acknowledgeHeartbeat(WorkerID, progress: UInt64)
        /// A worker came, went, or is away: its address is known, kept or forgotten.
        case member(Membership.Change)
        /// These are the workers to expect at the next start.
        case expect([String])

        // Indexing.
        case prepare(IndexRun)
        case readBatch(run: Int, BatchNumber)
        case grant(LeaseTable.Lease, bytes: Int)
        case sendPassages(PassageFlow.Piece)
        case revoke(LeaseTable.Lease, collection: String)
        /// The passages of a batch are not needed any more.
        case forgetBatch(BatchNumber)
        /// See that the file of a reported segment is there.
        case inspect(SegmentReady, WorkerID)
        case commit(Commit)
        case acknowledge(WorkerID, CommitAck)
        case publish(Publication)
        /// A lease came back unfinished.
        case leaseFailed(LeaseFailed, WorkerID)
        /// Indexing waits, for want of space.
        case paused(reason: String)
        case report(ClientAddress, IndexProgress)
        /// Another request is being carried out, which may be of the same collection.
        case busy(ClientAddress, collection: String, isSameCollection: Bool)
        case cancelled(ClientAddress)
        case refuseCancel(ClientAddress, PermissionRefusal)
        /// A run is over; whoever waits for it is told, and what it kept is let go.
        case runEnded(IndexRun, RunEnd, IndexProgress)

        // The check of segments.
        case askHolder(String, entries: [Int], requestID: UInt64)
        case foundDamaged(String, entry: Int)
        case checkEnded(SegmentAudit.Outcome?)

        // Serving.
        case load(WorkerID, String, ServingTable.Load)
        case unload(String, generation: UInt64)
        case serves(String, generation: UInt64)
        case cannotLoad(WorkerID, String, reason: String)
        /// Other workers hold shards of the collection now, or none will.
        case moved(String)
        case pinned(waiter: UInt64, ServingTable.Generation)
        /// The collection is unknown, its time is over, or nothing of it can be loaded.
        case cannotPin(waiter: UInt64, String)

        // Segments on their way between hosts.
        /// Answer from the coordinator's folder, or say who else holds it.
        case lookUp(SegmentRequest, requestID: UInt64, for: WorkerID)
        case askForSegment(WorkerID, SegmentRequest, requestID: UInt64)
        case passSegment(WorkerID, SegmentChunk, frames: [[UInt8]], requestID: UInt64)
        /// A worker holds a copy of a segment from now on.
        case enterCopy(WorkerID, collection: String, sha256: String)
    }
}
