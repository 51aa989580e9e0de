import Base
import ClusterCore
import Foundation
public import Logging

/// The coordinator process: one per data folder.
///
/// It decides nothing by itself. ClusterCore's state machines decide, and this actor carries their
/// decisions to sockets, catalog and compute, and brings back what happened.
public actor Coordinator {
    /// Time between two looks at the clock.
    static let tickInterval: Duration = .milliseconds(50)
    /// Time between a worker's heartbeats.
    static let heartbeatMilliseconds: UInt32 = 500
    /// Time between two looks for key files that cannot be read.
    static let keyCheckInterval: Duration = .seconds(1)
    /// How long an indexing run waits before it tries a full disk again.
    static let storagePause: Duration = .seconds(2)
    /// How long a run waits for shards that a worker says it cannot load.
    static let loadTime: Duration = .seconds(30)
    /// Time between two looks at the token's file.
    static let tokenInterval: Duration = .seconds(1)
    /// How long draining workers are waited for.
    static let drainTime: Duration = .seconds(3)

    let options: CoordinatorOptions
    let catalog: Catalog
    let log: Logger
    let clusterID: String
    let epoch: UInt64
    let token: String
    let incarnation = ProcessFacts.nonce()
    let fileLane = ComputeLane("files", priority: .utility)
    let modelLane = ComputeLane("models")
    let background = BackgroundWork()
    let checkLane = ComputeLane("check", priority: .utility)
    let storageLane = ComputeLane("storage", priority: .utility)

    var membership = Membership()
    var peers: [WorkerID: PeerID] = [:]
    var heartbeats: [WorkerID: Heartbeat] = [:]
    var greetings: [PeerID: Greeting] = [:]
    private var gate: AccessGate
    private var lastKeyCheck = Instant(nanoseconds: 0)
    var windows: [WorkerID: CreditWindow] = [:]
    var processes: ChildProcesses?
    /// The workers that are waited for before shards are placed, and whether that is over.
    var expected: ExpectedWorkers
    var isPlaced = false
    /// Workers of elsewhere that the next start will expect, as they were last written down.
    var remembered: [String] = []
    /// When the files in `run/` were last looked at.
    var lastWatch = Instant(nanoseconds: 0)

    var collections: [String: ServedCollection] = [:]
    var job: IndexJob?
    /// When the token's file was last looked at.
    var tokenSeen = MonotonicClock.now()
    /// The look at what an earlier run made, before this one goes on.
    var segmentCheck: SegmentCheck?
    /// Leases granted in this epoch by runs that have ended: an attempt is never granted twice.
    var grantsOfEarlierRuns: UInt64 = 0
    var relays: [UInt64: SegmentRelay] = [:]
    /// Answers questions; nil before messages are handled, and at the end.
    private var queries: QueryService?
    /// What it is told beside the messages that are handed on to it.
    let queryEvents: AsyncStream<QueryEvent>.Continuation
    private let queryEventStream: AsyncStream<QueryEvent>
    /// What came last, where it is for the query service.
    private var handedOn: QueryEvent?
    /// Begins anew in each epoch above the numbers of the one before, so that no late answer fits.
    var lastRequest: UInt64
    /// Commits and publications that have not returned: a new run waits for those of the old one.
    var writesUnderWay = 0
    var lastJob = 0
    /// What of each collection only the user can settle.
    var problems: [String: [String]] = [:]
    /// Rows that the catalog took over from files since the last `index`, by collection.
    var takenOver: [String: UInt64] = [:]
    var lastSettling = MonotonicClock.now()
    /// True when the last settling was cut short.
    var settlesSoon = false

    let lock: DataFolderLock
    let reserve: SpaceReserve
    private var sockets: SocketPlace
    private(set) var reactor: Reactor?
    private(set) var post: CoordinatorPost?
    private(set) var endpoints: [Lane: String] = [:]
    private(set) var isStopping = false
    private let inbox: Inbox
    var recentStatuses = RecentStatuses()
    private var repetitions = Repetitions<String>(every: .seconds(10))

    private init(options: CoordinatorOptions, log: Logger) throws(ClusterError) {
        self.options = options
        self.log = log
        try ProcessLimits.check(.host(members: options.localWorkers))
        inbox = Inbox(peerLimit: options.inboundBytesPerPeer)
        (queryEventStream, queryEvents) = AsyncStream.makeStream()
        gate = AccessGate(options.security)
        try options.data.create()
        lock = try DataFolderLock(options.data)
        reserve = SpaceReserve(options.data)
        reserve.makeRoom()
        sockets = SocketPlace(options.data)
        catalog = try Catalog(options.data)
        let wanted = String(ProcessFacts.nonce(), radix: 16)
        (clusterID, epoch) = try catalog.beginEpoch(newClusterID: wanted)
        lastRequest = epoch << 32
        expected = ExpectedWorkers(
            Coordinator.expectedWorkers(options), now: MonotonicClock.now())
        token = String(ProcessFacts.nonce(), radix: 16) + String(ProcessFacts.nonce(), radix: 16)
    }

    /// Runs a coordinator until it is told to stop or `stop` yields.
    ///
    /// - Parameters:
    ///   - stop: Yields once when the process is asked to end.
    ///   - started: Called with the control endpoint once the cluster can be reached.
    public static func run(
        options: CoordinatorOptions, log: Logger, stop: AsyncStream<Void>,
        started: @Sendable (String) -> Void
    ) async throws(ClusterError) {
        let coordinator = try Coordinator(options: options, log: log)
        try await coordinator.open()
        started(await coordinator.controlEndpoint)
        await coordinator.serve(stop: stop)
        await coordinator.close()
    }

    /// As `run`, but returns when nothing of it is left in this process, which goes on.
    static func runWithin(
        options: CoordinatorOptions, log: Logger, stop: AsyncStream<Void>,
        started: @Sendable (String) -> Void
    ) async throws(ClusterError) {
        let coordinator = try Coordinator(options: options, log: log)
        do throws(ClusterError) {
            try await coordinator.open()
        } catch {
            await coordinator.close()
            throw error
        }
        started(await coordinator.controlEndpoint)
        await coordinator.serve(stop: stop)
        await coordinator.endBackgroundWork()
        await coordinator.close()
    }

    private var controlEndpoint: String { endpoints[.control] ?? "" }

    private func open() async throws(ClusterError) {
        let program = options.localWorkers > 0 ? try await RoleProgram.find() : nil
        try options.roots.check()
        gate.tellProblems { log.error("\($0)") }
        try await settleAtStart()
        try openCollections()
        let inbox = inbox
        do {
            let signs = SignsOfLife(clusterID: clusterID, epoch: epoch, incarnation: incarnation)
            let reactor = try Reactor(
                name: "coordinator", incarnation: incarnation, security: options.security
            ) { inbound in
                signs.answer(inbound)
                inbox.put(inbound)
            }
            inbox.disconnects(through: reactor)
            signs.answer(through: reactor)
            self.reactor = reactor
            post = CoordinatorPost(
                clusterID: clusterID, epoch: epoch, incarnation: incarnation, reactor: reactor,
                log: log)
            try bindLanes { _ in true }
        } catch {
            throw .input("\(error)")
        }
        try announce()
        log.info("cluster \(clusterID) epoch \(epoch) at \(controlEndpoint)")
        if let program { try startProcesses(program) }
        reserve.keep()
    }

    /// Binds the lanes whose endpoint is wanted.
    func bindLanes(_ isWanted: (String) -> Bool) throws {
        // The folder may be another one than at the start.
        sockets = SocketPlace(options.data)
        for lane in Lane.allCases {
            let endpoint = LaneEndpoints.lane(lane, of: options.endpoint, in: sockets)
            guard isWanted(endpoint) else { continue }
            endpoints[lane] = try reactor?.bind(lane, to: endpoint)
        }
    }

    /// Says in `run/` where this coordinator can be reached, and what those know who see its files.
    func announce() throws(ClusterError) {
        try DurableFile.write(Data(token.utf8), to: options.data.token)
        try Announcement(
            processID: getpid(), endpoint: controlEndpoint, clusterID: clusterID, epoch: epoch
        ).write(options.data)
    }

    private func startProcesses(_ program: String) throws(ClusterError) {
        let role =
            [
                "worker", "--coordinator", controlEndpoint, "--data", options.data.path,
                "--threads", String(options.threadsPerWorker),
            ] + (options.models.context.isEmpty ? [] : ["--context-model", options.models.context])
        let data = options.data
        let names = Coordinator.workerNames(options)
        for name in names { _ = try data.makeLog(name) }
        let processes = ChildProcesses(
            names: names, pauses: .workers, log: log,
            make: {
                ChildProcess.make(program: program, role: role, name: $0, log: data.log($0))
            },
            ended: { name, processID, _ in
                Task { await self.processEnded(name: name, processID: processID) }
            })
        self.processes = processes
        processes.start()
    }

    private func serve(stop: AsyncStream<Void>) async {
        if let post {
            queries = QueryService(
                host: CoordinatorHost(coordinator: self, post: post), options: options,
                // Above all numbers that the coordinator itself may come to in an epoch.
                firstRequest: lastRequest + 1 << 31, events: queryEventStream, log: log)
        }
        let ticker = Task {
            while !Task.isCancelled {
                self.tick()
                try? await Task.sleep(for: Coordinator.tickInterval)
            }
        }
        let stopper = Task {
            for await _ in stop { break }
            await self.shutDown()
        }
        while let message = await inbox.next() {
            receive(message)
            // Waited for, so that a peer has no more under way than its inbox allows.
            if let event = handedOn {
                handedOn = nil
                await queries?.handle(event)
            }
        }
        ticker.cancel()
        stopper.cancel()
        await ticker.value
        await queries?.halt()
        reactor?.stop()
    }

    /// Ends what goes on beside the messages: nobody waits for it any more.
    private func endBackgroundWork() async {
        background.stop()
        pauseJob()
        for name in collections.keys { wake(name) }
        let check = segmentCheck
        segmentCheck = nil
        check?.done?.resume(returning: nil)
        await queries?.stop()
        await background.wait()
    }

    private func close() {
        queryEvents.finish()
        queries = nil
        reactor?.stop()
        removeFiles()
        catalog.close()
        if lock.isInPlace { reserve.keep() }
        lock.release()
        log.info("stopped")
    }

    /// Drains and stops: workers are told, waited for, then ended.
    func shutDown() async {
        guard !isStopping else { return }
        isStopping = true
        for (peer, greeting) in greetings where greeting.role == .client {
            reply(.drain(Drain(reason: "its coordinator was told to")), to: peer, on: .control)
        }
        processes?.stopRestarting()
        for worker in peers.keys {
            send(.drain(Drain(reason: "shutdown")), to: worker, on: .control)
        }
        let deadline = MonotonicClock.now() + Coordinator.drainTime
        while !membership.all.isEmpty, MonotonicClock.now() < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        await processes?.stop()
        inbox.finish()
    }

    private func tick() {
        let now = MonotonicClock.now()
        follow(membership.tick(now: now))
        tickJob(now: now)
        tickCheck(now: now)
        tickServing(now: now)
        tickStorage(now: now)
        forgetIdleClients(now: now)
        if now - lastKeyCheck >= Coordinator.keyCheckInterval {
            lastKeyCheck = now
            gate.tellProblems { log.error("\($0)") }
        }
        watchFiles(now: now)
        keepToken(now: now)
    }

    private func receive(_ inbound: Inbound) {
        switch inbound {
        case .message(let envelope, let origin):
            if let peer = origin.peer {
                receive(envelope, from: peer, with: origin.key, on: origin.lane)
            }
        case .undeliverable(let peer, _, _, _):
            if let worker = peers.first(where: { $0.value == peer })?.key {
                follow(membership.unreachable(worker))
            }
        case .refused(let error, let frames): refused(error, frames)
        case .connection(let event): follow(event)
        case .disconnected: break
        }
    }

    /// Whether the log gets another line of a kind that strangers can bring about at will.
    func isWorthALine(_ kind: String) -> Bool {
        repetitions.isDue(kind, at: MonotonicClock.now())
    }

    private func receive(
        _ envelope: Envelope, from peer: PeerID, with key: String?, on lane: Lane
    ) {
        log.trace("from \(peer) on \(lane): \(envelope.message.type) \(envelope.requestID)")
        if let refusal = gate.refusal(
            of: envelope.message, from: key, greetedAs: greetings[peer]?.role,
            tell: { log.warning("\($0)") })
        {
            // One whose entry made it a worker, and does so no longer, holds nothing more.
            if let greeting = greetings[peer], greeting.role == .worker, greeting.key == key {
                follow(membership.left(greeting.worker))
            }
            return reply(.failure(refusal), to: peer, on: lane, requestID: envelope.requestID)
        }
        if case .hello(let hello) = envelope.message {
            return greet(hello, envelope, from: peer, with: key, on: lane)
        }
        guard envelope.clusterID == clusterID, envelope.epoch == epoch,
            let greeting = greetings[peer],
            greeting.incarnation == envelope.incarnation, greeting.key == key
        else {
            return reply(
                .failure(Failure(code: .notFound, message: "Say HELLO first.")), to: peer, on: lane,
                requestID: envelope.requestID)
        }
        if greeting.role == .client {
            greetings[peer]?.lastHeard = MonotonicClock.now()
            return receiveFromClient(
                envelope, ClientAddress(peer, lane, envelope.requestID),
                gate.sender(key) ?? .trusted)
        }
        let worker = greeting.worker
        guard membership.isCurrent(worker) else {
            return reply(
                .failure(Failure(code: .notFound, message: "Say HELLO first.")), to: peer, on: lane,
                requestID: envelope.requestID)
        }
        follow(membership.heard(worker, now: MonotonicClock.now()))
        receiveFromWorker(envelope, worker, on: lane)
    }

    private func receiveFromWorker(_ envelope: Envelope, _ worker: WorkerID, on lane: Lane) {
        switch envelope.message {
        case .heartbeat(let heartbeat): beat(heartbeat, of: worker)
        case .goodbye: follow(membership.left(worker))
        case .credit(let credit): granted(Int(credit.bytes), by: worker)
        case .segmentReady(let ready): segmentReady(ready, from: worker)
        case .leaseFailed(let failed): leaseFailed(failed, from: worker)
        case .generationLoaded(let loaded): generationLoaded(loaded, by: worker)
        case .segmentsChecked(let answer):
            checked(answer, envelope.requestID, by: worker.name)
        case .segmentRequest(let request): relay(request, envelope.requestID, to: worker)
        case .segmentChunk(let chunk):
            relay(chunk, envelope.requestID, envelope.frames, from: worker)
        case .searchResult(let result): handedOn = .searched(result, envelope, worker)
        case .fetchResult(let result): handedOn = .fetched(result, envelope, worker)
        case .failure(let failure):
            handedOn = .failed(failure, requestID: envelope.requestID, worker)
        default:
            log.warning("unexpected \(envelope.message.type) from \(worker)")
            guard let peer = peers[worker] else { return }
            refuseUnexpected(envelope, ClientAddress(peer, lane, envelope.requestID))
        }
    }

    private func receiveFromClient(
        _ envelope: Envelope, _ client: ClientAddress, _ sender: Sender
    ) {
        if isStopping {
            return reply(
                .failure(
                    Failure(
                        code: .unavailable,
                        message: "The cluster is stopping. Start it again with `sheaf up`.")),
                to: client)
        }
        switch envelope.message {
        case .indexRequest(let request):
            do {
                if isRemote(sender) { try options.roots.check(request) }
                index(request, for: client, of: sender)
            } catch {
                log.warning("refused to index for \(client.peer): \(error)")
                reply(.failure(error.failure), to: client)
            }
        case .queryRequest(let request):
            guard mayAsk(request, sender, client) else { return }
            let budget =
                envelope.budgetMicroseconds == 0
                ? options.searchBudget : .microseconds(Int64(envelope.budgetMicroseconds))
            handedOn = .asked(request, budget: budget, client)
        case .goodbye: clientLeft(client.peer)
        // A sign that it lives; the question for one of ours was answered as it came.
        case .heartbeat: break
        case .statusRequest(let request): answer(request, to: client)
        case .dropRequest(let request): drop(request.collection, for: client)
        case .cancel:
            let owner = job?.owner ?? sender
            if let refusal = Permissions.refusalToCancel(runOf: owner, by: sender) {
                log.warning("\(refusal)")
                return reply(.failure(refusal.failure), to: client)
            }
            endRun()
            reply(.done(Done(note: "indexing paused")), to: client)
        case .shutdown:
            reply(.done(Done(note: "stopping")), to: client)
            Task { await self.shutDown() }
        default:
            log.warning("unexpected \(envelope.message.type) from a client")
            refuseUnexpected(envelope, client)
        }
    }
}
