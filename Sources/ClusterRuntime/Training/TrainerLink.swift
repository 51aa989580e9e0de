import Base
public import ClusterCore
import Dispatch
import Foundation
public import Training

/// How a rank reaches the coordinator of its run, and how others reach it.
public struct TrainerOptions: Equatable, Sendable {
    /// The coordinator's control endpoint.
    public var coordinator: String
    /// The rank's name, unique in the run.
    public var name: String
    /// Who may reach what is bound, and with which keys the coordinator is reached.
    public var security: SecurityPolicy
    /// Where ranks of other hosts reach this one's ring, such as `tcp://10.0.0.7:0`; nil: nowhere.
    public var ring: String?
    /// How rings work.
    public var settings = RingSettings()
    /// How long the coordinator may be away before the rank gives up.
    public var patience: Duration = .seconds(60)

    /// Creates options.
    public init(
        coordinator: String, name: String, security: SecurityPolicy = .localOnly,
        ring: String? = nil
    ) {
        self.coordinator = coordinator
        self.name = name
        self.security = security
        self.ring = ring
    }
}

/// A rank's side of a training run: it asks what to train, is given its place in a world, shows
/// that it is alive, and learns when a generation ends.
///
/// Calls block; they come from the thread that trains. Signs of life come from a thread of the
/// link's own, so they go on while that thread computes.
public final class TrainerLink: Sendable {
    /// How often what may have been lost is said again.
    static let repetition: Duration = .milliseconds(300)

    /// What the threads share.
    struct State {
        var clusterID = ""
        var plan: TrainerPlan?
        var configuration = ""
        var attempt: UInt64 = 0
        var form: TrainerForm?
        /// The group of the generation that is under way, and what ends it.
        var group: (any AbortableGroup)?
        var generation: UInt64 = 0
        var refusal: Failure?
        /// Why the coordinator does not let this rank in, as long as it does not.
        var rejection: String?
        var progress = ""
        var step: UInt64 = 0
        var isStopping = false
        var isFinishKnown = false
        var isClosed = false
        var lastHeard = ContinuousClock.now
    }

    private let options: TrainerOptions
    private let incarnation = ProcessFacts.nonce()
    private let state = Locked(State())
    private let changed = DispatchSemaphore(value: 0)
    private let reactor: Reactor
    private let sockets: SocketFolder?

    /// Connects to the coordinator, now or as soon as it is there.
    ///
    /// - Parameter rejected: is told once why the coordinator does not let this rank in; the link
    ///   goes on trying.
    public init(
        _ options: TrainerOptions, rejected: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(ClusterError) {
        self.options = options
        // Local ranks have their sockets beside the coordinator's, where it removes them.
        sockets =
            options.coordinator.hasPrefix("ipc://")
            ? nil : try SocketFolder(logs: NSTemporaryDirectory())
        let (state, changed) = (state, changed)
        do {
            reactor = try Reactor(
                name: options.name, incarnation: incarnation, security: options.security
            ) { inbound in
                switch inbound {
                case .message(let envelope, _):
                    let denial = state.withLock { $0.receive(envelope) }
                    if let denial { rejected(denial) }
                case .connection(.rejected(_, let rejection)):
                    let reason = rejection.description
                    let isNew = state.withLock { state in
                        defer { state.rejection = reason }
                        return state.rejection != reason
                    }
                    if isNew { rejected(reason) }
                case .connection(.connected): state.withLock { $0.rejection = nil }
                default: return
                }
                changed.signal()
            }
            try reactor.connect(.control, to: options.coordinator)
        } catch {
            sockets?.remove()
            throw .input("\(error)")
        }
    }

    /// Whether training shall save where it is and end.
    public var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Asks for what the coordinator may ask for too: to save and end.
    public func requestStop() { state.withLock { $0.isStopping = true } }

    /// Asks what to train: the configuration as text, the same for every rank.
    public func plan() throws(ClusterError) -> String {
        let (plan, configuration) = try ask(hello) { state in
            state.plan.map { ($0, state.configuration) }
        }
        startBeating(every: .milliseconds(Int(plan.heartbeatMilliseconds)))
        return configuration
    }

    /// Waits for a world and a place in it; nil where the work is done without this rank.
    ///
    /// - Parameter facts: what must be the same on every rank.
    ///
    /// Throws ``ClusterError/answered(_:)`` where this rank is refused since its facts differ.
    public func join(facts: [TrainerFact]) throws(ClusterError) -> (any CollectiveGroup)? {
        let attempt = state.withLock { state in
            state.attempt += 1
            state.form = nil
            state.group = nil
            state.generation = 0
            return state.attempt
        }
        let listener: RingListener
        do {
            listener = try RingListener(
                endpoints: ringEndpoints(attempt), security: ringSecurity,
                settings: options.settings)
        } catch {
            throw .input("\(error)")
        }
        let join = TrainerJoin(attempt: attempt, facts: facts, ring: listener.address)
        let isOver = try ask(.trainerJoin(join), endsOnStop: true) { state in
            state.isFinishKnown ? true : state.form == nil ? nil : false
        }
        guard !isOver, let form = state.withLock({ $0.form }) else { return nil }
        let group = try group(form, listener)
        state.withLock { state in
            state.group = group
            state.generation = form.generation
        }
        return group
    }

    /// Tells how far training is; the newest is what the next sign of life carries.
    ///
    /// - Parameter progress: gives JSON; it is told whether the report before has left, or takes
    ///   its place.
    public func report(step: Int, progress: (_ hasLeft: Bool) -> String) {
        state.withLock { state in
            state.step = UInt64(step)
            state.progress = progress(state.progress.isEmpty)
        }
    }

    /// Tells that this rank leaves a generation that it saw fail.
    public func leave(_ group: any CollectiveGroup, reason: String) {
        send(
            .trainerAbort(
                TrainerAbort(generation: group.generation, by: options.name, reason: reason)))
        state.withLock { state in
            state.group = nil
            state.generation = 0
        }
        (group as? RingGroup)?.close()
    }

    /// Tells that the work is done, and waits until that is known.
    ///
    /// - Parameter report: what came out, as JSON.
    public func finish(
        _ group: any CollectiveGroup, report: String, isInterrupted: Bool
    ) throws(ClusterError) {
        let finish = TrainerFinish(generation: group.generation, interrupted: isInterrupted)
        _ = try ask(.trainerFinish(finish), frames: RawFrame.document(report)) {
            $0.isFinishKnown ? true : nil
        }
        (group as? RingGroup)?.close()
    }

    /// Tells that this rank met what no new generation helps, and waits a while until that is
    /// known.
    public func fail(_ message: String) {
        let finish = TrainerFinish(
            generation: state.withLock { $0.generation }, failure: message)
        _ = try? ask(.trainerFinish(finish), patience: .seconds(2)) {
            $0.isFinishKnown ? true : nil
        }
    }

    /// Ends the link; the coordinator takes a rank that has not finished for gone.
    public func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        send(.goodbye(Goodbye(reason: "it ended")))
        reactor.stop()
        sockets?.remove()
    }
}

// MARK: - Speaking

extension TrainerLink {
    /// Says something until the answer is there.
    private func ask<Answer>(
        _ message: Message, frames: [[UInt8]] = [], patience: Duration? = nil,
        endsOnStop: Bool = false, _ answer: (inout State) -> Answer?
    ) throws(ClusterError) -> Answer {
        let start = ContinuousClock.now
        state.withLock { $0.lastHeard = start }
        var said: ContinuousClock.Instant?
        while true {
            let now = ContinuousClock.now
            if said.map({ $0.duration(to: now) >= Self.repetition }) ?? true {
                said = now
                // Whoever was taken for dead introduces itself anew.
                if state.withLock({ $0.plan == nil }) { send(hello) }
                send(message, frames: frames)
            }
            _ = changed.wait(timeout: .now() + .milliseconds(20))
            let (found, refusal, heard) = state.withLock { state in
                (answer(&state), state.refusal, state.lastHeard)
            }
            if let found { return found }
            if let refusal { throw .answered(refusal) }
            if endsOnStop, isStopping {
                throw .unavailable("Training was asked to end. Start it again to go on.", nil)
            }
            if let patience, start.duration(to: .now) > patience {
                throw .unavailable("The coordinator did not answer in time.", nil)
            }
            guard heard.duration(to: .now) < options.patience else {
                if let rejection = state.withLock({ $0.rejection }) {
                    throw .unavailable(rejection, nil)
                }
                throw .unavailable(
                    "The coordinator at \(options.coordinator) has been silent for "
                        + "\(options.patience / .seconds(1)) s. Start it again, then this rank.",
                    nil)
            }
        }
    }

    private var hello: Message {
        .trainerHello(
            TrainerHello(
                host: ProcessFacts.hostName(), processID: UInt32(getpid()),
                release: Release.version))
    }

    private func send(_ message: Message, frames: [[UInt8]] = []) {
        let clusterID = state.withLock { $0.clusterID }
        let envelope = Envelope(
            clusterID: clusterID, sender: options.name, incarnation: incarnation, message: message,
            frames: frames)
        // What cannot be queued is lost; all that matters is said again.
        try? reactor.send(envelope, on: .control)
    }

    private func startBeating(every interval: Duration) {
        let pause = UInt32(max(interval / .microseconds(1), 1_000))
        // A rank without signs of life is taken for silent, and the run says so.
        try? Threads.start { [weak self] in
            while let self, self.beat() { usleep(pause) }
        }.detach()
    }

    /// One sign of life; false when there shall be no more.
    private func beat() -> Bool {
        let (beat, progress, isSilent, isClosed) = state.withLock { state in
            defer { state.progress = "" }
            let isSilent = state.lastHeard.duration(to: .now) > .seconds(5)
            let beat = TrainerBeat(
                attempt: state.attempt, generation: state.generation, step: state.step)
            return (beat, state.progress, isSilent, state.isClosed)
        }
        if isClosed { return false }
        send(.trainerBeat(beat), frames: RawFrame.document(progress))
        if isSilent {
            let group = state.withLock { $0.group }
            group?.abort(by: "the coordinator", reason: "nothing was heard of it for 5 s")
        }
        return true
    }

}

// MARK: - Places

extension TrainerLink {
    private func ringEndpoints(_ attempt: UInt64) -> [String] {
        let name = "ring-\(options.name)-\(getpid())-\(attempt)"
        let near: String
        if let sockets {
            near = "ipc://\(sockets.path)/\(name)"
        } else {
            let folder = options.coordinator.split(separator: "/").dropLast().dropFirst()
            near = "ipc:///" + folder.joined(separator: "/") + "/\(name)"
        }
        return [near] + (options.ring.map { [$0] } ?? [])
    }

    private var ringSecurity: RingSecurity {
        switch options.security {
        case .localOnly: .localOnly
        case .insecure: .insecure
        case .curve: .keys
        }
    }

    private func group(
        _ form: TrainerForm, _ listener: RingListener
    ) throws(ClusterError) -> any AbortableGroup {
        guard form.names.count > 1 else { return FencedSolo(generation: form.generation) }
        guard form.names.indices.contains(Int(form.rank)) else {
            throw .internal("Rank \(form.rank) of \(form.names.count) was given.")
        }
        let place = RingPlace(
            run: state.withLock { $0.clusterID }, generation: form.generation,
            rank: Int(form.rank), names: form.names)
        do {
            return try RingGroup(
                place, listener: listener, next: form.next, settings: options.settings
            ) { [weak self] who, reason in
                // Seen before anybody waits for the neighbour: the others hear of it at once.
                self?.send(
                    .trainerAbort(
                        TrainerAbort(generation: form.generation, by: who, reason: reason)))
            }
        } catch {
            throw .unavailable("\(error)", nil)
        }
    }
}

extension TrainerLink.State {
    /// Takes note of a message, on the reactor's thread; gives the reason where this rank is not
    /// let in and was not told so yet.
    mutating func receive(_ envelope: Envelope) -> String? {
        if case .failure(let failure) = envelope.message, failure.code == .denied {
            // Its key's entry may be changed, so what it asks for is said again. Each kind of
            // message is refused in words of its own: the first ones are enough.
            guard rejection == nil else { return nil }
            rejection = failure.message
            return failure.message
        }
        lastHeard = .now
        rejection = nil
        switch envelope.message {
        case .trainerPlan(let plan):
            clusterID = envelope.clusterID
            self.plan = plan
            configuration = RawFrame.document(envelope.frames)
        case .trainerForm(let form) where form.attempt == attempt: self.form = form
        case .trainerAbort(let abort) where abort.generation == generation:
            group?.abort(by: abort.by, reason: abort.reason)
        case .failure(let failure) where failure.code == .notFound:
            // Taken for dead: the generation goes on without this rank.
            group?.abort(by: "the coordinator", reason: "it took this rank for dead")
            plan = nil
        case .failure(let failure): refusal = failure
        case .drain: isStopping = true
        case .done: isFinishKnown = true
        default: break
        }
        return nil
    }
}
