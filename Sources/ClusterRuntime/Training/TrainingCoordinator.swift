import Base
import ClusterCore
import Foundation
public import Logging

/// Runs a training: starts the local ranks, brings all ranks together, notices who is gone.
///
/// The actor carries out what ``ClusterCore/Rendezvous`` decides. Gradients never pass through it.
public actor TrainingCoordinator {
    /// How often ranks show that they are alive.
    static let heartbeat: Duration = .milliseconds(250)
    /// Processes that are known at once at most: ranks, spares, and those that were replaced.
    private static let ranksKnown = 2048

    private let run: TrainingRun
    private let log: Logger
    private let told: @Sendable (TrainingEvent) -> Void
    private let clusterID: String
    private let incarnation = ProcessFacts.nonce()
    private var gate: AccessGate
    private var lastKeyCheck = Instant(nanoseconds: 0)
    private var rendezvous: Rendezvous
    private var reactor: Reactor?
    private var processes: ChildProcesses?
    /// Where each rank is reached, and its process.
    private var peers: [WorkerID: (peer: PeerID, processID: Int32, host: String)] = [:]
    private var failure: RendezvousFailure?
    private var lastRefusal: RendezvousRefusal?
    private var outcome = TrainingOutcome(report: "", isInterrupted: false, generations: 0)
    private var isDraining = false
    /// The newest generation whose end was told.
    private var lastAborted: UInt64 = 0
    /// Local ranks that ended before they said a word.
    private var speechlessEnds = 0
    private var isOver = false

    private init(
        _ run: TrainingRun, log: Logger, told: @escaping @Sendable (TrainingEvent) -> Void
    ) {
        self.run = run
        self.log = log
        self.told = told
        clusterID = "training-" + String(ProcessFacts.nonce(), radix: 16)
        gate = AccessGate(run.security)
        rendezvous = Rendezvous(settings: run.rendezvous, at: MonotonicClock.now())
    }

    /// Runs a training to its end.
    ///
    /// - Parameters:
    ///   - stop: yields once when training shall save where it is and end.
    ///   - told: is told what happens, on any thread.
    ///
    /// Throws ``ClusterError/input(_:)`` where a rank cannot train what is asked, and
    /// ``ClusterError/unavailable(_:_:)`` where no world came about.
    public static func run(
        _ run: TrainingRun, log: Logger, stop: AsyncStream<Void>,
        told: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws(ClusterError) -> TrainingOutcome {
        try await TrainingCoordinator(run, log: log, told: told).work(stop: stop)
    }

    private func work(stop: AsyncStream<Void>) async throws(ClusterError) -> TrainingOutcome {
        var program: String?
        if run.localRanks > 0 {
            try ChildProcess.refuseInChild()
            try ProcessLimits.check(.host(members: run.localRanks))
            program = try await RoleProgram.find()
        }
        let sockets = try SocketFolder(logs: run.folder)
        defer { sockets.remove() }
        let lock = try lockFolder()
        defer { lock.release() }
        let inbox = Inbox()
        let local = "ipc://\(sockets.path)/control"
        do {
            let reactor = try Reactor(
                name: "training", incarnation: incarnation, security: run.security
            ) { inbox.put($0) }
            inbox.disconnects(through: reactor)
            self.reactor = reactor
            _ = try reactor.bind(.control, to: local)
            if let endpoint = run.endpoint {
                told(.bound(endpoint: try reactor.bind(.control, to: endpoint)))
            }
        } catch {
            throw .input("\(error)")
        }
        if let program { startProcesses(program, local, inbox) }
        let ticker = Task {
            while !Task.isCancelled {
                self.tick(inbox)
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
        let stopper = Task {
            for await _ in stop { break }
            if !Task.isCancelled { self.drain() }
        }
        while let message = await inbox.next() {
            receive(message)
            if isOver { break }
        }
        ticker.cancel()
        stopper.cancel()
        await processes?.stop()
        reactor?.stop()
        return try result()
    }

    /// Two runs must not write the same checkpoints.
    private func lockFolder() throws(ClusterError) -> FolderLock {
        do throws(ClusterError) {
            return try FolderLock(run.folder + "/lock")
        } catch .dataFolderLocked(_, let holder) {
            throw .busy(
                "Another training (process \(holder)) writes to this output. Wait until it has "
                    + "ended, or name another output.")
        }
    }

    private func startProcesses(
        _ program: String, _ endpoint: String, _ inbox: Inbox
    ) {
        let role = ["trainer", "--coordinator", endpoint] + run.rankArguments
        let folder = run.folder
        let processes = ChildProcesses(
            names: (1...run.localRanks).map { "trainer-\($0)" }, pauses: .trainers, log: log,
            make: {
                ChildProcess.make(
                    program: program, role: role, name: $0, log: "\(folder)/\($0).log")
            },
            ended: { _, processID, reason in
                Task { await self.processEnded(processID, reason, inbox) }
            })
        self.processes = processes
        processes.start()
    }

    private func result() throws(ClusterError) -> TrainingOutcome {
        switch failure {
        case .rank(_, let message): throw .input(message)
        case .some(let failure):
            let refusal = lastRefusal.map { " \($0)" } ?? ""
            throw .unavailable("\(failure)" + refusal, nil)
        case nil:
            outcome.generations = rendezvous.generation
            return outcome
        }
    }

    // MARK: - Events

    private func receive(_ inbound: Inbound) {
        switch inbound {
        case .message(let envelope, let origin):
            if let peer = origin.peer { receive(envelope, peer, with: origin.key) }
        case .disconnected: break
        case .undeliverable(let peer, _, _, _):
            // A rank that has just connected may not be known to the socket yet; silence decides.
            log.debug("\(peer) cannot be reached")
        case .refused(let error, let frames):
            log.warning("refused a message: \(error)")
            if let peer = frames.origin.peer, let failure = error.answer {
                send(.failure(failure), to: peer, version: error.answerVersion)
            }
        // Heartbeats and goodbyes say which ranks are here.
        case .connection(.ended): break
        case .connection(let event):
            tellRefusal("\(event)")
        }
    }

    private func receive(_ envelope: Envelope, _ peer: PeerID, with key: String?) {
        if let refusal = gate.refusal(of: envelope.message, from: key, tell: tellRefusal) {
            return send(.failure(refusal), to: peer)
        }
        let id = WorkerID(name: envelope.sender, incarnation: envelope.incarnation)
        let now = MonotonicClock.now()
        if case .trainerHello(let hello) = envelope.message {
            guard !id.name.isEmpty, peers[id] != nil || peers.count < Self.ranksKnown else {
                return send(
                    .failure(
                        Failure(
                            code: .busy,
                            message: "\(peers.count) ranks are here. Name this one, or wait.")),
                    to: peer)
            }
            peers[id] = (peer, Int32(bitPattern: hello.processID), hello.host)
            speechlessEnds = 0
            perform(rendezvous.hello(id, at: now))
            send(
                .trainerPlan(
                    TrainerPlan(
                        heartbeatMilliseconds: UInt32(Self.heartbeat / .milliseconds(1)))),
                to: peer, frames: RawFrame.document(run.configuration))
            return
        }
        guard envelope.clusterID == clusterID, peers[id] != nil else {
            // Of an earlier run, or given up as dead: it must introduce itself anew.
            send(.failure(Failure(code: .notFound, message: "Say hello first.")), to: peer)
            return
        }
        peers[id]?.peer = peer
        switch envelope.message {
        case .trainerJoin(let join): perform(rendezvous.join(id, join, at: now))
        case .trainerBeat(let beat):
            receive(beat, RawFrame.document(envelope.frames), id, peer, now)
        case .trainerAbort(let abort):
            perform(
                rendezvous.failed(
                    id, generation: abort.generation, by: abort.by, reason: abort.reason, at: now))
        case .trainerFinish(let finish):
            if rendezvous.names.first == id.name, finish.failure.isEmpty {
                outcome.report = RawFrame.document(envelope.frames)
            }
            outcome.isInterrupted = outcome.isInterrupted || finish.interrupted
            perform(rendezvous.finish(id, finish, at: now))
        case .goodbye(let goodbye):
            perform(rendezvous.lost(id, reason: goodbye.reason, at: now))
            peers[id] = nil
        default: log.warning("unexpected \(envelope.message.type) from \(id)")
        }
        isOver = isOver || rendezvous.isOver
    }

    /// Says who was not let in, and why.
    private func tellRefusal(_ line: String) {
        log.warning("\(line)")
        told(.refused(line))
    }

    private func receive(
        _ beat: TrainerBeat, _ progress: String, _ id: WorkerID, _ peer: PeerID, _ now: Instant
    ) {
        perform(rendezvous.beat(id, beat, at: now))
        if !progress.isEmpty, rendezvous.names.first == id.name { told(.progress(progress)) }
        // Repeated with each beat, since any one message may be lost.
        send(
            isDraining
                ? .drain(Drain(reason: "interrupted")) : .heartbeatAck(HeartbeatAck(progress: 0)),
            to: peer)
    }

    private func processEnded(
        _ processID: Int32, _ reason: String, _ inbox: Inbox
    ) {
        let here = ProcessFacts.hostName()
        let isKnown = peers.values.contains { $0.processID == processID && $0.host == here }
        if !isKnown, !isOver {
            speechlessEnds += 1
            if speechlessEnds > run.rendezvous.failures {
                perform(.giveUp(.speechless(speechlessEnds, reason, logs: run.folder)))
            }
        }
        for (id, place) in peers where place.processID == processID && place.host == here {
            perform(rendezvous.lost(id, reason: reason, at: MonotonicClock.now()))
            peers[id] = nil
        }
        endIfOver(inbox)
    }

    private func tick(_ inbox: Inbox) {
        let now = MonotonicClock.now()
        perform(rendezvous.tick(at: now))
        if now - lastKeyCheck >= Coordinator.keyCheckInterval {
            lastKeyCheck = now
            gate.tellProblems(tellRefusal)
        }
        if isDraining, rendezvous.phase == .gathering {
            // Nobody trains: what is committed is all there is.
            outcome.isInterrupted = true
            isOver = true
        }
        endIfOver(inbox)
    }

    private func endIfOver(_ inbox: Inbox) {
        isOver = isOver || rendezvous.isOver
        if isOver { inbox.finish() }
    }

    private func drain() {
        isDraining = true
        for place in peers.values { send(.drain(Drain(reason: "interrupted")), to: place.peer) }
    }

    // MARK: - Effects

    private func perform(_ effects: [Rendezvous.Effect]) {
        for effect in effects { perform(effect) }
        if case .finished = rendezvous.phase { processes?.stopRestarting() }
    }

    private func perform(_ effect: Rendezvous.Effect) {
        switch effect {
        case .form(let id, _, let place):
            if place.rank == 0 {
                log.info("generation \(place.generation): \(place.names.joined(separator: ", "))")
                told(.formed(generation: place.generation, names: place.names))
            }
            send(.trainerForm(place), to: id)
        case .abort(let id, let abort):
            // The end of a generation is told to each rank, and again to one that missed it.
            if abort.generation > lastAborted {
                lastAborted = abort.generation
                told(
                    .aborted(
                        generation: abort.generation, by: abort.by, reason: abort.reason))
            }
            log.warning("generation \(abort.generation) ended by \(abort.by): \(abort.reason)")
            send(.trainerAbort(abort), to: id)
        case .refuse(let id, let refusal):
            lastRefusal = refusal
            log.error("\(refusal)")
            send(.failure(Failure(code: .conflict, message: refusal.description)), to: id)
        case .remove(let id, let reason):
            log.warning("\(id) is removed: \(reason)")
            processes?.kill(id.name)
            peers[id] = nil
        case .acknowledge(let id):
            send(.done(Done()), to: id)
        case .giveUp(let failure):
            self.failure = self.failure ?? failure
            isOver = true
            processes?.stopRestarting()
            let words = Failure(code: .unavailable, message: "\(failure)")
            for place in peers.values { send(.failure(words), to: place.peer) }
        }
    }

    private func send(_ message: Message, to id: WorkerID) {
        if let peer = peers[id]?.peer { send(message, to: peer) }
    }

    private func send(
        _ message: Message, to peer: PeerID, version: UInt32? = nil, frames: [[UInt8]] = []
    ) {
        let envelope = Envelope(
            clusterID: clusterID, sender: "training", incarnation: incarnation,
            wireVersion: version, message: message, frames: frames)
        do {
            try reactor?.send(envelope, on: .control, to: peer)
        } catch {
            log.error("cannot send \(message.type): \(error)")
        }
    }
}
