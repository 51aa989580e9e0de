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
    /// One lane of one worker is cut: what was under way on it is lost.
    case breakLane
    /// The coordinator dies, whatever it was writing; another one starts on its catalog.
    case crashCoordinator
    /// The user interrupts indexing and begins it again.
    case interruptRun
    /// The coordinator's disk is full: commits and manifests fail for a while.
    case fillDisk
    /// A worker cannot encode some batches, or cannot write them.
    case failEncoding
    /// Workers cannot search some of their shards for a while.
    case failSearch
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
    }

    static let passageBytes = 100
    static let chunkBytes = 400
    /// Passages a full batch holds.
    static let batchSize = 10

    let seed: UInt64
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

    init(seed: UInt64) {
        var dice = Dice(seed: seed)
        self.seed = seed
        let sharing = dice.number(0...2)
        let slowOne = dice.number(0...9)
        machines = (0..<dice.number(1...5)).map { number in
            Machine(
                name: "w\(number)", threads: dice.number(1...4),
                slowness: number == slowOne ? 10 : 1,
                sharesData: sharing == 0 || (sharing == 1 && dice.once(in: 2)))
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
}
