import ClusterCore
import Testing

/// Who is in the world, event by event.
struct CollectiveRendezvousTests {
    private static let start = Instant(nanoseconds: 0)
    private let first = WorkerID(name: "trainer-1", incarnation: 1)
    private let second = WorkerID(name: "trainer-2", incarnation: 2)
    private let third = WorkerID(name: "trainer-3", incarnation: 3)

    private func at(_ milliseconds: Int) -> Instant { Self.start + .milliseconds(milliseconds) }

    private func join(_ attempt: UInt64 = 1, model: String = "a", ring: String = "") -> TrainerJoin
    {
        TrainerJoin(
            attempt: attempt,
            facts: [
                TrainerFact(name: "model", value: model),
                TrainerFact(name: "element type", value: "float32"),
            ], ring: RingAddress(endpoints: [ring]))
    }

    private func rendezvous(_ minimum: Int, _ maximum: Int) -> Rendezvous {
        Rendezvous(settings: .init(minimum: minimum, maximum: maximum), at: Self.start)
    }

    /// Two ranks in generation 1.
    private func formed(
        _ settings: Rendezvous.Settings = .init(minimum: 2, maximum: 2)
    ) -> Rendezvous {
        var rendezvous = Rendezvous(settings: settings, at: Self.start)
        _ = rendezvous.join(first, join(), at: at(0))
        _ = rendezvous.join(second, join(), at: at(0))
        _ = rendezvous.tick(at: at(1))
        return rendezvous
    }

    @Test func `the maximum forms a world at once, in the order of names`() {
        var rendezvous = rendezvous(1, 2)
        #expect(rendezvous.join(second, join(ring: "b"), at: at(0)).isEmpty)
        let actions = rendezvous.join(first, join(ring: "a"), at: at(1))
        let names = ["trainer-1", "trainer-2"]
        func place(_ rank: UInt32, _ next: String) -> TrainerForm {
            TrainerForm(
                attempt: 1, generation: 1, rank: rank, names: names,
                next: RingAddress(endpoints: [next]))
        }
        #expect(
            actions == [
                .form(first, attempt: 1, place: place(0, "b")),
                .form(second, attempt: 1, place: place(1, "a")),
            ])
        #expect(rendezvous.phase == .formed(generation: 1))
    }

    @Test func `the minimum forms a world when nobody has come for a while`() {
        var rendezvous = rendezvous(1, 3)
        _ = rendezvous.join(first, join(), at: at(0))
        for time in stride(from: 250, to: 5_000, by: 250) {
            _ = rendezvous.beat(first, TrainerBeat(attempt: 1), at: at(time))
            #expect(rendezvous.tick(at: at(time)).isEmpty)
        }
        #expect(rendezvous.tick(at: at(5_000)).count == 1)
        #expect(rendezvous.names == ["trainer-1"])
    }

    @Test func `one that is alive and not ready yet is waited for`() {
        var settings = Rendezvous.Settings(minimum: 1, maximum: 3)
        settings.silence = .seconds(60)
        var rendezvous = Rendezvous(settings: settings, at: Self.start)
        _ = rendezvous.hello(second, at: at(0))
        _ = rendezvous.join(first, join(), at: at(0))
        #expect(rendezvous.tick(at: at(20_000)).isEmpty)
        _ = rendezvous.lost(second, reason: "it ended", at: at(20_000))
        #expect(rendezvous.tick(at: at(25_000)).count == 1)
    }

    @Test func `another model is refused with both sides named`() {
        var rendezvous = rendezvous(2, 2)
        _ = rendezvous.join(first, join(model: "a"), at: at(0))
        let refusal = RendezvousRefusal(
            fact: "model", rank: "trainer-2", found: "b", other: "trainer-1", expected: "a")
        #expect(
            rendezvous.join(second, join(model: "b"), at: at(0)) == [.refuse(second, refusal)])
        #expect(
            refusal.description.contains("trainer-2 has another model than trainer-1: b, not a"))
        #expect(rendezvous.known == [first])
    }

    @Test func `a lost rank ends the generation, and its successor begins the next`() {
        var rendezvous = formed()
        let abort = TrainerAbort(generation: 1, by: "rank 1 (trainer-2)", reason: "it ended")
        #expect(
            rendezvous.lost(second, reason: "it ended", at: at(100)) == [.abort(first, abort)])
        #expect(rendezvous.join(first, join(2), at: at(110)).isEmpty)
        let restarted = WorkerID(name: "trainer-2", incarnation: 9)
        let actions = rendezvous.join(restarted, join(), at: at(900))
        #expect(actions.count == 2)
        #expect(rendezvous.phase == .formed(generation: 2))
        #expect(rendezvous.names == ["trainer-1", "trainer-2"])
    }

    @Test func `a silent rank is removed within two seconds`() {
        var rendezvous = formed()
        for time in stride(from: 250, to: 2_000, by: 250) {
            _ = rendezvous.beat(first, TrainerBeat(attempt: 1, generation: 1), at: at(time))
        }
        #expect(rendezvous.tick(at: at(1_700)).isEmpty)
        let actions = rendezvous.tick(at: at(1_850))
        #expect(actions.first == .remove(second, reason: "nothing was heard of it for 1850 ms"))
        guard case .abort(first, let abort) = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(abort.by == "rank 1 (trainer-2)")
    }

    @Test func `an answer that was lost is given again, a late join is not heard`() {
        var rendezvous = formed()
        #expect(rendezvous.join(first, join(1), at: at(300)).count == 1)
        _ = rendezvous.lost(second, reason: "it ended", at: at(400))
        #expect(rendezvous.join(first, join(1), at: at(500)).isEmpty)
        #expect(rendezvous.ready == 0)
    }

    @Test func `a rank that missed the end is told again`() {
        var rendezvous = formed()
        _ = rendezvous.lost(second, reason: "it ended", at: at(100))
        let abort = TrainerAbort(generation: 1, by: "rank 1 (trainer-2)", reason: "it ended")
        let beat = TrainerBeat(attempt: 1, generation: 1)
        #expect(rendezvous.beat(first, beat, at: at(300)) == [.abort(first, abort)])
    }

    @Test func `a failure that a rank saw ends the generation once`() {
        var rendezvous = formed()
        let actions = rendezvous.failed(
            first, generation: 1, by: "rank 1 (trainer-2)", reason: "gone", at: at(100))
        #expect(actions.count == 2)
        #expect(
            rendezvous.failed(
                second, generation: 1, by: "trainer-2", reason: "late", at: at(101)
            ).isEmpty)
        #expect(
            rendezvous.failed(
                third, generation: 1, by: "trainer-3", reason: "a stranger", at: at(101)
            ).isEmpty)
    }

    @Test func `a spare takes the place of a lost rank`() {
        var rendezvous = formed()
        #expect(rendezvous.join(third, join(), at: at(50)).isEmpty)
        _ = rendezvous.lost(first, reason: "it ended", at: at(100))
        #expect(rendezvous.join(second, join(2), at: at(150)).count == 2)
        #expect(rendezvous.names == ["trainer-2", "trainer-3"])
    }

    @Test func `the survivors go on where fewer are allowed`() {
        var settings = Rendezvous.Settings(minimum: 1, maximum: 2)
        settings.settle = .seconds(1)
        var rendezvous = formed(settings)
        _ = rendezvous.lost(second, reason: "it ended", at: at(100))
        _ = rendezvous.join(first, join(2), at: at(200))
        #expect(rendezvous.tick(at: at(1_100)).isEmpty)
        #expect(rendezvous.tick(at: at(1_200)).count == 1)
        #expect(rendezvous.names == ["trainer-1"])
    }

    @Test func `a finish ends the run, whoever is lost after it`() {
        var rendezvous = formed()
        #expect(
            rendezvous.finish(first, TrainerFinish(generation: 1), at: at(90))
                == [.acknowledge(first)])
        #expect(!rendezvous.isOver)
        #expect(rendezvous.lost(second, reason: "it ended", at: at(100)).isEmpty)
        // The first asks again until it has heard that its finish is known, and then goes.
        #expect(!rendezvous.isOver)
        #expect(
            rendezvous.finish(first, TrainerFinish(generation: 1), at: at(110))
                == [.acknowledge(first)])
        #expect(rendezvous.lost(first, reason: "it ended", at: at(120)).isEmpty)
        #expect(rendezvous.isOver)
    }

    @Test func `a rank that goes without a word after its finish is not removed`() {
        var rendezvous = formed()
        for rank in [first, second] {
            _ = rendezvous.finish(rank, TrainerFinish(generation: 1), at: at(100))
        }
        _ = rendezvous.lost(first, reason: "it ended", at: at(110))
        #expect(!rendezvous.isOver)
        #expect(rendezvous.tick(at: at(1_900)).isEmpty)
        #expect(rendezvous.isOver)
    }

    @Test func `a rank that has finished and stays is waited for a while`() {
        var rendezvous = formed()
        for rank in [first, second] {
            _ = rendezvous.finish(rank, TrainerFinish(generation: 1), at: at(100))
        }
        for time in stride(from: 250, through: 5_000, by: 250) {
            for rank in [first, second] {
                _ = rendezvous.beat(rank, TrainerBeat(generation: 1), at: at(time))
            }
            #expect(rendezvous.tick(at: at(time)).isEmpty)
            #expect(!rendezvous.isOver)
        }
        _ = rendezvous.tick(at: at(5_101))
        #expect(rendezvous.isOver)
    }

    @Test func `spares are told when the work is done, and whoever comes later`() {
        var rendezvous = formed()
        _ = rendezvous.join(third, join(), at: at(50))
        let told = rendezvous.finish(first, TrainerFinish(generation: 1), at: at(100))
        #expect(told == [.acknowledge(first), .acknowledge(third)])
        // Its ring broke when all had been done: there is nothing to do anew.
        #expect(rendezvous.join(second, join(2), at: at(110)) == [.acknowledge(second)])
        let late = WorkerID(name: "trainer-4", incarnation: 4)
        #expect(rendezvous.hello(late, at: at(120)).isEmpty)
        #expect(rendezvous.join(late, join(), at: at(130)) == [.acknowledge(late)])
        for rank in [first, second, third, late] {
            #expect(!rendezvous.isOver)
            _ = rendezvous.lost(rank, reason: "it ended", at: at(140))
        }
        #expect(rendezvous.isOver)
    }

    @Test func `a failure that nothing helps gives up`() {
        var rendezvous = formed()
        let actions = rendezvous.finish(
            second, TrainerFinish(generation: 1, failure: "The disk is full. Make room."),
            at: at(100))
        #expect(actions.last == .giveUp(.rank("trainer-2", "The disk is full. Make room.")))
        #expect(rendezvous.isOver)
    }

    @Test func `generations that keep failing without progress are given up`() {
        var settings = Rendezvous.Settings(minimum: 1, maximum: 1)
        settings.failures = 2
        var rendezvous = Rendezvous(settings: settings, at: Self.start)
        for round in 1...UInt64(3) {
            _ = rendezvous.join(first, join(round), at: at(0))
            let actions = rendezvous.failed(
                first, generation: round, by: "trainer-1", reason: "no", at: at(0))
            let gaveUp = actions.contains { if case .giveUp = $0 { true } else { false } }
            #expect(gaveUp == (round == 3))
        }
    }

    @Test func `progress forgives failures`() {
        var settings = Rendezvous.Settings(minimum: 1, maximum: 1)
        settings.failures = 1
        var rendezvous = Rendezvous(settings: settings, at: Self.start)
        for round in 1...UInt64(5) {
            _ = rendezvous.join(first, join(round), at: at(0))
            _ = rendezvous.beat(
                first, TrainerBeat(attempt: round, generation: round, step: round), at: at(0))
            _ = rendezvous.failed(
                first, generation: round, by: "trainer-1", reason: "no", at: at(0))
        }
        #expect(rendezvous.phase == .gathering)
    }

    @Test func `too few ranks are given up after a time`() {
        var settings = Rendezvous.Settings(minimum: 2, maximum: 2)
        settings.silence = .seconds(1_000)
        var rendezvous = Rendezvous(settings: settings, at: Self.start)
        _ = rendezvous.join(first, join(), at: at(0))
        #expect(rendezvous.tick(at: at(300_000)).isEmpty)
        #expect(rendezvous.tick(at: at(300_001)) == [.giveUp(.tooFew(1, needed: 2))])
    }
}
