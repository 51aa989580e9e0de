import ClusterCore
import TestSupport
import Testing

@Suite struct AnswerWindowTests {
    private let one = worker("1")
    private let two = worker("2")
    private let three = worker("3")

    @Test func `a worker owes no more than it may, and what waits goes in order`() {
        var window = AnswerWindow(perWorker: 100, total: 1000)
        #expect(window.ask(1, bytes: 60, of: one, deadline: at(10)) == true)
        #expect(window.ask(2, bytes: 40, of: one, deadline: at(10)) == true)
        #expect(window.ask(3, bytes: 50, of: one, deadline: at(10)) == false)
        // There would be room once, but not before the one ahead.
        #expect(window.answered(2, by: one) == [])
        #expect(window.ask(4, bytes: 10, of: one, deadline: at(10)) == false)
        #expect(window.waits(3) && window.waits(4) && !window.waits(1))
        #expect(window.ask(5, bytes: 100, of: two, deadline: at(10)) == true)
        #expect(window.answered(1, by: one) == [3, 4])
        #expect(window.underWay == 160)
    }

    @Test func `an answer that is larger than all goes alone`() {
        var window = AnswerWindow(perWorker: 100, total: 150)
        #expect(window.ask(1, bytes: 1000, of: one, deadline: at(10)) == true)
        #expect(window.ask(2, bytes: 1, of: one, deadline: at(10)) == false)
        #expect(window.ask(3, bytes: 1, of: two, deadline: at(10)) == false)
        #expect(window.answered(1, by: one) == [2, 3])
        #expect(window.ask(4, bytes: 200, of: one, deadline: at(10)) == false)
        #expect(window.answered(2, by: one) == [])
        #expect(window.answered(3, by: two) == [4])
    }

    @Test func `workers that wait for room among all take turns`() {
        var window = AnswerWindow(perWorker: 100, total: 100)
        #expect(window.ask(1, bytes: 100, of: one, deadline: at(10)) == true)
        for request in [2, 3] as [UInt64] {
            #expect(window.ask(request, bytes: 60, of: one, deadline: at(10)) == false)
        }
        for request in [4, 5] as [UInt64] {
            #expect(window.ask(request, bytes: 60, of: two, deadline: at(10)) == false)
        }
        #expect(window.answered(1, by: one) == [2])
        #expect(window.answered(2, by: one) == [4])
        #expect(window.answered(4, by: two) == [3])
        #expect(window.answered(3, by: one) == [5])
    }

    @Test func `an answer counts until it comes, whoever wants it, and from its worker alone`() {
        var window = AnswerWindow(perWorker: 100, total: 1000)
        #expect(window.ask(1, bytes: 100, of: one, deadline: at(10)) == true)
        #expect(window.ask(2, bytes: 100, of: one, deadline: at(10)) == false)
        #expect(window.ask(3, bytes: 100, of: one, deadline: at(10)) == false)
        #expect(window.answered(1, by: two) == [])
        #expect(window.answered(9, by: one) == [])
        // What waits was not asked for: nobody answers it.
        #expect(window.answered(2, by: one) == [])
        #expect(window.waits(2))
        #expect(window.ended(2) == [])
        #expect(window.answered(1, by: one) == [3])
        #expect(window.answered(1, by: one) == [])
    }

    @Test func `a worker that is lost owes nothing, and makes room for others`() {
        var window = AnswerWindow(perWorker: 100, total: 100)
        #expect(window.ask(1, bytes: 100, of: one, deadline: at(10)) == true)
        #expect(window.ask(2, bytes: 100, of: one, deadline: at(10)) == false)
        #expect(window.ask(3, bytes: 100, of: two, deadline: at(10)) == false)
        #expect(window.lost(one) == [3])
        #expect(!window.waits(2) && window.underWay == 100)
        #expect(window.answered(1, by: one) == [])
        #expect(window.lost(three) == [])
        #expect(window.answered(3, by: two) == [])
        #expect(window.underWay == 0)
    }

    @Test func `an answer that is overdue is counted on no longer`() {
        var window = AnswerWindow(perWorker: 100, total: 100)
        #expect(window.ask(1, bytes: 100, of: one, deadline: at(10)) == true)
        #expect(window.ask(2, bytes: 100, of: two, deadline: at(20)) == false)
        #expect(window.tick(now: at(10) + AnswerWindow.patience) == [])
        let late = at(10) + AnswerWindow.patience + .milliseconds(1)
        #expect(window.tick(now: late) == [2])
        #expect(window.answered(1, by: one) == [])
        #expect(window.underWay == 100 && !window.isKnown(1))
    }

    /// Random events beside lists of what was asked for.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func `whatever happens, bounds hold, each worker is asked in order and nothing stays behind`(
        seed: UInt64
    ) {
        var dice = Dice(seed: seed)
        let (perWorker, total) = (dice.number(1...200), dice.number(1...400))
        var window = AnswerWindow(perWorker: perWorker, total: total)
        let workers = (0..<5).map { worker("w\($0)") }
        var bytes: [UInt64: Int] = [:]
        var sent: [WorkerID: Set<UInt64>] = [:]
        var waiting: [WorkerID: [UInt64]] = [:]
        func size(_ requests: some Sequence<UInt64>) -> Int {
            requests.reduce(0) { $0 + (bytes[$1] ?? 0) }
        }
        func follow(_ begun: [UInt64]) {
            for request in begun {
                let owner = waiting.first { $0.value.first == request }?.key
                guard let owner else {
                    Issue.record("\(request) goes out of turn")
                    continue
                }
                waiting[owner]?.removeFirst()
                sent[owner, default: []].insert(request)
            }
        }
        for request in 1..<3000 as Range<UInt64> {
            let worker = workers[dice.below(workers.count)]
            switch dice.below(8) {
            case 0...3:
                bytes[request] = dice.number(1...120)
                let size = bytes[request] ?? 0
                if window.ask(request, bytes: size, of: worker, deadline: at(10)) {
                    #expect(waiting[worker, default: []].isEmpty)
                    sent[worker, default: []].insert(request)
                } else {
                    waiting[worker, default: []].append(request)
                }
            case 4, 5:
                guard let answer = dice.pick(sent[worker, default: []].sorted()) else { continue }
                sent[worker]?.remove(answer)
                follow(window.answered(answer, by: worker))
            case 6:
                guard let unwanted = dice.pick(waiting[worker] ?? []) else { continue }
                waiting[worker]?.removeAll { $0 == unwanted }
                follow(window.ended(unwanted))
            default:
                guard dice.once(in: 10) else { continue }
                (sent[worker], waiting[worker]) = (nil, nil)
                follow(window.lost(worker))
            }
            let all = sent.values.joined()
            #expect(window.underWay == size(all))
            #expect(all.count <= 1 || size(all) <= total)
            for own in sent.values { #expect(own.count <= 1 || size(own) <= perWorker) }
            // Whoever owes nothing while nobody owes anything waits for nothing.
            #expect(!all.isEmpty || waiting.values.allSatisfy(\.isEmpty))
        }
        while let (worker, own) = sent.first(where: { !$0.value.isEmpty }) {
            guard let answer = own.min() else { break }
            sent[worker]?.remove(answer)
            follow(window.answered(answer, by: worker))
        }
        #expect(waiting.values.allSatisfy(\.isEmpty) && window.underWay == 0)
    }
}
