import ClusterCore
import TestSupport
import Testing

/// What is marked, what is deleted, and what never is.
struct GarbageReviewTests {
    private static let wait: Int64 = 3600

    private func review(at now: Int64, epoch: UInt64 = 2) -> GarbageReview {
        GarbageReview(waitSeconds: Self.wait, now: now, epoch: epoch)
    }

    private static let digest = String(repeating: "a", count: 64)
    private static let segment = "segments/" + digest + ".safetensors"

    private func file(_ object: String = segment, modified: Int64 = 0) -> GarbageReview.File {
        GarbageReview.File(object: object, modified: modified)
    }

    private func mark(
        _ object: String = segment, since: Int64 = 1000, epoch: UInt64 = 1
    ) -> GarbageMark {
        GarbageMark(object: object, since: since, epoch: epoch)
    }

    @Test func `a file that nothing names is marked first`() {
        let effects = review(at: 1000).effects(
            files: [file()], marks: [], named: [], knowsAll: true)
        #expect(effects == [.mark(Self.segment)])
    }

    @Test(arguments: [(0, false), (3599, false), (3600, true), (100_000, true)])
    func `a marked file is deleted after the wait`(later: Int64, isDeleted: Bool) {
        let effects = review(at: 1000 + later).effects(
            files: [file()], marks: [mark()], named: [], knowsAll: true)
        #expect(effects == (isDeleted ? [.delete(mark())] : []))
    }

    @Test func `a file written anew under an old mark waits from then on`() {
        let effects = review(at: 10_000).effects(
            files: [file(modified: 9_999)], marks: [mark()], named: [], knowsAll: true)
        #expect(effects == [])
    }

    @Test func `a named file loses its mark, and a mark without a file goes`() {
        let effects = review(at: 100_000).effects(
            files: [file()], marks: [mark(), mark("segments/gone.tmp")], named: [Self.digest],
            knowsAll: true)
        #expect(effects == [.unmark(Self.segment), .unmark("segments/gone.tmp")])
    }

    @Test(arguments: [(since: 20_001, epoch: 1), (since: 1000, epoch: 3)])
    func `a mark from the future or of a later epoch is made anew`(since: Int64, epoch: UInt64) {
        let odd = mark(since: since, epoch: epoch)
        let effects = review(at: 20_000).effects(
            files: [file()], marks: [odd], named: [], knowsAll: true)
        #expect(effects == [.mark(Self.segment)])
    }

    @Test func `while a manifest cannot be read no segment goes, but leftovers do`() {
        let temporary = "segments/.writing-1-2-3"
        let effects = review(at: 100_000).effects(
            files: [file(), file(temporary)], marks: [mark(), mark(temporary)], named: [],
            knowsAll: false)
        #expect(effects == [.unmark(Self.segment), .delete(mark(temporary))])
    }

    @Test(arguments: [
        "segments/notes.txt", "generations/0000000001.json", "other/.writing-1", "segments",
        "segments/" + String(repeating: "A", count: 64) + ".safetensors", "a/b/c.tmp",
        segment + ".damaged",
    ])
    func `a file of another kind is left alone`(object: String) {
        let effects = review(at: 100_000).effects(
            files: [file(object)], marks: [], named: [], knowsAll: true)
        #expect(effects == [])
    }

    /// A folder and a catalog under random events; what is deleted is held against the rules.
    private struct World {
        var files: [String: Int64] = [:]
        var named: Set<String> = []
        var marks: [String: GarbageMark] = [:]
        var backup: (named: Set<String>, marks: [String: GarbageMark])?
        var now: Int64 = 1_000_000
        var epoch: UInt64 = 1
        var knowsAll = true
    }

    @Test(arguments: 0..<60)
    func `nothing goes that is named, recent or doubtful, and all else goes in the end`(
        seed: UInt64
    ) {
        var dice = Dice(seed: seed)
        var world = World()
        let digests = (0..<6).map { String(repeating: String($0), count: 64) }
        for _ in 0..<400 {
            world.now += Int64(dice.below(900))
            let digest = digests[dice.below(digests.count)]
            switch dice.below(8) {
            case 0, 1:
                world.files[digest] = world.now
            case 2 where world.files[digest] != nil: world.named.insert(digest)
            case 3: world.named.remove(digest)
            case 4: world.epoch += 1
            case 5: world.knowsAll.toggle()
            case 6 where dice.below(4) == 0:
                if let backup = world.backup {
                    (world.named, world.marks) = backup
                    world.named.formIntersection(world.files.keys)
                } else {
                    world.backup = (world.named, world.marks)
                }
            default: look(&world)
            }
        }
        // Left alone, two looks that lie the wait apart leave only what is named.
        world.knowsAll = true
        for _ in 0..<2 {
            look(&world)
            world.now += Self.wait
        }
        look(&world)
        #expect(Set(world.files.keys).isSubset(of: world.named), "seed \(seed)")
    }

    private func look(_ world: inout World) {
        let files = world.files.map { digest, modified in
            GarbageReview.File(object: GarbageReview.object(of: digest), modified: modified)
        }
        let review = review(at: world.now, epoch: world.epoch)
        let effects = review.effects(
            files: files, marks: Array(world.marks.values), named: world.named,
            knowsAll: world.knowsAll)
        for effect in effects {
            switch effect {
            case .mark(let object):
                world.marks[object] = GarbageMark(
                    object: object, since: world.now, epoch: world.epoch)
            case .unmark(let object): world.marks[object] = nil
            case .delete(let mark):
                world.marks[mark.object] = nil
                guard case .segment(let digest) = GarbageReview.kind(of: mark.object) else {
                    Issue.record("\(mark.object) is no segment")
                    continue
                }
                #expect(!world.named.contains(digest) && world.knowsAll)
                #expect(world.now - (world.files[digest] ?? world.now) >= Self.wait)
                #expect(world.marks[mark.object] == nil)
                world.files[digest] = nil
            }
        }
    }
}
