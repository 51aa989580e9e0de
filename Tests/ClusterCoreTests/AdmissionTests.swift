import ClusterCore
import TestSupport
import Testing

@Suite struct AdmissionTests {
    private typealias Gate = Admission<Int>

    private static func at(_ milliseconds: Int64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }

    private static func pause(_ verdict: Gate.Verdict) -> Duration? {
        if case .refused(let pause) = verdict { pause } else { nil }
    }

    private static func request(
        _ questions: Int, number: UInt64 = 0, bytes: Int = 100
    ) -> Gate.Request {
        Gate.Request(number: number, questions: questions, bytes: bytes)
    }

    @Test func `no more than the limit is under way`() {
        var gate = Gate(limit: 100, room: 0)
        #expect(gate.ask(Self.request(60), of: 1, now: Self.at(0)) == .admitted)
        #expect(Self.pause(gate.ask(Self.request(41), of: 2, now: Self.at(0))) != nil)
        #expect(gate.ask(Self.request(40), of: 2, now: Self.at(0)) == .admitted)
        #expect(gate.finished(60, of: 1, now: Self.at(10)) == [])
        #expect(gate.underWay == 40)
        #expect(gate.ask(Self.request(60), of: 3, now: Self.at(10)) == .admitted)
        #expect(gate.ask(Self.request(101), of: 4, now: Self.at(10)) == .tooLarge(limit: 100))
    }

    @Test func `one peer does not keep the others out`() {
        var gate = Gate(limit: 800, room: 0)
        for _ in 0..<50 { _ = gate.ask(Self.request(64), of: 1, now: Self.at(0)) }
        #expect(gate.underWay <= gate.share)
        #expect(gate.ask(Self.request(64), of: 2, now: Self.at(0)) == .admitted)
        // A first request may be as large as the limit.
        var other = Gate(limit: 100, room: 0)
        #expect(other.ask(Self.request(100), of: 1, now: Self.at(0)) == .admitted)
    }

    @Test func `who waits is let in in turn, and nobody goes ahead`() {
        var gate = Gate(limit: 100, room: 1 << 20)
        var number: UInt64 = 0
        func ask(_ questions: Int, of peer: Int) -> Gate.Verdict {
            number += 1
            return gate.ask(Self.request(questions, number: number), of: peer, now: Self.at(0))
        }
        #expect(ask(50, of: 1) == .admitted && ask(50, of: 2) == .admitted)
        // Numbers 3 to 5 of a peer that asks for much, 6 and 7 of others.
        for _ in 0..<3 { #expect(ask(20, of: 3) == .waits) }
        #expect(ask(60, of: 4) == .waits && ask(1, of: 5) == .waits)
        #expect(gate.bytesWaiting == 500)
        // There would be room for the one behind, but it is the turn of the large one.
        #expect(gate.finished(50, of: 1, now: Self.at(1)) == [3])
        #expect(ask(1, of: 6) == .waits)
        // A peer's share is 25, of which the third has 20: it is passed over, and keeps its turn.
        #expect(gate.finished(50, of: 2, now: Self.at(2)) == [6, 7, 8])
        #expect(gate.underWay == 82)
        #expect(gate.finished(60, of: 4, now: Self.at(3)) == [])
        #expect(gate.finished(20, of: 3, now: Self.at(4)) == [4])
        #expect(gate.finished(20, of: 3, now: Self.at(5)) == [5])
        #expect(gate.bytesWaiting == 0 && gate.underWay == 22)
    }

    @Test func `only what has no room to wait is refused, of one peer or of all`() {
        var gate = Gate(limit: 10, room: 1000)
        #expect(gate.ask(Self.request(10), of: 0, now: Self.at(0)) == .admitted)
        #expect(gate.ask(Self.request(1, bytes: 200), of: 1, now: Self.at(0)) == .waits)
        #expect(
            Self.pause(gate.ask(Self.request(1, bytes: 51), of: 1, now: Self.at(0))) != nil)
        #expect(gate.ask(Self.request(1, bytes: 50), of: 1, now: Self.at(0)) == .waits)
        for peer in 2...4 {
            #expect(gate.ask(Self.request(1, bytes: 250), of: peer, now: Self.at(0)) == .waits)
        }
        #expect(gate.bytesWaiting == 1000)
        #expect(Self.pause(gate.ask(Self.request(1, bytes: 1), of: 5, now: Self.at(0))) != nil)
    }

    @Test func `whose time is over makes room for those behind`() {
        var gate = Gate(limit: 100, room: 1 << 20)
        _ = gate.ask(Self.request(60), of: 1, now: Self.at(0))
        #expect(gate.ask(Self.request(50, number: 2), of: 2, now: Self.at(0)) == .waits)
        #expect(gate.ask(Self.request(40, number: 3), of: 3, now: Self.at(0)) == .waits)
        #expect(gate.left(9, of: 2, now: Self.at(1)) == [])
        #expect(gate.left(2, of: 2, now: Self.at(1)) == [3])
        #expect(gate.left(2, of: 2, now: Self.at(1)) == [])
        #expect(gate.bytesWaiting == 0 && gate.underWay == 100)
    }

    @Test func `random use keeps the limits, the order and everybody`() {
        var dice = Dice(seed: 7)
        var gate = Gate(limit: 64, room: 3000)
        var underWay: [(number: UInt64, peer: Int, count: Int)] = []
        var waiting: [(number: UInt64, peer: Int, count: Int)] = []
        var (asked, admitted) = (UInt64(0), 0)
        func begin(_ numbers: [UInt64]) {
            for number in numbers {
                let index = waiting.firstIndex { $0.number == number } ?? 0
                let next = waiting.remove(at: index)
                // Of one peer, in the order of its asking.
                #expect(
                    next.number == number
                        && !waiting.contains {
                            $0.peer == next.peer && $0.number < number
                        })
                underWay.append(next)
            }
            admitted += numbers.count
        }
        for step in 0..<20_000 {
            let now = Self.at(Int64(step))
            switch dice.below(underWay.isEmpty ? 3 : 5) {
            case 0...2:
                asked += 1
                let (peer, count) = (dice.below(6), 1 + dice.below(20))
                let verdict = gate.ask(
                    Self.request(count, number: asked, bytes: 1 + dice.below(200)), of: peer,
                    now: now)
                if verdict == .admitted {
                    #expect(!waiting.contains { $0.peer == peer })
                    underWay.append((asked, peer, count))
                    admitted += 1
                }
                if verdict == .waits { waiting.append((asked, peer, count)) }
            case 3 where !waiting.isEmpty:
                let gone = waiting.remove(at: dice.below(waiting.count))
                begin(gate.left(gone.number, of: gone.peer, now: now))
            default:
                let done = underWay.remove(at: dice.below(underWay.count))
                begin(gate.finished(done.count, of: done.peer, now: now))
            }
            #expect(gate.underWay == underWay.reduce(0) { $0 + $1.count })
            #expect(gate.underWay <= 64 && gate.bytesWaiting <= 3000)
        }
        while !underWay.isEmpty {
            let done = underWay.removeFirst()
            begin(gate.finished(done.count, of: done.peer, now: Self.at(30_000)))
        }
        #expect(waiting.isEmpty && gate.underWay == 0 && gate.bytesWaiting == 0)
        #expect(admitted > 3000)
    }

    @Test func `those who are refused come back one behind another, as fast as others finish`() {
        var gate = Gate(limit: 640, room: 0)
        var now: Int64 = 0
        for peer in 0..<10 { _ = gate.ask(Self.request(64), of: peer, now: Self.at(now)) }
        // One request of 64 each 20 ms: 3,200 questions a second.
        for peer in 0..<200 {
            now += 20
            _ = gate.finished(64, of: peer, now: Self.at(now))
            _ = gate.ask(Self.request(64), of: peer + 10, now: Self.at(now))
        }
        var pauses: [Duration] = []
        for peer in 1000..<1010 {
            let pause = Self.pause(gate.ask(Self.request(64), of: peer, now: Self.at(now)))
            if let pause { pauses.append(pause) }
        }
        #expect(pauses.count == 10)
        for (number, pause) in pauses.enumerated() {
            let expected = Double(number + 1) * 0.02
            #expect(abs(pause / .seconds(1) - expected) < 0.2 * expected, "\(number): \(pause)")
        }
    }

    @Test func `a pause is bounded, and idle time does not lengthen it`() {
        var gate = Gate(limit: 64, room: 0)
        _ = gate.ask(Self.request(64), of: 1, now: Self.at(0))
        _ = gate.finished(64, of: 1, now: Self.at(250))
        _ = gate.ask(Self.request(64), of: 1, now: Self.at(3_600_000))
        for _ in 0..<1000 {
            let verdict = gate.ask(Self.request(64), of: 2, now: Self.at(3_600_001))
            guard let pause = Self.pause(verdict) else { return }
            #expect(pause >= .milliseconds(10) && pause <= .seconds(2))
        }
        _ = gate.finished(64, of: 1, now: Self.at(3_600_250))
        #expect(gate.ask(Self.request(64), of: 2, now: Self.at(3_600_251)) == .admitted)
        let pause = Self.pause(gate.ask(Self.request(64), of: 3, now: Self.at(3_700_000)))
        #expect(pause.map { $0 < .seconds(1) } == true)
    }
}
