import ClusterCore
import Corpus
import Foundation
public import Logging
import Models
import Synchronization
import VectorIndex

/// A worker process: encodes leased batches into segments, holds shards, answers searches.
///
/// The actor only passes things on: sockets live on the reactor's thread, compute on lanes of its
/// own.
public actor Worker {
    /// Bytes of passages a coordinator may have under way to this worker.
    static let bulkCredit: UInt64 = 8 << 20
    /// Leases whose passages are on their way at most.
    static let incomingLeases = 8
    /// Generations that wait to be loaded at most.
    static let waitingLoads = 256
    /// Silence of the coordinator after which the worker introduces itself anew.
    static let coordinatorSilence: Duration = .seconds(3)
    /// How long another worker of this name may be an earlier life that is dying: longer than a
    /// coordinator takes to find one silent.
    static let conflictTime: Duration = .seconds(4)

    /// Time between two lines of the log that tell that the coordinator does not let this one in.
    static let rejectionLogInterval: Duration = .seconds(30)

    let options: WorkerOptions
    let incarnation = ProcessFacts.nonce()
    let counters = WorkerCounters()
    let background = BackgroundWork()
    let log: Logger
    let encodeLane = ComputeLane("encode")
    let writeLane = ComputeLane("write")
    let searchLane = ComputeLane("search", priority: .userInteractive)
    /// Reads the passages of one search while another is scanned.
    let fetchLane = ComputeLane("fetch", priority: .userInteractive)
    let loadLane = ComputeLane("load", priority: .utility)
    /// Reads whole segments when an indexing run asks; loads and searches do not wait for it.
    let checkLane = ComputeLane("check", priority: .utility)

    var name: String
    var clusterID = ""
    var epoch: UInt64 = 0
    var sharesData = false
    var heartbeat: Duration = .milliseconds(500)
    private var connectedLanes: [Lane: String] = [:]
    private var isWelcome = false
    private var isDone = false
    /// Since when the coordinator says that another worker has this name.
    private var conflictSince: Instant?
    /// Why the coordinator will not have this worker.
    private var refusal: ClusterError?
    private var lastHeard = MonotonicClock.now()
    private var lastHello = Instant(nanoseconds: 0)
    private var lastRejection = Instant(nanoseconds: .min / 2)
    /// What was said last of a key that is no worker's.
    private var lastDenial: String?

    // Encoding (Worker+Encoding.swift).
    var incoming: [LeaseKey: IncomingLease] = [:]
    var encodeQueue: [LeaseKey] = []
    var isEncoding = false
    var segmentWrite: Task<Void, Never>?
    var preparation: Task<Void, Never>?
    var unacknowledged: [LeaseKey: (message: SegmentReady, sent: Instant)] = [:]
    var encoders: [EncoderSpec.Key: TextEncoder] = [:]

    // Serving (Worker+Serving.swift).
    var generations: [GenerationKey: ServedGeneration] = [:]
    /// By path: two collections may hold the same segment, each its own file.
    var openSegments: [String: Segment] = [:]
    var loads: [LoadGeneration] = []
    /// Searches that were not answered yet, by their requests.
    var searches: [UInt64: Wish] = [:]
    var isLoading = false
    /// The generation that is being loaded; nil once a later order overtakes the one under way.
    var loading: GenerationKey?
    var segmentWaits: [UInt64: CheckedContinuation<SegmentPart, any Error>] = [:]
    var nextRequest: UInt64 = 1

    private var reactor: Reactor?

    private init(options: WorkerOptions, log: Logger) {
        self.options = options
        self.log = log
        name = options.name
    }

    /// Runs a worker until it is told to leave or `stop` finishes.
    ///
    /// - Parameter stop: Yields once when the process is asked to end.
    public static func run(
        options: WorkerOptions, log: Logger, stop: AsyncStream<Void>
    ) async throws(ClusterError) {
        let worker = Worker(options: options, log: log)
        try await worker.work(stop: stop)
    }

    /// As `run`, but returns when nothing of it is left in this process, which goes on.
    static func runWithin(
        options: WorkerOptions, log: Logger, stop: AsyncStream<Void>
    ) async throws(ClusterError) {
        let worker = Worker(options: options, log: log)
        try await worker.work(stop: stop)
        await worker.endBackgroundWork()
    }

    private func work(stop: AsyncStream<Void>) async throws(ClusterError) {
        try ProcessLimits.check(.member)
        // The socket thread must never wait.
        let inbox = Inbox(peerLimit: Inbox.serverLimit, totalLimit: Inbox.serverLimit)
        let reactor: Reactor
        do {
            reactor = try Reactor(
                name: options.name.isEmpty ? "worker" : options.name, incarnation: incarnation,
                security: options.security
            ) { inbox.put($0) }
            inbox.disconnects(through: reactor)
            self.reactor = reactor
            try reactor.connect(.control, to: options.coordinator)
        } catch {
            throw .input("\(error)")
        }
        connectedLanes[.control] = options.coordinator
        let ticker = Task {
            while !Task.isCancelled {
                self.tick()
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        let stopper = Task {
            for await _ in stop { break }
            self.leave()
            inbox.finish()
        }
        while let message = await inbox.next() {
            receive(message)
            if isDone { break }
        }
        ticker.cancel()
        stopper.cancel()
        await ticker.value
        reactor.stop()
        if let refusal { throw refusal }
    }

    /// Ends what goes on beside the messages: nobody waits for it any more.
    private func endBackgroundWork() async {
        background.stop()
        encodeQueue.removeAll()
        loads.removeAll()
        for wish in searches.values { wish.lasts.store(false, ordering: .relaxed) }
        let stopped = Failure(code: .unavailable, message: "The worker is stopping.")
        for requestID in segmentWaits.keys { failedRequest(requestID, stopped) }
        await background.wait()
    }

    private func leave() {
        guard !isDone else { return }
        send(.goodbye(Goodbye(reason: "stopped")), on: .control)
        isDone = true
    }

    private func tick() {
        let now = MonotonicClock.now()
        if now - lastHeard > Worker.coordinatorSilence { isWelcome = false }
        if !isWelcome {
            if now - lastHello > .milliseconds(300) { sayHello(on: .control) }
            return
        }
        if now - lastHello >= heartbeat {
            lastHello = now
            send(
                .heartbeat(
                    Heartbeat(
                        progress: counters.progress, busy: counters.isBusy,
                        passagesEncoded: counters.passagesEncoded, searches: counters.searches,
                        residentBytes: ProcessFacts.residentBytes())),
                on: .control)
        }
        repeatUnacknowledged(now: now)
    }

    private func sayHello(on lane: Lane) {
        lastHello = MonotonicClock.now()
        let token = (try? String(contentsOfFile: options.data.token, encoding: .utf8)) ?? ""
        send(
            .hello(
                Hello(
                    role: .worker, name: options.name, host: ProcessFacts.hostName(),
                    processID: UInt32(getpid()), threads: UInt32(options.threads),
                    dataToken: token, release: Release.version)),
            on: lane, credit: lane == .control ? Worker.bulkCredit : 0)
    }

    private func receive(_ inbound: Inbound) {
        switch inbound {
        case .message(let envelope, let origin): receive(envelope, origin.lane)
        case .connection(.rejected(_, let rejection)): rejected(rejection)
        case .connection(.closed(_, let reason)):
            log.error("disconnected from the coordinator: \(reason)")
        case .connection(let event): log.debug("\(event)")
        case .undeliverable: break
        case .disconnected(let lane):
            // What it was told on the way is lost, and a coordinator that takes its place knows
            // nothing of this worker.
            log.warning("the \(lane) connection to the coordinator has broken")
            isWelcome = false
        case .refused(let error, let frames):
            log.warning("refused a message on the \(frames.origin.lane) lane: \(error)")
        }
    }

    /// The transport tries again each second, so that a key allowed later lets this worker in.
    private func rejected(_ rejection: Rejection) {
        let now = MonotonicClock.now()
        guard now - lastRejection > Worker.rejectionLogInterval else { return }
        lastRejection = now
        log.error("\(rejection)")
    }

    private func receive(_ envelope: Envelope, _ lane: Lane) {
        log.trace("\(name) received on \(lane): \(envelope.message.type) \(envelope.requestID)")
        if case .welcome(let welcome) = envelope.message {
            return welcomed(welcome, envelope)
        }
        if case .failure(let failure) = envelope.message, failure.code == .denied {
            return denied(failure)
        }
        if !isWelcome, case .failure(let failure) = envelope.message, failure.code == .conflict {
            return doesNotFit(failure)
        }
        guard envelope.clusterID == clusterID, envelope.epoch == epoch else { return }
        lastHeard = MonotonicClock.now()
        switch envelope.message {
        case .heartbeatAck: break
        case .failure(let failure):
            // The coordinator does not know us: it was restarted, or gave us up.
            if failure.code == .notFound, isWelcome {
                isWelcome = false
                forgetCoordinator()
            }
            failedRequest(envelope.requestID, failure)
        case .drain, .goodbye: leave()
        case .leaseGrant(let grant): granted(grant)
        case .passageChunk(let chunk): received(chunk, envelope.frames)
        case .commitAck(let ack): acknowledged(ack)
        case .leaseRevoke(let revoke): revoked(revoke)
        case .prepareEncoder(let order): prepare(order)
        case .loadGeneration(let order): load(order)
        case .unloadGeneration(let order): unload(order)
        case .segmentRequest(let request): provide(request, envelope.requestID)
        case .segmentChunk(let chunk): received(chunk, envelope.requestID, envelope.frames)
        case .checkSegments(let request): check(request, envelope.requestID)
        case .search(let request): search(request, envelope)
        case .fetch(let request): fetch(request, envelope)
        case .cancel(let cancel): cancelled(cancel)
        default: log.warning("unexpected \(envelope.message.type) on the \(lane) lane")
        }
    }

    /// The key does not make a worker, for now: its entry may be changed, so HELLO is said again.
    private func denied(_ failure: Failure) {
        if isWelcome {
            isWelcome = false
            forgetCoordinator()
        }
        guard failure.message != lastDenial else { return }
        lastDenial = failure.message
        log.error("\(failure.message)")
    }

    /// Another worker has this name, perhaps an earlier life of this one, which is dying; or the
    /// coordinator is of another release, perhaps until it is replaced.
    private func doesNotFit(_ failure: Failure) {
        let now = MonotonicClock.now()
        let since = conflictSince ?? now
        conflictSince = since
        guard now - since > Worker.conflictTime else { return log.warning("\(failure.message)") }
        refusal = .answered(failure)
        isDone = true
    }

    private func welcomed(_ welcome: Welcome, _ envelope: Envelope) {
        lastHeard = MonotonicClock.now()
        conflictSince = nil
        if envelope.clusterID != clusterID || envelope.epoch != epoch {
            forgetCoordinator()
        }
        clusterID = envelope.clusterID
        epoch = envelope.epoch
        name = welcome.name
        sharesData = welcome.sharesData
        heartbeat = .milliseconds(Int(welcome.heartbeatMilliseconds))
        for (lane, endpoint) in [
            (Lane.query, welcome.queryEndpoint), (.bulk, welcome.bulkEndpoint),
        ] {
            let reachable = LaneEndpoints.seen(endpoint, through: options.coordinator)
            if connectedLanes[lane] != reachable {
                do {
                    try reactor?.connect(lane, to: reachable)
                    connectedLanes[lane] = reachable
                } catch {
                    log.error("cannot connect the \(lane) lane: \(error)")
                }
            }
            if !isWelcome { sayHello(on: lane) }
        }
        lastDenial = nil
        if !isWelcome { log.info("joined cluster \(clusterID) as \(name)") }
        isWelcome = true
    }

    /// What an earlier coordinator asked for is void: its attempts and generations were its own.
    private func forgetCoordinator() {
        incoming.removeAll()
        encodeQueue.removeAll()
        unacknowledged.removeAll()
        loads.removeAll()
        loading = nil
        generations.removeAll()
    }

    /// Sends a message to the coordinator; what cannot be queued is lost, and the protocol repeats
    /// it.
    func send(
        _ message: Message, on lane: Lane, requestID: UInt64 = 0, attempt: UInt64 = 0,
        credit: UInt64 = 0, frames: [[UInt8]] = []
    ) {
        let envelope = Envelope(
            clusterID: clusterID, sender: name, incarnation: incarnation, epoch: epoch,
            requestID: requestID, attempt: attempt, credit: credit, message: message,
            frames: frames)
        log.trace("\(name) sends on \(lane): \(message.type) \(requestID) \(attempt)")
        do {
            try reactor?.send(envelope, on: lane)
        } catch {
            log.error("cannot send \(message.type): \(error)")
        }
    }
}
