import ClusterCore
import TestSupport

/// A training run in one process: the coordinator's state machine, ranks that behave as their
/// processes do, a network that loses, delays and repeats, and processes that die or stand still.
///
/// A generation moves on by one step when all its ranks are in it and run; every fourth step is
/// committed. What is checked is in ``failures``.
final class SimulatedTraining {
    struct Settings {
        var ranks = 3
        var minimum = 3
        var steps = 60
        /// One message in so many is lost, and one is repeated; 0: none.
        var loss = 0
        var delay: ClosedRange<Int> = 1...20
        /// One crash, and one halt, in so many steps; 0: none.
        var crashes = 0
        var halts = 0
        /// Whether the end of a process is seen at once, as on the coordinator's own host.
        var seesExits = true
    }

    private struct Rank {
        var id: WorkerID
        var isAlive = true
        var isHalted = false
        /// Since when it runs without a break.
        var awake = Instant(nanoseconds: 0)
        var isWelcome = false
        var attempt: UInt64 = 0
        var place: TrainerForm?
        var step = 0
        var hasFinished = false
        var isDone = false
        /// Messages that came while it stood still.
        var inbox: [Message] = []
    }

    private let settings: Settings
    private var dice: Dice
    private var queue = EventQueue()
    private var now = Instant(nanoseconds: 0)
    private var rendezvous: Rendezvous
    private var ranks: [Rank]
    private var committed = 0
    private var isOver = false
    private var worlds: [UInt64: [String]] = [:]
    /// When a rank of a generation was last known to be gone: for how long others take to hear.
    private var gone: [UInt64: Instant] = [:]

    private(set) var failures: [String] = []
    private(set) var longestAbort = Duration.zero
    private(set) var generations = 0
    private(set) var isFinished = false

    init(_ settings: Settings, seed: UInt64) {
        self.settings = settings
        dice = Dice(seed: seed)
        var rules = Rendezvous.Settings(minimum: settings.minimum, maximum: settings.ranks)
        rules.failures = 1_000
        rendezvous = Rendezvous(settings: rules, at: now)
        ranks = (0..<settings.ranks).map {
            Rank(id: WorkerID(name: "trainer-\($0 + 1)", incarnation: UInt64($0 + 1)))
        }
    }

    /// Runs until the training is over, at most ten simulated minutes.
    func run() {
        for number in ranks.indices { after(.milliseconds(number)) { self.live(number) } }
        after(.milliseconds(50)) { self.tick() }
        after(.milliseconds(10)) { self.train() }
        let end = now + .seconds(600)
        while !isOver, let event = queue.next(), event.time < end {
            now = event.time
            event.body()
        }
        if !isFinished { failures.append("not finished at step \(committed), \(rendezvous.phase)") }
    }

    private func after(_ delay: Duration, _ body: @escaping () -> Void) {
        queue.add(at: now + delay, body)
    }
}

// MARK: - The coordinator

extension SimulatedTraining {
    private func tick() {
        perform(rendezvous.tick(at: now))
        if rendezvous.isOver {
            isOver = true
            // Who has just started or stood still may be unknown, or be taken for dead.
            let left = ranks.filter {
                $0.isAlive && !$0.isHalted && !$0.isDone && now - $0.awake > .seconds(2)
            }
            if !left.isEmpty { failures.append("\(left.map(\.id)) do not know that all is done") }
        }
        after(.milliseconds(50)) { self.tick() }
    }

    private func receive(_ message: Message, from id: WorkerID) {
        switch message {
        case .trainerHello:
            perform(rendezvous.hello(id, at: now))
            send(.trainerPlan(TrainerPlan()), to: id)
        case _ where !rendezvous.known.contains(id) && rendezvous.phase != .givenUp:
            send(.failure(Failure(code: .notFound)), to: id)
        case .trainerJoin(let join): perform(rendezvous.join(id, join, at: now))
        case .trainerBeat(let beat): perform(rendezvous.beat(id, beat, at: now))
        case .trainerAbort(let abort):
            perform(
                rendezvous.failed(
                    id, generation: abort.generation, by: abort.by, reason: abort.reason, at: now))
        case .trainerFinish(let finish): perform(rendezvous.finish(id, finish, at: now))
        case .goodbye: perform(rendezvous.lost(id, reason: "it ended", at: now))
        default: failures.append("unexpected \(message.type)")
        }
    }

    private func perform(_ effects: [Rendezvous.Effect]) {
        for effect in effects {
            switch effect {
            case .form(let id, _, let place):
                let known = worlds[place.generation]
                if known == nil { generations += 1 }
                if let known, known != place.names {
                    failures.append("generation \(place.generation) has two worlds")
                }
                worlds[place.generation] = place.names
                if place.names[Int(place.rank)] != id.name {
                    failures.append("\(id) got the rank of another")
                }
                send(.trainerForm(place), to: id)
            case .abort(let id, let abort): send(.trainerAbort(abort), to: id)
            case .refuse(let id, let refusal): failures.append("\(id) was refused: \(refusal)")
            case .remove(let id, _):
                // The process manager ends what still stands, and starts it again.
                if let number = ranks.firstIndex(where: { $0.id == id }), ranks[number].isAlive {
                    crash(number)
                }
            case .acknowledge(let id): send(.done(Done()), to: id)
            case .giveUp(let failure): failures.append("gave up: \(failure)")
            }
        }
    }

    private func send(_ message: Message, to id: WorkerID) {
        carry {
            guard let number = self.ranks.firstIndex(where: { $0.id == id }) else { return }
            self.deliver(message, to: number)
        }
    }

    /// Delivers once, twice or never.
    private func carry(_ body: @escaping () -> Void) {
        if settings.loss > 0, dice.once(in: settings.loss) { return }
        after(dice.milliseconds(settings.delay), body)
        if settings.loss > 0, dice.once(in: settings.loss) {
            after(dice.milliseconds(settings.delay), body)
        }
    }
}

// MARK: - The ranks

extension SimulatedTraining {
    /// What a rank says every 250 ms, in its life from here on.
    private func live(_ number: Int) {
        let id = ranks[number].id
        guard ranks[number].isAlive, !ranks[number].isDone else { return }
        if !ranks[number].isHalted { speak(number) }
        after(.milliseconds(250)) {
            if self.ranks[number].id == id { self.live(number) }
        }
    }

    private func speak(_ number: Int) {
        let rank = ranks[number]
        guard rank.isWelcome else { return tell(number, .trainerHello(TrainerHello())) }
        tell(
            number,
            .trainerBeat(
                TrainerBeat(
                    attempt: rank.attempt, generation: rank.place?.generation ?? 0,
                    step: UInt64(rank.step))))
        if rank.hasFinished {
            tell(
                number, .trainerFinish(TrainerFinish(generation: rank.place?.generation ?? 0)))
        } else if rank.place == nil {
            tell(number, .trainerJoin(TrainerJoin(attempt: rank.attempt)))
        }
    }

    private func tell(_ number: Int, _ message: Message) {
        let id = ranks[number].id
        carry { self.receive(message, from: id) }
    }

    private func deliver(_ message: Message, to number: Int) {
        guard ranks[number].isAlive else { return }
        if ranks[number].isHalted { return ranks[number].inbox.append(message) }
        switch message {
        case .trainerPlan:
            guard !ranks[number].isWelcome else { return }
            ranks[number].isWelcome = true
            ranks[number].attempt += 1
        case .trainerForm(let place):
            guard ranks[number].place == nil, place.attempt == ranks[number].attempt else { return }
            ranks[number].place = place
            // Each generation begins with the last commit.
            ranks[number].step = committed
        case .trainerAbort(let abort):
            guard ranks[number].place?.generation == abort.generation else { return }
            if let since = gone[abort.generation] { longestAbort = max(longestAbort, now - since) }
            leave(number)
        case .failure:
            ranks[number].isWelcome = false
            leave(number)
        case .done where !ranks[number].isDone:
            ranks[number].isDone = true
            tell(number, .goodbye(Goodbye(reason: "it ended")))
        default: break
        }
    }

    private func leave(_ number: Int) {
        ranks[number].place = nil
        ranks[number].attempt += 1
    }

    private func crash(_ number: Int) {
        let id = ranks[number].id
        note(number)
        ranks[number].isAlive = false
        if settings.seesExits {
            after(dice.milliseconds(1...20)) {
                self.perform(self.rendezvous.lost(id, reason: "it ended", at: self.now))
            }
        }
        after(dice.milliseconds(100...2_000)) {
            self.ranks[number] = Rank(
                id: WorkerID(name: id.name, incarnation: self.dice.next()), awake: self.now)
            self.live(number)
        }
    }

    private func halt(_ number: Int) {
        let id = ranks[number].id
        note(number)
        ranks[number].isHalted = true
        after(dice.milliseconds(500...10_000)) {
            guard self.ranks[number].id == id else { return }
            self.ranks[number].isHalted = false
            self.ranks[number].awake = self.now
            let messages = self.ranks[number].inbox
            self.ranks[number].inbox = []
            for message in messages { self.deliver(message, to: number) }
        }
    }

    private func note(_ number: Int) {
        if let generation = ranks[number].place?.generation { gone[generation] = now }
    }

    /// One step of the generation whose ranks are all in it; now and then a fault.
    private func train() {
        after(dice.milliseconds(20...60)) { self.train() }
        for number in ranks.indices where ranks[number].isAlive && !ranks[number].isHalted {
            if settings.crashes > 0, dice.once(in: settings.crashes) { return crash(number) }
            if settings.halts > 0, dice.once(in: settings.halts) { return halt(number) }
        }
        let here = ranks.indices.filter { ranks[$0].place != nil && !ranks[$0].hasFinished }
        let places = here.compactMap { ranks[$0].place }
        guard let place = places.max(by: { $0.generation < $1.generation }) else { return }
        let group = here.filter { ranks[$0].place?.generation == place.generation }
        guard group.count == place.names.count,
            group.allSatisfy({ ranks[$0].isAlive && !ranks[$0].isHalted })
        else { return }
        let steps = Set(group.map { ranks[$0].step })
        guard let step = steps.first, steps.count == 1 else {
            return failures.append("ranks of generation \(place.generation) are at \(steps)")
        }
        if Set(group.compactMap { ranks[$0].place?.rank }).count != group.count {
            failures.append("two ranks of generation \(place.generation) have one number")
        }
        for number in group { ranks[number].step = step + 1 }
        if (step + 1) % 4 == 0 || step + 1 == settings.steps { commit(step + 1) }
        if step + 1 == settings.steps {
            isFinished = true
            for number in group { ranks[number].hasFinished = true }
        }
    }

    private func commit(_ step: Int) {
        if step <= committed { failures.append("step \(step) was committed after \(committed)") }
        committed = step
    }
}
