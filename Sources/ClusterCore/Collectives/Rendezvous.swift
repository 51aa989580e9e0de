/// Brings the ranks of a training run together: who is in the world, and when a new one is formed.
///
/// States:
/// - *gathering*: ranks that are ready wait; those that are alive but not ready are waited for.
/// - *formed*: a generation trains; who becomes ready meanwhile waits as a spare.
/// - *finished*: a rank of the generation has passed the last barrier, so the work is done; all
///   others are told, and the run is over when they have gone.
/// - *given up*: no world came about in time, a rank failed for good, or generations kept failing.
///
/// Transitions:
/// - gathering → formed: ``join(_:at:)`` brings the maximum, or ``tick(at:)`` finds the minimum and
///   nobody left to wait for.
/// - formed → gathering: ``lost(_:reason:at:)``, ``failed(_:generation:reason:at:)``, a member that
///   joins anew, or one that ``tick(at:)`` finds silent.
/// - formed → finished: ``finish(_:_:at:)``.
/// - any → given up: ``tick(at:)``, ``finish(_:_:at:)`` with a failure.
///
/// Invariants:
/// 1. Generations grow by one with each world; a world never changes.
/// 2. All members of a world gave equal facts.
/// 3. A member is in a world only with the attempt it last joined with.
/// 4. Messages may be lost, repeated or late: a repeated join of the formed world is answered with
///    the same place, a member that beats with a generation that has ended is told so again, and
///    one that has not heard that the work is done is told again until it goes.
public struct Rendezvous: Sendable {
    /// How many ranks, and how long is waited for what.
    public struct Settings: Hashable, Sendable {
        /// The fewest ranks a world may have.
        public var minimum: Int
        /// The most ranks a world may have.
        public var maximum: Int
        /// How long more ranks are waited for when the fewest are there.
        public var settle: Duration = .seconds(5)
        /// How long a member may be silent before it is taken for dead.
        public var silence: Duration = .milliseconds(1_800)
        /// How long gathering may take before it is given up.
        public var patience: Duration = .seconds(300)
        /// How long ranks whose finish is known may take to go.
        public var farewell: Duration = .seconds(5)
        /// How many generations may fail one after the other without progress.
        public var failures = 5

        /// Settings for `minimum` to `maximum` ranks.
        public init(minimum: Int, maximum: Int) {
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    /// What is to be done.
    public enum Effect: Hashable, Sendable {
        /// Tell a member its place.
        case form(WorkerID, attempt: UInt64, place: TrainerForm)
        /// Tell a member that a generation has ended.
        case abort(WorkerID, TrainerAbort)
        /// Tell a process that it is refused, and let it end.
        case refuse(WorkerID, RendezvousRefusal)
        /// A member of the world is gone: see that nothing of it goes on running.
        case remove(WorkerID, reason: String)
        /// Tell a process that the work is done.
        case acknowledge(WorkerID)
        /// Stop: no world will come about.
        case giveUp(RendezvousFailure)
    }

    /// Where the run stands.
    public enum Phase: Hashable, Sendable {
        /// Ranks are waited for.
        case gathering
        /// A generation trains.
        case formed(generation: UInt64)
        /// The work is done.
        case finished(generation: UInt64)
        /// The run cannot go on.
        case givenUp
    }

    struct Member: Hashable, Sendable {
        var lastHeard: Instant
        /// The last join; nil before the first.
        var join: TrainerJoin?
        /// Whether the join waits for a world.
        var isReady = false
        var hasFinished = false
    }

    struct World: Hashable, Sendable {
        var generation: UInt64
        /// In the order of ranks.
        var members: [WorkerID]
    }

    /// Where the run stands.
    public internal(set) var phase = Phase.gathering
    let settings: Settings
    var members: [WorkerID: Member] = [:]
    var world: World?
    /// How often a world has been formed.
    public internal(set) var generation: UInt64 = 0
    /// Why the last generation ended.
    var lastAbort: TrainerAbort?
    /// Since when gathering stands as it stands, and since when it goes on.
    var changed: Instant
    var gatheringSince: Instant
    /// The furthest step that any rank has reached, and generations that have failed since.
    var step: UInt64 = 0
    var failures = 0
    /// When the last rank of a finished run said so, and whether those who stay were waited for.
    var finished: Instant?
    var isFarewellOver = false

    /// Starts gathering.
    public init(settings: Settings, at now: Instant) {
        precondition(
            settings.minimum >= 1 && settings.minimum <= settings.maximum,
            "\(settings.minimum) to \(settings.maximum) ranks")
        self.settings = settings
        changed = now
        gatheringSince = now
    }

    /// The names of the ranks of the formed world, in their order.
    public var names: [String] { world?.members.map(\.name) ?? [] }

    /// Processes that are known and alive.
    public var known: [WorkerID] { members.keys.sorted() }

    /// Ranks that are ready and wait.
    public var ready: Int { members.values.count { $0.isReady } }
}

// MARK: - What ranks say

extension Rendezvous {
    /// A process is there and will be ready later.
    public mutating func hello(_ id: WorkerID, at now: Instant) -> [Effect] {
        guard isOpen else { return [] }
        let effects = replacePredecessor(of: id, at: now)
        members[id, default: Member(lastHeard: now)].lastHeard = now
        return effects
    }

    /// A rank is ready for a world.
    public mutating func join(
        _ id: WorkerID, _ join: TrainerJoin, at now: Instant
    ) -> [Effect] {
        guard isOpen else { return [] }
        var effects = hello(id, at: now)
        if case .finished = phase {
            // A spare, or one whose ring broke when all had been done.
            return effects + noteFinished(id, at: now)
        }
        if let known = members[id]?.join?.attempt, join.attempt <= known {
            // Repeated, since the answer is late or was lost; or a late copy of an older one.
            guard join.attempt == known, let place = place(of: id) else { return effects }
            return effects + [.form(id, attempt: join.attempt, place: place)]
        }
        if let refusal = refusal(of: id, join) {
            members[id] = nil
            return effects + [.refuse(id, refusal)]
        }
        if world?.members.contains(id) == true {
            effects += end(by: id, reason: "it left the generation", at: now)
        }
        members[id]?.join = join
        members[id]?.isReady = true
        changed = now
        if case .gathering = phase, ready == settings.maximum { effects += form() }
        return effects
    }

    /// A rank shows that it is alive.
    public mutating func beat(
        _ id: WorkerID, _ beat: TrainerBeat, at now: Instant
    ) -> [Effect] {
        guard isOpen, members[id] != nil else { return [] }
        members[id]?.lastHeard = now
        if beat.step > step {
            step = beat.step
            failures = 0
        }
        guard beat.generation > 0, beat.generation != world?.generation,
            let lastAbort, beat.generation <= lastAbort.generation
        else { return [] }
        return [
            .abort(
                id,
                TrainerAbort(
                    generation: beat.generation, by: lastAbort.by, reason: lastAbort.reason))
        ]
    }

    /// A rank saw its generation fail.
    public mutating func failed(
        _ id: WorkerID, generation: UInt64, by who: String, reason: String, at now: Instant
    ) -> [Effect] {
        guard case .formed(generation) = phase, world?.members.contains(id) == true else {
            return []
        }
        return end(by: who, reason: reason, at: now)
    }

    /// A rank has done all there was to do, or cannot do it.
    public mutating func finish(
        _ id: WorkerID, _ finish: TrainerFinish, at now: Instant
    ) -> [Effect] {
        guard isOpen else { return [.acknowledge(id)] }
        guard members[id] != nil else { return [] }
        if !finish.failure.isEmpty {
            return [.acknowledge(id)] + giveUp(.rank(id.name, finish.failure))
        }
        guard let world, world.members.contains(id), finish.generation == world.generation else {
            return []
        }
        phase = .finished(generation: world.generation)
        // Spares have nothing left to wait for.
        let spares = known.filter { $0 != id && members[$0]?.isReady == true }
        return ([id] + spares).flatMap { noteFinished($0, at: now) }
    }

    /// A process ended, or cannot be reached any more.
    public mutating func lost(_ id: WorkerID, reason: String, at now: Instant) -> [Effect] {
        guard members.removeValue(forKey: id) != nil, isOpen else { return [] }
        changed = now
        noteEnd(at: now)
        guard world?.members.contains(id) == true else { return [] }
        return end(by: id, reason: reason, at: now)
    }

    /// Looks at the clock; at least every 50 ms.
    public mutating func tick(at now: Instant) -> [Effect] {
        guard isOpen else { return [] }
        var effects: [Effect] = []
        for id in known {
            guard let heard = members[id]?.lastHeard, now - heard > settings.silence else {
                continue
            }
            let milliseconds = Int((now - heard) / .milliseconds(1))
            let reason = "nothing was heard of it for \(milliseconds) ms"
            // Who had finished has gone, and its word of that was lost.
            if members[id]?.hasFinished == false { effects.append(.remove(id, reason: reason)) }
            effects += lost(id, reason: reason, at: now)
        }
        if let finished, now - finished > settings.farewell { isFarewellOver = true }
        guard case .gathering = phase else { return effects }
        let isSettled = members.values.allSatisfy(\.isReady) && now - changed >= settings.settle
        if ready >= settings.minimum, isSettled { return effects + form() }
        if now - gatheringSince > settings.patience {
            effects += giveUp(.tooFew(ready, needed: settings.minimum))
        }
        return effects
    }

    /// Whether the run was given up, or is finished and every rank has gone.
    ///
    /// Each is waited for until it says goodbye, ends or is silent: the word that the work is done
    /// may be lost, and then its rank asks again. Who is told and stays is waited for a while.
    public var isOver: Bool {
        switch phase {
        case .givenUp: true
        case .finished: finished != nil && (members.isEmpty || isFarewellOver)
        case .gathering, .formed: false
        }
    }
}

// MARK: - Decisions

extension Rendezvous {
    private var isOpen: Bool { phase != .givenUp }

    /// The work is done, and a process is told so.
    private mutating func noteFinished(_ id: WorkerID, at now: Instant) -> [Effect] {
        members[id]?.hasFinished = true
        noteEnd(at: now)
        return [.acknowledge(id)]
    }

    /// Takes note of the time from which on no rank of a finished run has anything left to do.
    private mutating func noteEnd(at now: Instant) {
        guard case .finished = phase, finished == nil, let world else { return }
        if world.members.allSatisfy({ members[$0]?.hasFinished ?? true }) { finished = now }
    }

    /// A process of the same name with another incarnation has taken the place of a known one.
    private mutating func replacePredecessor(of id: WorkerID, at now: Instant) -> [Effect] {
        guard let old = known.first(where: { $0.name == id.name && $0 != id }) else { return [] }
        return [.remove(old, reason: "it was started again")]
            + lost(old, reason: "it was started again", at: now)
    }

    /// Why a join does not fit those that are there; nil where it does.
    private func refusal(of id: WorkerID, _ join: TrainerJoin) -> RendezvousRefusal? {
        for other in known where other != id {
            guard let facts = members[other]?.join?.facts else { continue }
            let ours = Dictionary(facts.map { ($0.name, $0.value) }) { first, _ in first }
            let theirs = Dictionary(join.facts.map { ($0.name, $0.value) }) { first, _ in first }
            for name in Set(ours.keys).union(theirs.keys).sorted()
            where ours[name] != theirs[name] {
                return RendezvousRefusal(
                    fact: name, rank: id.name, found: theirs[name] ?? "nothing",
                    other: other.name, expected: ours[name] ?? "nothing")
            }
        }
        return nil
    }

    /// Forms a world of those that are ready, by name, so that a rank started again has the same
    /// number.
    private mutating func form() -> [Effect] {
        let chosen = known.filter { members[$0]?.isReady == true }.prefix(settings.maximum)
        generation += 1
        world = World(generation: generation, members: Array(chosen))
        phase = .formed(generation: generation)
        for id in chosen { members[id]?.isReady = false }
        return chosen.compactMap { id in
            guard let attempt = members[id]?.join?.attempt, let place = place(of: id) else {
                return nil
            }
            return .form(id, attempt: attempt, place: place)
        }
    }

    private func place(of id: WorkerID) -> TrainerForm? {
        guard let world, case .formed = phase, let rank = world.members.firstIndex(of: id),
            let attempt = members[id]?.join?.attempt,
            let next = members[world.members[(rank + 1) % world.members.count]]?.join?.ring
        else { return nil }
        return TrainerForm(
            attempt: attempt, generation: world.generation, rank: UInt32(rank),
            names: world.members.map(\.name), next: next)
    }

    private mutating func end(by id: WorkerID, reason: String, at now: Instant) -> [Effect] {
        let rank = world?.members.firstIndex(of: id).map { "rank \($0) (\(id.name))" } ?? id.name
        return end(by: rank, reason: reason, at: now)
    }

    /// Ends the generation, unless its work is done already.
    private mutating func end(by who: String, reason: String, at now: Instant) -> [Effect] {
        guard case .formed = phase, let world else { return [] }
        let abort = TrainerAbort(generation: world.generation, by: who, reason: reason)
        lastAbort = abort
        self.world = nil
        phase = .gathering
        changed = now
        gatheringSince = now
        failures += 1
        let told = world.members.filter { members[$0] != nil }
        let effects = told.map { Effect.abort($0, abort) }
        guard failures <= settings.failures else {
            return effects + giveUp(.failing(failures, abort))
        }
        return effects
    }

    private mutating func giveUp(_ failure: RendezvousFailure) -> [Effect] {
        phase = .givenUp
        return [.giveUp(failure)]
    }
}
