import ClusterCore
import TestSupport

/// A whole cluster in one process: clock, network, disks, processes and users, all from one seed.
final class Simulation {
    let settings: SimulationSettings
    let ledger: Ledger
    private(set) lazy var network = SimulatedNetwork(self, dice: networkDice)
    private(set) var now = Instant(nanoseconds: 0)
    private var events = EventQueue()
    private var dice: Dice
    private var faultDice: Dice
    private let networkDice: Dice

    var catalog = SimulatedCatalog()
    /// Segment files by folder: the coordinator's own, and one per machine that does not see it.
    var disks: [String: SimulatedDisk] = [:]
    private(set) var coordinator: SimulatedCoordinator?
    private var workers: [WorkerID: SimulatedWorker] = [:]
    private var lives: UInt64 = 0
    private var crashes = 0
    /// What has been caused, and come upon.
    private(set) var caused: Set<Fault> = []
    private(set) var seen: Set<Sight> = []
    /// Faults that last a while, and until when.
    private var amiss: [Fault: Instant] = [:]
    /// Set by a search that had to be answered in full.
    private var finalAnswer: Bool?

    /// A number that two runs of one seed share and two different runs hardly.
    private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    /// What happened last, kept where a failure is to be explained.
    private(set) var transcript: [String] = []
    private let isTold: Bool

    init(seed: UInt64, breaking broken: ProtocolRule? = nil, isTold: Bool = false) {
        settings = SimulationSettings(seed: seed, broken: broken)
        ledger = Ledger(settings)
        self.isTold = isTold
        dice = settings.dice
        faultDice = dice.fork()
        networkDice = dice.fork()
        catalog.broken = broken
    }

    // MARK: Time

    func at(_ time: Instant, _ body: @escaping () -> Void) { events.add(at: time, body) }

    func later(_ delay: Duration, _ body: @escaping () -> Void) { at(now + delay, body) }

    /// Runs to the end, or to the first rule that is broken, which it returns.
    func run() -> String? {
        for machine in settings.machines { startWorker(machine) }
        startCoordinator()
        askForIndex()
        askQuestions()
        planFault()
        at(settings.calmAt) { [self] in calm() }
        while ledger.violation == nil, finalAnswer == nil, let (time, body) = events.next() {
            now = time
            ledger.require(now < settings.limit, overdue())
            body()
        }
        if ledger.violation == nil { checkTheEnd() }
        return ledger.violation
    }

    // MARK: Telling

    func note(_ text: @autoclosure () -> String) {
        guard isTold else { return }
        transcript.append("\(now.nanoseconds / 1000) µs  \(text())")
    }

    func note(_ envelope: Envelope, _ way: @autoclosure () -> String) {
        let facts = UInt64(envelope.message.type.rawValue) ^ envelope.requestID << 8
        for fact in [UInt64(bitPattern: now.nanoseconds), facts, envelope.attempt] {
            digest = (digest ^ fact) &* 0x0000_0100_0000_01b3
        }
        note("\(way()): \(envelope.message)")
    }

    // MARK: Processes

    var liveWorkers: [SimulatedWorker] {
        workers.values.filter(\.isAlive).sorted { $0.id < $1.id }
    }

    func worker(_ id: WorkerID) -> SimulatedWorker? { workers[id] }

    private func startWorker(_ machine: SimulationSettings.Machine) {
        lives += 1
        let worker = SimulatedWorker(
            self, id: WorkerID(name: machine.name, incarnation: lives), machine: machine,
            dice: dice.fork())
        workers[worker.id] = worker
        network.connect(worker, .control)
    }

    private func startWorkerLater(_ machine: SimulationSettings.Machine) {
        later(faultDice.milliseconds(100...4000)) { [self] in
            let isThere = liveWorkers.contains { $0.id.name == machine.name && !$0.isPaused }
            if !isThere { startWorker(machine) }
        }
    }

    private func startCoordinator() {
        let coordinator = SimulatedCoordinator(self, dice: dice.fork())
        self.coordinator = coordinator
        coordinator.open()
        note("coordinator of epoch \(coordinator.epoch)")
    }

    private func kill(_ worker: SimulatedWorker) {
        note("\(worker.id) dies")
        worker.crash()
        network.close(worker)
        if settings.watchesProcesses {
            coordinator?.later(faultDice.milliseconds(1...100)) { $0.processEnded(worker.id) }
        }
    }

    /// A worker dies between two effects.
    func diesAmidstEffects(_ worker: SimulatedWorker) {
        sees(.deathAmidstEffects)
        kill(worker)
        startWorkerLater(worker.machine)
    }

    /// A worker ends of its own will: it was told to leave, or another has its name.
    func ends(_ worker: SimulatedWorker, _ failure: Failure?) {
        note("\(worker.id) ends: \(failure?.message ?? "left")")
        later(.milliseconds(100)) { [self] in
            if worker.isAlive { kill(worker) }
        }
        startWorkerLater(worker.machine)
    }

    private func pause(_ worker: SimulatedWorker) {
        note("\(worker.id) stands still")
        worker.pause()
        later(.milliseconds(1500)) { [self] in
            guard worker.isAlive, worker.isPaused else { return }
            if faultDice.once(in: 2) { worker.dropUnread() }
            network.cutAll(worker)
        }
    }

    // MARK: Faults

    func isAmiss(_ fault: Fault) -> Bool { amiss[fault].map { now < $0 } ?? false }

    private func planFault() {
        guard !settings.faults.isEmpty else { return }
        later(faultDice.milliseconds(settings.faultPause)) { [self] in
            guard now < settings.calmAt else { return }
            if let fault = faultDice.pick(settings.faults) {
                note("fault: \(fault)")
                cause(fault)
            }
            planFault()
        }
    }

    func sees(_ sight: Sight) { seen.insert(sight) }

    private func cause(_ fault: Fault) {
        caused.insert(fault)
        let running = liveWorkers.filter { !$0.isPaused }
        switch fault {
        case .crashCoordinator: crashCoordinator()
        case .interruptRun: coordinator?.interrupt()
        case .crashAmidstEffects where faultDice.once(in: 3):
            coordinator?.effectsLeft = faultDice.number(0...30)
        case .fillDisk, .failEncoding, .loseFile, .failSearch:
            amiss[fault] = now + faultDice.milliseconds(500...4000)
        default:
            guard let worker = faultDice.pick(running) else { return }
            cause(fault, at: worker)
        }
    }

    private func cause(_ fault: Fault, at worker: SimulatedWorker) {
        let machine = worker.machine
        switch fault {
        case .crashWorker:
            crashes += 1
            kill(worker)
            startWorkerLater(machine)
        case .crashAmidstEffects: worker.effectsLeft = faultDice.number(0...30)
        case .losePower: losePower(of: worker)
        case .pauseWorker:
            pause(worker)
            later(faultDice.milliseconds(100...14_000)) { worker.goOn() }
        case .replaceWorker: replace(worker)
        case .hangWorker: worker.hungUntil = now + faultDice.milliseconds(500...9000)
        case .leaveWorker: worker.leave()
        case .breakLane:
            if let lane = faultDice.pick(Lane.allCases) { network.cut(worker, lane) }
        default: disturb(worker, fault)
        }
    }

    /// A worker stands still and another of its name is started; then the first goes on.
    private func replace(_ worker: SimulatedWorker) {
        let machine = worker.machine
        pause(worker)
        startWorkerLater(machine)
        later(faultDice.milliseconds(1000...14_000)) { [self] in
            worker.goOn()
            later(faultDice.milliseconds(500...5000)) { [self] in
                guard liveWorkers.count(where: { $0.id.name == machine.name }) > 1 else { return }
                if worker.isAlive { kill(worker) }
            }
        }
    }

    private func losePower(of worker: SimulatedWorker) {
        let folder = worker.folder
        for victim in liveWorkers where victim.folder == folder {
            kill(victim)
            startWorkerLater(victim.machine)
        }
        if folder == CoordinatorMachine.sharedHolder { crashCoordinator() }
        disks[folder]?.losePower(&faultDice)
    }

    private func disturb(_ worker: SimulatedWorker, _ fault: Fault) {
        var disturbance = SimulatedNetwork.Disturbance(
            until: now + faultDice.milliseconds(300...9000))
        switch fault {
        case .loseMessages:
            disturbance.lossToWorker = faultDice.number(2...12)
            disturbance.lossToCoordinator = faultDice.number(2...12)
        case .repeatMessages: disturbance.repeats = faultDice.number(1...6)
        case .delayMessages: disturbance.delay = 0...faultDice.number(20...1500)
        case .partition:
            disturbance.lossToWorker = 1
            disturbance.lossToCoordinator = 1
        case .partitionOneWay:
            let isToWorker = faultDice.once(in: 2)
            disturbance.lossToWorker = isToWorker ? 1 : 0
            disturbance.lossToCoordinator = isToWorker ? 0 : 1
        default: return
        }
        network.disturb(worker, disturbance)
    }

    func crashCoordinator() {
        guard let former = coordinator else { return }
        former.die()
        coordinator = nil
        ledger.allReturned(except: [])
        network.coordinatorDied()
        later(faultDice.milliseconds(100...2500)) { [self] in startCoordinator() }
    }

    /// The faults are over: whoever is missing comes back, and one life of each name stays.
    private func calm() {
        note("calm")
        later(.seconds(20)) { [self] in
            for machine in settings.machines {
                let lives = liveWorkers.filter { $0.id.name == machine.name }
                for worker in lives { worker.goOn() }
                for worker in lives.dropLast() { kill(worker) }
                if lives.isEmpty { startWorker(machine) }
            }
            watchForTheEnd()
        }
    }

    // MARK: Users

    private func askForIndex() {
        later(.milliseconds(500)) { [self] in
            if !catalog.isComplete { coordinator?.index() }
            askForIndex()
        }
    }

    private func askQuestions() {
        later(dice.milliseconds(20...600)) { [self] in
            coordinator?.search(isStrict: dice.once(in: 2), budget: dice.milliseconds(50...4000))
            askQuestions()
        }
    }

    func searchEnded(_ outcome: SearchOutcome) {
        note("search of generation \(outcome.generation.number): \(outcome.coverage)")
        ledger.ended(
            outcome, manifest: catalog.manifests[outcome.generation.number], now: now)
        if settings.faults.isEmpty {
            ledger.require(
                outcome.isAnswer || now >= outcome.deadline,
                "a search failed without any fault")
        }
        // What is away comes back, unless a newer generation has taken its place meanwhile.
        let mayBeRefused =
            settings.faults.contains(.failSearch) || settings.machines.contains { !$0.sharesData }
        let isServing = coordinator?.serving?.serving?.number == outcome.generation.number
        if outcome.isStrict, !mayBeRefused, isServing, !outcome.isMissingPassages {
            ledger.require(
                outcome.isAnswer || now >= outcome.deadline,
                "a strict search did not wait for a shard that was away")
        }
        if outcome.deadline == finalDeadline {
            ledger.require(outcome.isAnswer, "a search failed when all was well again")
            finalAnswer = true
        }
    }

    // MARK: The end

    /// The deadline of the search that must be answered in full.
    private var finalDeadline: Instant?

    /// All is committed, the last generation serves from its owners, and every worker is there.
    private var isWell: Bool {
        guard let coordinator, let serving = coordinator.serving, catalog.isComplete else {
            return false
        }
        return serving.serving?.number == catalog.generation && serving.next == nil
            && !coordinator.isIndexing
            && coordinator.membership.ready.count == settings.machines.count
            && coordinator.membership.ready.allSatisfy { workers[$0.id]?.isAlive == true }
            && (serving.serving?.rows ?? [:]).allSatisfy { shard, rows in
                rows == 0
                    || serving.holders(of: shard, generation: catalog.generation).map(\.name)
                        == [serving.owner(of: shard)]
            }
    }

    private func watchForTheEnd() {
        later(.milliseconds(100)) { [self] in
            if isWell {
                finalDeadline = now + .seconds(5)
                coordinator?.search(isStrict: true, budget: .seconds(5))
            } else {
                watchForTheEnd()
            }
        }
    }

    private func overdue() -> String {
        let serving = coordinator?.serving
        return """
            ten minutes after the last fault \(catalog.segments.count) of \(settings.batchCount) \
            batches are committed, generation \(catalog.generation) is published, \
            \(serving?.serving?.number ?? 0) serves, and \
            \(coordinator?.membership.ready.count ?? 0) of \(settings.machines.count) workers \
            are ready
            """
    }

    /// Searches use `generation` from now on: every holder named must hold what it is named for.
    func checkServing(_ generation: UInt64) {
        guard let table = coordinator?.serving, let serving = table.serving else { return }
        for (shard, rows) in serving.rows where rows > 0 {
            let holders = table.holders(of: shard, generation: generation)
            let isHeld = holders.contains { holder in
                guard let worker = workers[holder], worker.isAlive else { return true }
                return worker.rows(of: shard, generation: generation) == rows
            }
            ledger.require(isHeld, "generation \(generation) serves before it is loaded")
        }
    }

    /// A worker that stands still is asked nothing once that can be known.
    func checkRoute(to worker: WorkerID) {
        guard var since = workers[worker]?.pausedSince else { return }
        // What it said before may have been long under way.
        if let heard = coordinator?.lastHeard[worker] { since = max(since, heard) }
        ledger.require(
            now - since < .milliseconds(2500), "\(worker) stands still and is asked all the same")
    }

    private func checkTheEnd() {
        let batches = (0..<settings.batchCount).map { BatchNumber($0) }
        ledger.require(
            batches.allSatisfy { ledger.commits[$0] == 1 }
                && ledger.commits.count == batches.count,
            "not every batch was committed exactly once")
        let rows = catalog.manifests[catalog.generation]?.rows.values.reduce(0, +)
        let expected = batches.reduce(0) { $0 + settings.rows(of: $1) }
        ledger.require(
            rows == UInt64(expected), "the last generation does not hold every passage")
        if settings.faults == [.crashWorker] {
            ledger.require(
                ledger.repeatedCount <= 2 * crashes,
                "\(crashes) workers died, \(ledger.repeatedCount) batches were encoded again")
        }
        if settings.faults.isEmpty {
            ledger.require(ledger.repeatedCount == 0, "work was repeated without any fault")
        }
    }
}
