import ClusterCore
import TestSupport
import Testing

@Suite struct MembershipTests {
    private let a = worker("a")
    private var membership = Membership()

    init() {
        _ = membership.hello(member(a, sharesData: false))
    }

    private func state(_ membership: Membership) -> Membership.State? {
        membership.member(named: "a")?.state
    }

    // MARK: Invariant 1: one life per name

    @Test func `a worker that says HELLO joins and may be given work`() {
        var membership = Membership()
        #expect(membership.hello(member(a)) == [.joined(a)])
        #expect(membership.ready.map(\.id) == [a])
        #expect(membership.placed.map(\.id) == [a])
        #expect(membership.isReady(a))
    }

    @Test func `a new life of a name ends the older one`() {
        var membership = membership
        let reborn = worker("a", life: 2)
        #expect(membership.hello(member(reborn)) == [.gone(a), .joined(reborn)])
        #expect(membership.all.map(\.id) == [reborn])
        #expect(!membership.isCurrent(a))
    }

    @Test func `the same life may introduce itself again without consequence`() {
        var membership = membership
        #expect(membership.hello(member(a, now: at(1))) == [])
        #expect(membership.member(named: "a")?.lastHeard == at(1))
    }

    @Test func `a silent worker that introduces itself again returns`() {
        var membership = membership
        _ = membership.tick(now: at(2))
        #expect(membership.hello(member(a, now: at(3))) == [.returned(a)])
        #expect(membership.isReady(a))
    }

    @Test func `what a former life says changes nothing`() {
        var membership = membership
        let reborn = worker("a", life: 2)
        _ = membership.hello(member(reborn))
        #expect(membership.heard(a, now: at(9)) == [])
        #expect(membership.heartbeat(a, progress: 5, isBusy: true, now: at(9)) == [])
        #expect(membership.unreachable(a) == [])
        #expect(membership.draining(a) == [])
        #expect(membership.left(a) == [])
        #expect(membership.isReady(reborn))
        #expect(membership.member(named: "a")?.lastHeard == at(0))
    }

    // MARK: Invariants 2 and 3: work for the ready, shards until gone

    @Test func `two seconds of silence route around a worker that keeps its shards`() {
        var membership = membership
        #expect(membership.tick(now: Instant(nanoseconds: 1_999_999_999)) == [])
        #expect(membership.tick(now: at(2)) == [.unavailable(a, .silent)])
        #expect(membership.tick(now: at(3)) == [])
        #expect(membership.ready.isEmpty)
        #expect(membership.placed.map(\.id) == [a])
        #expect(membership.isCurrent(a))
    }

    @Test func `ten seconds of silence end a worker and move its shards`() {
        var membership = membership
        _ = membership.tick(now: at(2))
        #expect(membership.tick(now: at(10)) == [.gone(a)])
        #expect(membership.all.isEmpty)
        #expect(!membership.isCurrent(a))
    }

    @Test func `a clock that jumps over both limits says first silent, then gone`() {
        var membership = membership
        #expect(membership.tick(now: at(60)) == [.unavailable(a, .silent)])
        #expect(membership.tick(now: at(60)) == [.gone(a)])
    }

    @Test func `a silent worker that is heard again returns`() {
        var membership = membership
        _ = membership.tick(now: at(2))
        #expect(membership.heard(a, now: at(9)) == [.returned(a)])
        #expect(membership.heard(a, now: at(9)) == [])
        #expect(membership.tick(now: at(10)) == [])
    }

    @Test func `an unreachable worker is routed around at once and keeps its shards`() {
        var membership = membership
        #expect(membership.unreachable(a) == [.unavailable(a, .silent)])
        #expect(membership.unreachable(a) == [])
        #expect(membership.placed.map(\.id) == [a])
        #expect(membership.heard(a, now: at(1)) == [.returned(a)])
    }

    @Test func `an unreachable worker nobody hears again is gone after ten seconds`() {
        var membership = membership
        _ = membership.unreachable(a)
        #expect(membership.tick(now: at(9)) == [])
        #expect(membership.tick(now: at(10)) == [.gone(a)])
    }

    // MARK: Invariant 3: who shares the folder is displaced soon

    @Test func `the shards of a silent worker that shares the folder move after two seconds`() {
        var membership = Membership()
        _ = membership.hello(member(a))
        #expect(membership.tick(now: at(2)) == [.unavailable(a, .silent), .displaced(a)])
        #expect(membership.tick(now: at(3)) == [])
        #expect(membership.placed.isEmpty)
        #expect(membership.heard(a, now: at(4)) == [.returned(a)])
        #expect(membership.placed.map(\.id) == [a])
        #expect(membership.tick(now: at(6)) == [.unavailable(a, .silent), .displaced(a)])
        #expect(membership.tick(now: at(14)) == [.gone(a)])
    }

    /// Whoever watches its process starts it again within a second or so.
    @Test func `an unreachable worker keeps its shards until two seconds of silence are over`() {
        var membership = Membership()
        _ = membership.hello(member(a))
        _ = membership.unreachable(a)
        #expect(membership.tick(now: at(1)) == [])
        #expect(membership.placed.map(\.id) == [a])
        #expect(membership.tick(now: at(2)) == [.displaced(a)])
        let reborn = worker("a", life: 2)
        #expect(membership.hello(member(reborn)) == [.gone(a), .joined(reborn)])
        #expect(membership.placed.map(\.id) == [reborn])
    }

    @Test func `a worker that says goodbye is gone at once`() {
        var membership = membership
        #expect(membership.left(a) == [.gone(a)])
        #expect(membership.left(a) == [])
    }

    @Test func `a draining worker takes nothing new and gives its shards away`() {
        var membership = membership
        #expect(membership.draining(a) == [.unavailable(a, .draining)])
        #expect(membership.draining(a) == [])
        #expect(membership.ready.isEmpty)
        #expect(membership.placed.isEmpty)
        #expect(membership.heard(a, now: at(1)) == [])
        #expect(state(membership) == .draining)
        #expect(membership.tick(now: at(11)) == [.gone(a)])
    }

    // MARK: Stalling

    @Test func `busy without progress for five seconds is stalled`() {
        var membership = membership
        for second in 0..<5 as Range<Int64> {
            _ = membership.heartbeat(a, progress: 7, isBusy: true, now: at(second))
            #expect(membership.tick(now: at(second)) == [])
        }
        _ = membership.heartbeat(a, progress: 7, isBusy: true, now: at(5))
        #expect(membership.tick(now: at(5)) == [.unavailable(a, .stalled)])
        #expect(!membership.isReady(a))
        #expect(membership.placed.map(\.id) == [a])
    }

    @Test func `progress, however slow, is no stall`() {
        var membership = membership
        for second in 0..<40 as Range<Int64> {
            let progress = UInt64(second / 4)
            #expect(
                membership.heartbeat(a, progress: progress, isBusy: true, now: at(second)) == [])
            #expect(membership.tick(now: at(second)) == [])
        }
    }

    @Test func `an idle worker without progress is no stall`() {
        var membership = membership
        for second in 0..<40 as Range<Int64> {
            _ = membership.heartbeat(a, progress: 7, isBusy: false, now: at(second))
            #expect(membership.tick(now: at(second)) == [])
        }
    }

    @Test func `time without work does not count towards a stall`() {
        var membership = membership
        _ = membership.heartbeat(a, progress: 7, isBusy: false, now: at(0))
        _ = membership.heartbeat(a, progress: 7, isBusy: false, now: at(9))
        _ = membership.heartbeat(a, progress: 7, isBusy: true, now: at(10))
        #expect(membership.tick(now: at(11)) == [])
    }

    @Test func `a stalled worker returns with its first progress, and not with a mere message`() {
        var membership = membership
        for second in 0...5 as ClosedRange<Int64> {
            _ = membership.heartbeat(a, progress: 7, isBusy: true, now: at(second))
        }
        _ = membership.tick(now: at(5))
        #expect(membership.heard(a, now: at(6)) == [])
        #expect(membership.heartbeat(a, progress: 7, isBusy: true, now: at(6)) == [])
        #expect(state(membership) == .stalled)
        #expect(membership.heartbeat(a, progress: 8, isBusy: true, now: at(6)) == [.returned(a)])
        #expect(membership.tick(now: at(7)) == [])
    }

    @Test func `a stalled worker that falls silent is not lost twice, and then gone`() {
        var membership = membership
        for second in 0...5 as ClosedRange<Int64> {
            _ = membership.heartbeat(a, progress: 7, isBusy: true, now: at(second))
        }
        _ = membership.tick(now: at(5))
        #expect(membership.tick(now: at(8)) == [])
        #expect(membership.tick(now: at(15)) == [.gone(a)])
    }

    // MARK: The caller's view

    /// What leases and searches believe follows from the changes alone: these must tell all.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func `the changes tell exactly who became ready and who ceased to be`(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        var membership = Membership()
        var ready: Set<WorkerID> = []
        var known: Set<WorkerID> = []
        var now = at(0)
        for _ in 0..<400 {
            now = now + .milliseconds(dice.below(1500))
            let someone = worker("w\(dice.below(4))", life: UInt64(1 + dice.below(3)))
            let changes =
                switch dice.below(10) {
                case 0: membership.hello(member(someone, now: now))
                case 1: membership.unreachable(someone)
                case 2: dice.once(in: 4) ? membership.left(someone) : []
                case 3: dice.once(in: 8) ? membership.draining(someone) : []
                case 4, 5: membership.tick(now: now)
                case 6, 7: membership.heard(someone, now: now)
                default:
                    membership.heartbeat(
                        someone, progress: UInt64(dice.below(2)), isBusy: dice.once(in: 2), now: now
                    )
                }
            for change in changes {
                switch change {
                case .joined(let worker):
                    #expect(known.insert(worker).inserted)
                    ready.insert(worker)
                case .returned(let worker):
                    #expect(known.contains(worker))
                    #expect(ready.insert(worker).inserted)
                case .unavailable(let worker, _):
                    // A draining worker may have been silent or stalled before.
                    if membership.member(named: worker.name)?.state != .draining {
                        #expect(ready.contains(worker))
                    }
                    ready.remove(worker)
                case .displaced(let worker):
                    #expect(known.contains(worker) && !ready.contains(worker))
                case .gone(let worker):
                    #expect(known.remove(worker) != nil)
                    ready.remove(worker)
                }
            }
            #expect(Set(membership.ready.map(\.id)) == ready)
            #expect(Set(membership.all.map(\.id)) == known)
            #expect(Set(known.map(\.name)).count == known.count)
        }
    }
}
