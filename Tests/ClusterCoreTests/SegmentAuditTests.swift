import ClusterCore
import TestSupport
import Testing

/// Digests that differ, by number.
private func digest(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 64 - digits.count) + digits
}

private func entry(_ batch: Int, _ holders: String..., rows: UInt64 = 8) -> SegmentAudit.Entry {
    SegmentAudit.Entry(
        batch: BatchNumber(batch), sha256: digest(batch + 1), rows: rows, bytes: 100,
        holders: holders)
}

private func audit(
    _ entries: [SegmentAudit.Entry], present: [String], pageSize: Int = 64
) -> SegmentAudit {
    SegmentAudit(
        entries, present: present, now: at(0), rules: .init(pageSize: pageSize)
    ) { $0.rawValue < 100 ? 8 : nil }
}

struct SegmentAuditTests {
    @Test func `a segment that its holder has is held`() {
        var audit = audit([entry(0, "*"), entry(1, "*")], present: ["*"])
        #expect(audit.start(now: at(0)) == [.ask(holder: "*", entries: [0, 1])])
        let effects = audit.reported([0: .sound, 1: .sound], by: "*", now: at(0))
        #expect(effects == [.finish])
        #expect(audit.outcome?.held == [0, 1])
        #expect(audit.outcome?.healing.isEmpty == true)
        #expect(audit.settledRows == 16)
    }

    @Test func `what nobody holds is encoded again, and what is damaged is counted so`() {
        var audit = audit([entry(0, "*"), entry(1, "*"), entry(2, "*")], present: ["*"])
        _ = audit.start(now: at(0))
        let effects = audit.reported(
            [0: .missing, 1: .sound, 2: .damaged], by: "*", now: at(0))
        #expect(effects == [.finish])
        #expect(audit.outcome?.lost == [0, 2])
        #expect(audit.outcome?.healing == Healing(segmentsMissing: 1, segmentsDamaged: 1))
    }

    @Test func `a copy that the catalog does not know of is found before encoding`() {
        var audit = audit([entry(0, "w1")], present: ["w1", "w2", "*"])
        #expect(audit.start(now: at(0)) == [.ask(holder: "w1", entries: [0])])
        let second = audit.reported([0: .missing], by: "w1", now: at(0))
        #expect(
            second == [.ask(holder: "*", entries: [0]), .ask(holder: "w2", entries: [0])])
        #expect(audit.reported([0: .missing], by: "*", now: at(0)).isEmpty)
        #expect(audit.reported([0: .sound], by: "w2", now: at(0)) == [.finish])
        let outcome = audit.outcome
        #expect(outcome?.held == [0])
        #expect(outcome?.foundCopies == [.init(sha256: digest(1), holder: "w2")])
        #expect(outcome?.lostCopies == [.init(sha256: digest(1), holder: "w1")])
    }

    @Test func `a holder that is not here is waited for, but not for ever`() {
        var late = audit([entry(0, "w1")], present: ["*"])
        #expect(late.start(now: at(0)).isEmpty)
        #expect(late.absentHolders == ["w1"])
        #expect(late.tick(now: at(29)).isEmpty)
        #expect(late.arrived("w1", now: at(29)) == [.ask(holder: "w1", entries: [0])])
        #expect(late.absentHolders.isEmpty)
        #expect(late.reported([0: .sound], by: "w1", now: at(31)) == [.finish])
        #expect(late.outcome?.held == [0])

        var never = audit([entry(0, "w1")], present: ["*"])
        _ = never.start(now: at(0))
        #expect(never.tick(now: at(30)) == [.ask(holder: "*", entries: [0])])
        #expect(never.reported([0: .missing], by: "*", now: at(30)) == [.finish])
        #expect(never.outcome?.lost == [0])
        #expect(never.outcome?.lostCopies.isEmpty == true)
    }

    @Test func `a holder that does not answer counts as gone`() {
        var audit = audit([entry(0, "w1")], present: ["w1"])
        _ = audit.start(now: at(0))
        #expect(audit.tick(now: at(59)).isEmpty)
        #expect(audit.tick(now: at(61)) == [.finish])
        #expect(audit.outcome?.lost == [0])
        #expect(audit.reported([0: .sound], by: "w1", now: at(62)).isEmpty)
    }

    @Test func `a segment that one holds is not waited for at another`() {
        var audit = audit([entry(0, "*", "w1")], present: ["*"])
        _ = audit.start(now: at(0))
        #expect(audit.reported([0: .sound], by: "*", now: at(0)) == [.finish])
        #expect(audit.outcome?.lostCopies.isEmpty == true)
    }

    @Test func `a row that cannot be right is lost without a question`() {
        var twice = entry(1, "*")
        twice.sha256 = entry(0, "*").sha256
        var odd = entry(4, "*")
        odd.sha256 = String(digest(5).dropLast()) + "G"
        var audit = audit(
            [entry(0, "*"), twice, entry(2, "*", rows: 9), entry(100, "*"), odd, entry(3, "*")],
            present: ["*"])
        #expect(audit.start(now: at(0)) == [.ask(holder: "*", entries: [5])])
        _ = audit.reported([5: .sound], by: "*", now: at(0))
        #expect(audit.outcome?.lost == [0, 1, 2, 3, 4])
        #expect(audit.outcome?.healing == Healing(rows: 5))
    }

    @Test func `a holder is asked page by page`() {
        var audit = audit((0..<5).map { entry($0, "*") }, present: ["*"], pageSize: 2)
        #expect(audit.start(now: at(0)) == [.ask(holder: "*", entries: [0, 1])])
        #expect(audit.reported([0: .sound], by: "*", now: at(0)).isEmpty)
        #expect(
            audit.reported([1: .sound], by: "*", now: at(0)) == [
                .ask(holder: "*", entries: [2, 3])
            ]
        )
        #expect(
            audit.reported([2: .sound, 3: .sound], by: "*", now: at(0))
                == [.ask(holder: "*", entries: [4])])
        #expect(audit.reported([4: .sound], by: "*", now: at(0)) == [.finish])
    }

    @Test func `nothing to check is found at once`() {
        var audit = audit([], present: ["*"])
        #expect(audit.start(now: at(0)) == [.finish])
    }

    /// Random holders that come, go and stay silent, beside what is on their disks.
    @Test(arguments: 0..<400)
    func `whatever happens, it ends, holds only what a living holder has, and asks all`(
        seed: Int
    ) {
        var dice = Dice(seed: UInt64(seed))
        let names = ["*", "a", "b", "c"]
        let count = dice.below(12)
        var disks: [String: [Int: SegmentAudit.Finding]] = [:]
        for name in names {
            for index in 0..<count {
                disks[name, default: [:]][index] =
                    dice.pick([.sound, .missing, .missing, .damaged]) ?? .missing
            }
        }
        let entries = (0..<count).map { batch in
            var made = entry(batch)
            made.holders = names.filter { _ in dice.once(in: 3) }
            return made
        }
        var present = Set(names.filter { $0 == "*" || !dice.once(in: 3) })
        let always = present
        var audit = audit(entries, present: present.sorted(), pageSize: 1 + dice.below(4))
        var now = at(0)
        var pages: [(holder: String, entries: [Int])] = []
        var told: [Int: Set<String>] = [:]
        var hasFinished = 0
        var silent: Set<String> = []
        var isDisturbed: Set<String> = []
        func take(_ effects: [SegmentAudit.Effect]) {
            for effect in effects {
                switch effect {
                case .ask(let holder, let asked):
                    #expect(present.contains(holder))
                    pages.append((holder, asked))
                case .finish: hasFinished += 1
                }
            }
        }
        take(audit.start(now: now))
        var steps = 0
        while hasFinished == 0, steps < 2000 {
            steps += 1
            switch dice.below(steps < 60 ? 8 : 6) {
            case 6:
                guard let name = dice.pick(["a", "b", "c"]) else { continue }
                isDisturbed.insert(name)
                if present.remove(name) != nil {
                    pages.removeAll { $0.holder == name }
                    take(audit.departed(name, now: now))
                } else {
                    present.insert(name)
                    silent.remove(name)
                    take(audit.arrived(name, now: now))
                }
            case 7:
                guard let name = dice.pick(["a", "b", "c"]), dice.once(in: 4) else { continue }
                silent.insert(name)
                isDisturbed.insert(name)
            case 5:
                now = now + .seconds(1 + dice.below(70))
                pages.removeAll { silent.contains($0.holder) }
                // Who was asked and did not answer in time counts as gone.
                for page in pages { isDisturbed.insert(page.holder) }
                take(audit.tick(now: now))
            default:
                let ready = pages.indices.filter { !silent.contains(pages[$0].holder) }
                guard let place = dice.pick(ready) else { continue }
                let page = pages.remove(at: place)
                var findings: [Int: SegmentAudit.Finding] = [:]
                for index in page.entries {
                    findings[index] = disks[page.holder]?[index] ?? .missing
                    told[index, default: []].insert(page.holder)
                }
                take(audit.reported(findings, by: page.holder, now: now))
            }
        }
        #expect(hasFinished == 1, "seed \(seed)")
        guard let outcome = audit.outcome else {
            Issue.record("no outcome from seed \(seed)")
            return
        }
        #expect((outcome.held + outcome.lost).sorted() == Array(0..<count), "seed \(seed)")
        for index in outcome.held {
            let sayers = (told[index] ?? []).filter { disks[$0]?[index] == .sound }
            #expect(!sayers.isEmpty, "seed \(seed): \(index) is held by nobody")
        }
        // Whoever was there all along and undisturbed was asked for what is lost.
        for index in outcome.lost {
            for holder in always.subtracting(isDisturbed) where disks[holder]?[index] == .sound {
                Issue.record("seed \(seed): \(holder) has \(index) and was not asked")
            }
        }
    }
}
