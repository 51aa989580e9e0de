import ClusterCore
import TestSupport

/// What may go wrong in a run.
enum Fault: CaseIterable {
    /// A worker dies; its files survive; a new life starts after a while.
    case crashWorker
    /// A worker stands still, connections and all, then goes on as if nothing had been.
    case pauseWorker
    /// A worker answers heartbeats but computes nothing.
    case hangWorker
    /// A worker stands still and another of its name is started; then the first goes on.
    case replaceWorker
    /// A worker says goodbye and comes back later.
    case leaveWorker
    /// A worker dies between two effects of one decision.
    case crashAmidstEffects
    /// The host of a worker loses its power: what was not synced there is lost or torn. Where the
    /// coordinator's folder is on that host, all that share it die.
    case losePower
    /// One lane of one worker is cut: what was under way on it is lost.
    case breakLane
    /// For a while some messages to and from a worker are lost, although its connections stand.
    case loseMessages
    /// For a while some messages to and from a worker come twice.
    case repeatMessages
    /// For a while messages to and from a worker come late.
    case delayMessages
    /// For a while nothing passes between a worker and the coordinator.
    case partition
    /// For a while nothing passes one way.
    case partitionOneWay
    /// The coordinator dies, whatever it was writing; another one starts on its catalog.
    case crashCoordinator
    /// The user interrupts indexing and begins it again.
    case interruptRun
    /// The coordinator's disk is full: commits and manifests fail for a while.
    case fillDisk
    /// A worker cannot encode some batches, or cannot write them.
    case failEncoding
    /// Files that were reported vanish from the shared folder for a while.
    case loseFile
    /// Workers cannot search some of their shards for a while.
    case failSearch
}

/// What runs must come upon, so that what they prove is not about fair weather alone.
enum Sight: CaseIterable {
    /// A power cut has left a file that is not what its name says, and a worker opens it.
    case tornFile
    /// A worker copies a segment of another.
    case copiedSegment
    /// A worker dies between two effects of one decision.
    case deathAmidstEffects
    /// A message is lost although its connection stands.
    case lostMessage
    /// A message comes twice.
    case repeatedMessage
    /// What one coordinator sent is read after the next one was heard.
    case lateMessage
    /// Work on a lease ends when the lease is another's by then.
    case voidWork
    /// A search is passed over, since the coordinator that asked is gone.
    case deadCoordinatorsSearch
    /// A search is passed over, since nobody waits for it.
    case cancelledSearch
    /// Passages come with the hits.
    case passagesWithHits
    /// Passages come in more than one part.
    case partOfPassages
    /// Nobody is left that holds passages which were found.
    case missingPassages
}

/// What a seed decides about a run before it begins.
struct SimulationSettings {
    /// One worker process and the machine it runs on.
    struct Machine {
        var name: String
        var threads: Int
        /// Times slower than others.
        var slowness: Int
        /// True where it sees the coordinator's data folder.
        var sharesData: Bool
        /// What its clock showed at the start, and how much faster it runs, in millionths.
        var clockStart: Int64
        var clockDrift: Int64

        /// The machine's own clock.
        func clock(_ time: Instant) -> Instant {
            let drifted = time.nanoseconds + time.nanoseconds / 1_000_000 * clockDrift
            return Instant(nanoseconds: clockStart + drifted)
        }
    }

    static let passageBytes = 100
    static let chunkBytes = 400
    /// Bytes of a segment in one message.
    static let partBytes: UInt64 = 600
    /// Passages a full batch holds.
    static let batchSize = 10

    let seed: UInt64
    /// The rule that the machines break.
    let broken: ProtocolRule?
    let machines: [Machine]
    let batchCount: Int
    let lastBatchRows: Int
    let shardCount: Int
    let encodeMilliseconds: Int
    let leaseRules: LeaseTable.Rules
    /// Bytes of passages that may be under way to one worker.
    let credit: Int
    /// True where the coordinator is told at once of a worker process that ends.
    let watchesProcesses: Bool
    let faults: [Fault]
    let faultPause: ClosedRange<Int>
    /// When the last fault happens; from then on everything must come right.
    let calmAt: Instant
    /// When everything must have come right.
    let limit: Instant
    /// The source of all further chance.
    let dice: Dice

    init(seed: UInt64, broken: ProtocolRule? = nil) {
        var dice = Dice(seed: seed)
        self.seed = seed
        self.broken = broken
        let sharing = dice.number(0...2)
        let slowOne = dice.number(0...9)
        machines = (0..<dice.number(1...5)).map { number in
            Machine(
                name: "w\(number)", threads: dice.number(1...4),
                slowness: number == slowOne ? 10 : 1,
                sharesData: sharing == 0 || (sharing == 1 && dice.once(in: 2)),
                clockStart: Int64(dice.number(0...1_000_000)) * 1_000_000_000,
                clockDrift: dice.once(in: 2) ? 0 : Int64(dice.number(-10_000...10_000)))
        }
        batchCount = dice.number(1...40)
        lastBatchRows = dice.number(1...SimulationSettings.batchSize)
        shardCount = dice.number(1...6)
        encodeMilliseconds = dice.number(50...800)
        leaseRules = LeaseTable.Rules(duration: dice.once(in: 2) ? .seconds(10) : .seconds(60))
        credit = SimulationSettings.chunkBytes * dice.number(1...6)
        watchesProcesses = dice.once(in: 2)
        faults =
            switch dice.number(0...15) {
            case 0: []
            case 1, 2: [.crashWorker]
            default: Fault.allCases.filter { _ in dice.once(in: 2) }
            }
        faultPause = dice.once(in: 2) ? 100...1500 : 500...6000
        calmAt = Instant(nanoseconds: Int64(dice.number(5...30)) * 1_000_000_000)
        limit = calmAt + .seconds(600)
        self.dice = dice
    }

    func rows(of batch: BatchNumber) -> Int {
        batch.rawValue == batchCount - 1 ? lastBatchRows : SimulationSettings.batchSize
    }

    /// Content decides the name of a segment: no worker, attempt or time enters it.
    func sha256(of batch: BatchNumber) -> String { "segment-\(batch.rawValue)" }

    /// The batch of a segment.
    func batch(of sha256: String) -> BatchNumber? {
        sha256.split(separator: "-").last.flatMap { Int($0) }.map { BatchNumber($0) }
    }

    /// The size of a segment's file.
    func bytes(of batch: BatchNumber) -> UInt64 {
        UInt64(rows(of: batch) * SimulationSettings.passageBytes)
    }

    func bytes(of sha256: String) -> UInt64 { batch(of: sha256).map { bytes(of: $0) } ?? 0 }

    /// Rows of segments together.
    func rows(of segments: [String]) -> UInt64 {
        segments.reduce(0) { $0 + UInt64(batch(of: $1).map { rows(of: $0) } ?? 0) }
    }

    /// The bytes of a segment that a request gets.
    func part(of request: SegmentRequest) -> [UInt8] {
        let total = bytes(of: request.sha256)
        guard request.offset < total else { return [] }
        let count = min(SimulationSettings.partBytes, total - request.offset)
        return [UInt8](repeating: 0, count: Int(count))
    }
}
