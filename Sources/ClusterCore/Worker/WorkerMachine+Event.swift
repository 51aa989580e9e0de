extension WorkerMachine {
    /// What has happened to a worker.
    ///
    /// Completions name the work that an ``Effect`` gave; one that is not awaited any more is
    /// passed over.
    package enum Event: Sendable {
        /// A tenth of a second has passed.
        case tick
        /// A message came.
        case received(Envelope, on: Lane)
        /// The connection of a lane has broken: what was asked over it and not answered is lost.
        case disconnected(Lane)
        /// The coordinator's transport does not let this worker in, with the reason.
        case rejected(String)
        /// A lane could not be connected to where the coordinator said.
        case notConnected(Lane)
        /// The process is asked to end.
        case stop

        /// The guess at the next encoder is loaded, or could not be.
        case encoderPrepared(EncoderKey?)
        /// The encoder of a lease is loaded.
        case encoderLoaded(EncoderKey, for: LeaseKey)
        /// The passages of a lease are vectors now; what was cut off them.
        case encoded(LeaseKey, Cuts)
        /// The segment of a lease has its name; a power cut may still lose it.
        case segmentWritten(LeaseKey, SegmentFacts)
        /// The segment of a lease is on the disk, whatever happens now.
        case segmentSynced(LeaseKey)
        /// The encoder of a lease could not be loaded, its passages not encoded, or its segment
        /// not written.
        case leaseFailed(LeaseKey, Failure)

        /// A segment is open, and what it says of itself.
        case segmentOpened(WorkID, OpenedSegment)
        /// A segment that was to be opened is not in this worker's folder.
        case segmentAbsent(WorkID)
        /// A segment that came from elsewhere is on the disk.
        case segmentStored(WorkID)
        /// The index of a shard is ready.
        case shardBuilt(WorkID)
        /// A segment could not be opened or stored, or a shard not built; whether trying again
        /// with the same segments must fail again.
        case loadFailed(WorkID, reason: String, isLasting: Bool)

        /// Files of shards that are served are not what they were.
        case damaged([DamagedShard])
        /// A search is answered; its raw frames.
        case searched(WorkID, SearchResult, frames: [[UInt8]])
        /// Passages are read; their raw frame.
        case fetched(WorkID, FetchResult, frames: [[UInt8]])
        /// A part of a segment is read, or nobody has it here; its raw frame.
        case partRead(WorkID, SegmentChunk, frames: [[UInt8]])
        /// Segments are checked.
        case checked(WorkID, SegmentsChecked)
        /// A search or fetch has failed.
        case requestFailed(WorkID, Failure)
        /// A request was passed over: it was cancelled before its turn, or cannot be meant.
        case passedOver(WorkID)
    }

    /// What a worker reports of a segment that it wrote.
    package struct SegmentFacts: Hashable, Sendable {
        /// Its SHA-256, lower-case hex.
        package var sha256: String
        /// How many passages it holds.
        package var rows: UInt64
        /// The file's size.
        package var bytes: UInt64

        /// Makes the facts of a segment.
        package init(sha256: String, rows: UInt64, bytes: UInt64) {
            self.sha256 = sha256
            self.rows = rows
            self.bytes = bytes
        }
    }

    /// What an open segment says of itself.
    package struct OpenedSegment: Hashable, Sendable {
        /// Where it lies.
        package var path: String
        /// Components of its vectors.
        package var dimension: Int
        /// The encoder that made them.
        package var fingerprint: String

        /// Makes the facts of an open segment.
        package init(path: String, dimension: Int, fingerprint: String) {
            self.path = path
            self.dimension = dimension
            self.fingerprint = fingerprint
        }
    }

    /// A shard that reads damaged files.
    package struct DamagedShard: Hashable, Sendable {
        /// The work that built its index.
        package var index: WorkID
        /// The damaged files and what is wrong with each, in words that end with the remedy.
        package var files: [String: String]

        /// Names a shard and its damaged files.
        package init(index: WorkID, files: [String: String]) {
            self.index = index
            self.files = files
        }
    }
}
