import ClusterCore
import TestSupport
import Testing

private typealias Batches = QuestionBatches<Int, String>

private func request(
    _ number: UInt64, _ key: String = "a", questions: Int = 1, bytes: Int = 100,
    deadline: Instant = at(100)
) -> Batches.Request {
    Batches.Request(
        number: number, key: key, questions: questions, bytes: bytes, deadline: deadline)
}

private func batches(limit: Int = 8, allowed: Int = 100, room: Int = 1 << 20) -> Batches {
    Batches(limit: limit, admission: Admission(limit: allowed, room: room))
}

@Suite struct QuestionBatchesTests {
    @Test func `the first request goes at once, and what comes meanwhile goes together`() {
        var batches = batches()
        #expect(batches.asked(request(1), by: 1, now: at(0)) == [.encode([1])])
        #expect(batches.asked(request(2), by: 2, now: at(1)) == [])
        #expect(batches.asked(request(3), by: 3, now: at(1)) == [])
        #expect(batches.encoded(now: at(2)) == [.encode([2, 3])])
        // A batch that is searched keeps no other from being encoded.
        #expect(batches.asked(request(4), by: 1, now: at(2)) == [])
        #expect(batches.encoded(now: at(3)) == [.encode([4])])
        #expect(batches.encoded(now: at(4)) == [])
        for number in 1...4 as ClosedRange<UInt64> {
            #expect(batches.finished(number, now: at(5)) == [])
        }
        #expect(batches.requests.isEmpty && batches.admission.underWay == 0)
    }

    @Test func `a batch is bounded, and peers take turns in it`() {
        var batches = batches(limit: 4)
        _ = batches.asked(request(1), by: 1, now: at(0))
        for number in 2...6 as ClosedRange<UInt64> {
            _ = batches.asked(request(number), by: 1, now: at(0))
        }
        _ = batches.asked(request(7), by: 2, now: at(0))
        _ = batches.asked(request(8, questions: 9), by: 3, now: at(0))
        #expect(batches.encoded(now: at(1)) == [.encode([2, 7, 3, 4])])
        // One that is larger than a batch goes alone, in its turn.
        #expect(batches.encoded(now: at(2)) == [.encode([8])])
        #expect(batches.encoded(now: at(3)) == [.encode([5, 6])])
    }

    @Test func `requests of another tower wait for a batch of their own`() {
        var batches = batches()
        _ = batches.asked(request(1), by: 1, now: at(0))
        _ = batches.asked(request(2, "b"), by: 2, now: at(0))
        _ = batches.asked(request(3, "a"), by: 3, now: at(0))
        _ = batches.asked(request(4, "b"), by: 4, now: at(0))
        #expect(batches.encoded(now: at(1)) == [.encode([2, 4])])
        #expect(batches.encoded(now: at(2)) == [.encode([3])])
    }

    @Test func `a deadline or a leaving takes one request out, and no other`() {
        var batches = batches()
        _ = batches.asked(request(1), by: 1, now: at(0))
        _ = batches.asked(request(2, deadline: at(5)), by: 1, now: at(0))
        _ = batches.asked(request(3), by: 2, now: at(0))
        _ = batches.asked(request(4), by: 3, now: at(0))
        #expect(batches.tick(now: at(4)) == [])
        #expect(batches.tick(now: at(5)) == [.refuse(2, .late)])
        #expect(batches.left(2, now: at(6)) == [.giveUp(3)])
        // What is encoded already is only given up.
        #expect(batches.left(1, now: at(6)) == [.giveUp(1)])
        #expect(batches.encoded(now: at(7)) == [.encode([4])])
        #expect(batches.finished(1, now: at(8)) == [])
        #expect(batches.requests == [4] && batches.admission.underWay == 1)
        #expect(
            batches.asked(request(5, deadline: at(9)), by: 1, now: at(9)) == [.refuse(5, .late)])
    }

    @Test func `what is not let in is refused, and what waits goes when there is room`() {
        var batches = batches(allowed: 2, room: 200)
        #expect(batches.asked(request(1, questions: 2), by: 1, now: at(0)) == [.encode([1])])
        #expect(
            batches.asked(request(2, questions: 3), by: 2, now: at(0))
                == [.refuse(2, .tooLarge(limit: 2))])
        #expect(batches.asked(request(3, bytes: 50), by: 2, now: at(0)) == [])
        let refused = batches.asked(request(4, bytes: 51), by: 3, now: at(0))
        guard case .refuse(4, .busy)? = refused.first else {
            Issue.record("a peer has more than a quarter of the room")
            return
        }
        #expect(batches.encoded(now: at(1)) == [])
        #expect(batches.finished(1, now: at(2)) == [.encode([3])])
    }

    /// Against a plain version: whatever happens, each request has one end, nothing ready waits
    /// while nothing is encoded, and batches are as they may be.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `requests are encoded once or refused once, in batches that are allowed`(seed: UInt64) {
        var dice = Dice(seed: seed)
        let limit = dice.number(1...12)
        var batches = batches(
            limit: limit, allowed: dice.number(4...40), room: dice.number(0...4_000))
        var requests: [UInt64: (request: Batches.Request, peer: Int)] = [:]
        var encoding: [UInt64] = []
        var underWay: Set<UInt64> = []
        var now = at(0)
        func follow(_ effects: [Batches.Effect]) {
            for effect in effects {
                switch effect {
                case .encode(let batch):
                    #expect(encoding.isEmpty && !batch.isEmpty)
                    let own = batch.compactMap { requests[$0]?.request }
                    #expect(own.count == batch.count, "only what is neither refused nor gone")
                    #expect(Set(own.map(\.key)).count == 1)
                    #expect(own.count == 1 || own.reduce(0) { $0 + $1.questions } <= limit)
                    #expect(own.allSatisfy { $0.deadline > now })
                    for peer in Set(batch.compactMap { requests[$0]?.peer }) {
                        let ofPeer = batch.filter { requests[$0]?.peer == peer }
                        #expect(ofPeer == ofPeer.sorted(), "what one peer asked keeps its order")
                    }
                    encoding = batch
                    underWay.formUnion(batch)
                case .refuse(let number, _):
                    #expect(!underWay.contains(number))
                    #expect(requests.removeValue(forKey: number) != nil)
                case .giveUp(let number):
                    #expect(requests.removeValue(forKey: number) != nil)
                    // Nothing is to be done for one that is not under way.
                    guard underWay.remove(number) != nil else { continue }
                    follow(batches.finished(number, now: now))
                }
            }
        }
        for number in 1...300 as ClosedRange<UInt64> {
            now = now + .milliseconds(dice.below(40))
            switch dice.below(8) {
            case 0..<4:
                let own = request(
                    number, dice.once(in: 3) ? "b" : "a", questions: dice.number(1...6),
                    bytes: dice.number(10...200), deadline: now + .milliseconds(dice.below(600)))
                let peer = dice.below(5)
                requests[number] = (own, peer)
                follow(batches.asked(own, by: peer, now: now))
            case 4 where !encoding.isEmpty:
                encoding = []
                follow(batches.encoded(now: now))
            case 5, 6:
                let done = underWay.subtracting(encoding).sorted()
                guard let number = dice.pick(done) else { continue }
                underWay.remove(number)
                requests[number] = nil
                follow(batches.finished(number, now: now))
            case 7 where dice.once(in: 6):
                let peer = dice.below(5)
                follow(batches.left(peer, now: now))
                #expect(!batches.requests.contains { requests[$0]?.peer == peer })
            default:
                follow(batches.tick(now: now))
            }
            #expect(batches.requests == requests.keys.sorted())
            #expect(batches.isEncoding == !encoding.isEmpty)
            #expect(batches.admission.underWay <= batches.admission.limit)
            // Nothing may be encoded where no batch is: all that is let in is under way.
            if encoding.isEmpty {
                let questions = underWay.reduce(0) { $0 + (requests[$1]?.request.questions ?? 0) }
                #expect(batches.admission.underWay == questions)
            }
        }
    }
}
