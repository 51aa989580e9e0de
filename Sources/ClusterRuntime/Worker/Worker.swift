import ClusterCore
import Foundation
public import Logging
import Models
import Synchronization
import VectorIndex

/// A worker process: encodes leased batches into segments, holds shards, answers searches.
///
/// The actor decides nothing: it tells ``WorkerMachine`` what happens and carries out what that
/// says. Sockets live on the reactor's thread, compute and disks on lanes of their own, and what is
/// heavy is kept here under the names that the machine gives it.
public actor Worker {
    typealias Event = WorkerMachine.Event
    typealias Effect = WorkerMachine.Effect

    let options: WorkerOptions
    let counters = WorkerCounters()
    let background = BackgroundWork()
    let log: Logger
    let encodeLane = ComputeLane("encode")
    let writeLane = ComputeLane("write")
    let searchLane = ComputeLane("search", priority: .userInteractive)
    /// Reads the passages of one search while another is scanned.
    let fetchLane = ComputeLane("fetch", priority: .userInteractive)
    let loadLane = ComputeLane("load", priority: .utility)
    /// Reads parts of segments for others, who wait for each.
    let partLane = ComputeLane("part")
    /// Reads whole segments when an indexing run asks; loads and searches do not wait for it.
    let checkLane = ComputeLane("check", priority: .utility)

    private(set) var machine: WorkerMachine
    /// What happened while effects are carried out; they end first.
    private var events: [Event] = []
    private var isPerforming = false
    private var reactor: Reactor?
    /// Why the coordinator will not have this worker.
    private var refusal: ClusterError?

    // What the machine names, and does not hold.
    var passages: [LeaseKey: [UInt8]] = [:]
    var contents: [LeaseKey: SegmentContent] = [:]
    var encoders: [EncoderKey: TextEncoder] = [:]
    var segments: [SegmentKey: Segment] = [:]
    var copies: [SegmentKey: [UInt8]] = [:]
    var indexes: [WorkID: ShardIndex] = [:]
    var searches: [WorkID: Wish] = [:]

    private init(options: WorkerOptions, log: Logger) {
        self.options = options
        self.log = log
        let greeting = Hello(
            role: .worker, name: options.name, host: ProcessFacts.hostName(),
            processID: UInt32(getpid()), threads: UInt32(options.threads),
            release: Release.version)
        machine = WorkerMachine(
            greeting: greeting, incarnation: ProcessFacts.nonce(), now: MonotonicClock.now())
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
                name: options.name.isEmpty ? "worker" : options.name,
                incarnation: machine.incarnation, security: options.security
            ) { inbox.put($0) }
            inbox.disconnects(through: reactor)
            self.reactor = reactor
            try reactor.connect(.control, to: options.coordinator)
        } catch {
            throw .input("\(error)")
        }
        let ticker = Task {
            while !Task.isCancelled {
                self.happened(.tick)
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        let stopper = Task {
            for await _ in stop { break }
            self.happened(.stop)
            inbox.finish()
        }
        while let message = await inbox.next() {
            receive(message)
            if machine.isDone { break }
        }
        ticker.cancel()
        stopper.cancel()
        await ticker.value
        reactor.stop()
        if let refusal { throw refusal }
    }

    /// Ends what goes on beside the messages: the machine takes no event any more.
    private func endBackgroundWork() async {
        background.stop()
        for wish in searches.values { wish.lasts.store(false, ordering: .relaxed) }
        await background.wait()
    }

    private func receive(_ inbound: Inbound) {
        switch inbound {
        case .message(let envelope, let origin):
            log.trace(
                """
                \(machine.name) received on \(origin.lane): \(envelope.message.type) \
                \(envelope.requestID)
                """)
            happened(.received(envelope, on: origin.lane))
        case .connection(.rejected(_, let rejection)): happened(.rejected("\(rejection)"))
        case .connection(.closed(_, let reason)):
            log.error("disconnected from the coordinator: \(reason)")
        case .connection(let event): log.debug("\(event)")
        case .undeliverable: break
        case .disconnected(let lane): happened(.disconnected(lane))
        case .refused(let error, let frames):
            log.warning("refused a message on the \(frames.origin.lane) lane: \(error)")
        }
    }

    // MARK: Events and effects

    /// Tells the machine, and carries out what it says.
    func happened(_ event: Event) {
        events.append(event)
        guard !isPerforming else { return }
        isPerforming = true
        while !events.isEmpty {
            let event = events.removeFirst()
            for effect in machine.handle(event, now: MonotonicClock.now()) { perform(effect) }
        }
        isPerforming = false
    }

    /// Runs work beside the messages, and tells the machine what came of it.
    func begin(_ work: @escaping @Sendable () async -> Event) {
        background.enter()
        Task {
            self.happened(await work())
            self.background.leave()
        }
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .send(let envelope, let lane): send(envelope, on: lane)
        case .hello(let envelope, let lane): sayHello(envelope, on: lane)
        case .heartbeat(let envelope): beat(envelope)
        case .connect(let lane, let endpoint): connect(lane, to: endpoint)
        case .end(let failure): refusal = failure.map { .answered($0) }
        case .notice(let notice): log(notice)
        case .keepPassages, .dropPassages, .prepareEncoder, .loadEncoder, .dropEncoder, .encode,
            .writeSegment, .dropSegment:
            performEncoding(effect)
        case .openSegment, .keepPart, .storeCopy, .dropCopy, .buildShard, .dropIndexes,
            .closeSegments, .setAside:
            performLoading(effect)
        case .search, .fetch, .cancel, .readPart, .checkSegments: performRequest(effect)
        }
    }

    /// Sends a message to the coordinator; what cannot be queued is lost, and the protocol repeats
    /// it.
    private func send(_ envelope: Envelope, on lane: Lane) {
        log.trace(
            """
            \(machine.name) sends on \(lane): \(envelope.message.type) \(envelope.requestID) \
            \(envelope.attempt)
            """)
        do {
            try reactor?.send(envelope, on: lane)
        } catch {
            log.error("cannot send \(envelope.message.type): \(error)")
        }
    }

    private func sayHello(_ envelope: Envelope, on lane: Lane) {
        guard case .hello(var hello) = envelope.message else { return }
        var envelope = envelope
        hello.dataToken = (try? String(contentsOfFile: options.data.token, encoding: .utf8)) ?? ""
        envelope.message = .hello(hello)
        send(envelope, on: lane)
    }

    private func beat(_ envelope: Envelope) {
        var envelope = envelope
        envelope.message = .heartbeat(
            Heartbeat(
                progress: counters.progress, busy: counters.isBusy,
                passagesEncoded: counters.passagesEncoded, searches: counters.searches,
                residentBytes: ProcessFacts.residentBytes(),
                violations: Array(machine.violations.prefix(8))))
        send(envelope, on: .control)
    }

    private func connect(_ lane: Lane, to endpoint: String) {
        do {
            let reachable = LaneEndpoints.seen(endpoint, through: options.coordinator)
            try reactor?.connect(lane, to: reachable)
        } catch {
            log.error("cannot connect the \(lane) lane: \(error)")
            happened(.notConnected(lane))
        }
    }

    private func log(_ notice: WorkerMachine.Notice) {
        switch notice {
        case .joined(let clusterID, let name): log.info("joined cluster \(clusterID) as \(name)")
        case .disconnected(let lane):
            log.warning("the \(lane) connection to the coordinator has broken")
        case .rejected(let reason), .denied(let reason): log.error("\(reason)")
        case .misfit(let reason): log.warning("\(reason)")
        case .unexpected(let type, let lane): log.warning("unexpected \(type) on the \(lane) lane")
        case .leaseGivenUp(let key):
            log.warning("batch \(key.batch) of \(key.collection) is given up: too many come")
        case .leaseFailed(let key, let reason):
            log.error("batch \(key.batch) of \(key.collection): \(reason)")
        case .shardFailed(let shard, let collection, let reason):
            log.error("shard \(shard) of \(collection): \(reason)")
        case .shardsDropped(let shards, let collection, let reason):
            log.error("shards \(shards) of \(collection) are not served: \(reason)")
        case .refused(let type): log.warning("refused \(type): too many, or too much at once")
        }
    }

    /// Where this worker keeps the segments of `collection`: the shared folder, or one of its own.
    func segmentFolder(_ collection: String) -> String {
        machine.sharesData
            ? options.data.segments(collection)
            : options.data.workerSegments(machine.name, collection)
    }

    /// Where a segment of this worker lies.
    func path(of key: SegmentKey) -> String {
        SegmentFiles.path(key.sha256, in: segmentFolder(key.collection))
    }
}
