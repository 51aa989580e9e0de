import Base
import ClusterCore
import Foundation
public import Logging

/// The coordinator process: one per data folder.
///
/// It decides nothing by itself. `CoordinatorMachine` decides; this actor turns its effects into
/// messages, files and rows, and tells it what happened. What it stores is the machine, what the
/// machine's words stand for (addresses, records, manifests, passages), and how those are reached.
public actor Coordinator {
    /// Time between two looks at the clock.
    static let tickInterval: Duration = .milliseconds(50)
    /// Time between a worker's heartbeats.
    static let heartbeatMilliseconds: UInt32 = 500
    /// Time between two looks for key files that cannot be read.
    static let keyCheckInterval: Duration = .seconds(1)
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

    private(set) var machine: CoordinatorMachine
    /// What the machine has said and is not done yet, in its order.
    private var effects = EffectQueue<CoordinatorMachine.Effect>()

    /// Where each worker is reached, and who is behind each address.
    var peers: [WorkerID: PeerID] = [:]
    var greetings: [PeerID: Greeting] = [:]
    private var gate: AccessGate
    private var lastKeyCheck = Instant(nanoseconds: 0)
    var processes: ChildProcesses?
    /// When the files in `run/` were last looked at.
    var lastWatch = Instant(nanoseconds: 0)

    var collections: [String: StoredCollection] = [:]
    /// What the run of indexing reads from.
    var runFiles: RunFiles?
    /// Whoever waits for a generation, by the machine's number.
    var pins: [UInt64: (ServingTable.Generation?) -> Void] = [:]
    var lastPin: UInt64 = 0
    /// The check of segments whose end is waited for.
    var segmentCheck: CheckFiles?
    /// When the token's file was last looked at.
    var tokenSeen = MonotonicClock.now()
    /// Answers questions; nil before messages are handled, and at the end.
    private(set) var queries: QueryService?
    /// What it is told beside the messages that are handed on to it.
    let queryEvents: AsyncStream<QueryEvent>.Continuation
    private let queryEventStream: AsyncStream<QueryEvent>
    /// What came last, where it is for the query service.
    private var handedOn: QueryEvent?
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
        machine = CoordinatorMachine(
            epoch: epoch, expected: Coordinator.expectedWorkers(options), now: MonotonicClock.now())
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
                // Above all numbers that the machine itself may come to in an epoch.
                firstRequest: epoch << 32 + 1 << 31, events: queryEventStream, log: log)
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
        handle(.closing)
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
        while !machine.roster.membership.all.isEmpty, MonotonicClock.now() < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        await processes?.stop()
        inbox.finish()
    }

    /// Tells the machine what happened, and does what it says, in its order.
    func handle(_ event: CoordinatorMachine.Event) {
        guard effects.add(machine.handle(event, now: MonotonicClock.now())) else { return }
        while let effect = effects.next() { perform(effect) }
    }

    private func tick() {
        let now = MonotonicClock.now()
        handle(.tick)
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
                handle(.worker(.unreachable(worker)))
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
                handle(.worker(.excluded(greeting.worker)))
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
        receiveFromWorker(envelope, greeting.worker, from: peer, on: lane)
    }

    private func receiveFromWorker(
        _ envelope: Envelope, _ worker: WorkerID, from peer: PeerID, on lane: Lane
    ) {
        guard machine.roster.membership.isCurrent(worker) else {
            return reply(
                .failure(Failure(code: .notFound, message: "Say HELLO first.")), to: peer, on: lane,
                requestID: envelope.requestID)
        }
        switch envelope.message {
        case .heartbeat, .goodbye, .credit, .segmentReady, .leaseFailed, .generationLoaded,
            .segmentsChecked, .segmentRequest, .segmentChunk:
            return handle(
                .worker(
                    .received(
                        envelope.message, requestID: envelope.requestID, frames: envelope.frames,
                        from: worker, lane)))
        case .searchResult(let result): handedOn = .searched(result, envelope, worker)
        case .fetchResult(let result): handedOn = .fetched(result, envelope, worker)
        case .failure(let failure):
            handedOn = .failed(failure, requestID: envelope.requestID, worker)
        default:
            log.warning("unexpected \(envelope.message.type) from \(worker)")
            refuseUnexpected(envelope, ClientAddress(peer, lane, envelope.requestID))
        }
        handle(.worker(.heard(worker, lane)))
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
                handle(.index(.asked(request, client: client, of: sender)))
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
        case .cancel: handle(.index(.cancelled(by: sender, client: client)))
        case .shutdown:
            reply(.done(Done(note: "stopping")), to: client)
            Task { await self.shutDown() }
        default:
            log.warning("unexpected \(envelope.message.type) from a client")
            refuseUnexpected(envelope, client)
        }
    }
}
