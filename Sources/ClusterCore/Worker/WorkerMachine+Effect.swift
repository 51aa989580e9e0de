extension WorkerMachine {
    /// What a worker's shell is to do, in the order of the list.
    ///
    /// What takes time is told back as an ``Event``. Bytes of passages, segments and answers pass
    /// through; the machine keeps none of them.
    package enum Effect: Equatable, Sendable {
        /// Send a message to the coordinator; what cannot be sent is lost, and the protocol repeats
        /// it.
        case send(Envelope, on: Lane)
        /// Send HELLO with the content of the data folder's token, as it is now.
        case hello(Envelope, on: Lane)
        /// Send a heartbeat with the counts of what was computed, as they are now.
        case heartbeat(Envelope)
        /// Connect a lane; ``Event/notConnected(_:)`` where that cannot be.
        case connect(Lane, to: String)
        /// End the process; why the coordinator will not have this worker, if that is why.
        case end(Failure?)
        /// Tell the log.
        case notice(Notice)

        /// Put bytes at the end of a lease's passages.
        case keepPassages(LeaseKey, [UInt8])
        /// Forget the passages of a lease.
        case dropPassages(LeaseKey)
        /// Load an encoder while the corpus is still read: ``Event/encoderPrepared(_:)``.
        case prepareEncoder(PrepareEncoder)
        /// Load the encoder of a lease: ``Event/encoderLoaded(_:for:)``.
        case loadEncoder(EncoderSpec, for: LeaseKey)
        /// Forget an encoder.
        case dropEncoder(EncoderKey)
        /// Turn the passages of a lease, which end here, into vectors: ``Event/encoded(_:_:)``.
        case encode(LeaseKey, LeaseGrant, EncoderKey)
        /// Write what was encoded: ``Event/segmentWritten(_:_:)``, then
        /// ``Event/segmentSynced(_:)``.
        case writeSegment(LeaseKey)
        /// Forget what was encoded.
        case dropSegment(LeaseKey)

        /// Open a segment, unless it is open and unchanged: ``Event/segmentOpened(_:_:)`` or
        /// ``Event/segmentAbsent(_:)``.
        case openSegment(WorkID, SegmentKey)
        /// Put bytes at the end of the copy that is being received.
        case keepPart(SegmentKey, [UInt8])
        /// Write the copy that was received, then forget it: ``Event/segmentStored(_:)``.
        case storeCopy(WorkID, SegmentKey)
        /// Forget the copy that was being received.
        case dropCopy(SegmentKey)
        /// Build the index of a shard from open segments: ``Event/shardBuilt(_:)``.
        case buildShard(WorkID, IndexSettings, [SegmentKey])
        /// Forget indexes of shards; a search that reads one ends first.
        case dropIndexes([WorkID])
        /// Close segments.
        case closeSegments([SegmentKey])
        /// Set damaged files aside, so that they are fetched or encoded again and never read.
        case setAside([String])

        /// Search shards, by number: ``Event/searched(_:_:frames:)``.
        case search(WorkID, Search, frames: [[UInt8]], indexes: [UInt32: WorkID])
        /// Read passages: ``Event/fetched(_:_:frames:)``.
        case fetch(WorkID, Fetch, frames: [[UInt8]], indexes: [WorkID])
        /// Pass over a search that still waits for its turn: ``Event/passedOver(_:)``.
        case cancel(WorkID)
        /// Read a part of a segment for somebody who lacks it: ``Event/partRead(_:_:frames:)``.
        case readPart(WorkID, SegmentRequest)
        /// Say which of these segments are here and sound: ``Event/checked(_:_:)``.
        case checkSegments(WorkID, CheckSegments)

        /// A message whose sender is filled in at the end of the event.
        static func message(
            _ message: Message, on lane: Lane, requestID: UInt64 = 0, attempt: UInt64 = 0,
            frames: [[UInt8]] = []
        ) -> Effect {
            .send(
                Envelope(
                    requestID: requestID, attempt: attempt, message: message, frames: frames),
                on: lane)
        }
    }

    /// What a worker tells its log.
    package enum Notice: Hashable, Sendable {
        /// It belongs to a cluster, under a name.
        case joined(clusterID: String, name: String)
        /// A connection to the coordinator has broken.
        case disconnected(Lane)
        /// The coordinator's transport does not let it in.
        case rejected(String)
        /// Its key is no worker's.
        case denied(String)
        /// Another worker has its name, or the coordinator is of another release.
        case misfit(String)
        /// A message came that no worker gets.
        case unexpected(MessageType, Lane)
        /// A lease is given up since more come than a coordinator may have under way.
        case leaseGivenUp(LeaseKey)
        /// A lease has failed.
        case leaseFailed(LeaseKey, String)
        /// A shard could not be loaded.
        case shardFailed(UInt32, collection: String, String)
        /// Shards are not served any more.
        case shardsDropped([UInt32], collection: String, String)
        /// A request was not taken, since so many are under way or it asks for too much at once.
        case refused(MessageType)
    }
}
