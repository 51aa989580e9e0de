import ClusterCore
import TestSupport
import Testing

@testable import ClusterRuntime

@Suite struct TransportOutboxTests {
    private let one = PeerID(name: "one", incarnation: 1)
    private let two = PeerID(name: "two", incarnation: 1)

    private func message(_ number: UInt64, bytes: Int = 10) -> Outgoing {
        Outgoing(
            frames: [[UInt8](repeating: 0, count: bytes)], requestID: number, type: .credit)
    }

    @Test func `an empty queue takes a message larger than the limit, and then no other`() throws {
        var outbox = Outbox(limitBytes: 100)
        try outbox.add(message(1, bytes: 200), on: .bulk, to: one)
        #expect(
            throws: TransportError.queueFull(
                lane: .bulk, peer: one.description, queuedBytes: 200, messageBytes: 1,
                limitBytes: 100)
        ) { try outbox.add(message(2, bytes: 1), on: .bulk, to: one) }
        try outbox.add(message(3), on: .bulk, to: two)
        try outbox.add(message(4), on: .query, to: one)
        let first = outbox.next(on: .bulk)
        #expect(first?.peer == one && first?.message.requestID == 1)
        outbox.sent(on: .bulk, to: one)
        try outbox.add(message(5), on: .bulk, to: one)
    }

    @Test func `the peer that was served goes to the end of the line`() throws {
        var outbox = Outbox(limitBytes: 1000)
        for number: UInt64 in 0..<3 {
            try outbox.add(message(number), on: .bulk, to: one)
            try outbox.add(message(number), on: .bulk, to: two)
        }
        var served: [String] = []
        while let (peer, message) = outbox.next(on: .bulk) {
            served.append("\(peer == one ? "one" : "two") \(message.requestID)")
            outbox.sent(on: .bulk, to: peer)
        }
        #expect(served == ["one 0", "two 0", "one 1", "two 1", "one 2", "two 2"])
        #expect(outbox.next(on: .control) == nil && outbox.isEmpty)
    }

    @Test func `a peer that cannot be served keeps its messages, and comes behind the others`()
        throws
    {
        var outbox = Outbox(limitBytes: 1000)
        for peer in [one, two] { try outbox.add(message(1), on: .query, to: peer) }
        #expect(outbox.next(on: .query)?.peer == one && outbox.next(on: .query)?.peer == two)
        // Both are being served: nobody else has a turn, whatever comes for them.
        try outbox.add(message(2), on: .query, to: two)
        #expect(outbox.next(on: .query) == nil)
        for peer in [two, one] { outbox.passed(on: .query, peer) }
        #expect(outbox.next(on: .query)?.peer == two)
        // What is dropped meanwhile, and what comes then, has nothing to do with the turn before.
        #expect(outbox.removeAll(on: .query, to: two).map(\.requestID) == [1, 2])
        try outbox.add(message(3), on: .query, to: two)
        outbox.passed(on: .query, two)
        outbox.sent(on: .query, to: two)
        #expect(outbox.next(on: .query)?.peer == one)
        #expect(outbox.next(on: .query)?.message.requestID == 3)
        #expect(outbox.next(on: .query) == nil)
    }

    @Test func `random use agrees with plain lists`() throws {
        var random = Dice(seed: 31)
        var outbox = Outbox(limitBytes: 500)
        var plain: [[PeerID: [Outgoing]]] = Lane.allCases.map { _ in [:] }
        for number in 0..<20_000 {
            let lane = Lane.allCases[random.below(3)]
            let peer = random() ? one : two
            let queue = plain[lane.rawValue][peer, default: []]
            switch random.below(20) {
            case 0:
                #expect(
                    outbox.removeAll(on: lane, to: peer).map(\.requestID) == queue.map(\.requestID))
                plain[lane.rawValue][peer] = []
            case 1:
                #expect(
                    outbox.removeAll(on: lane)
                        == plain[lane.rawValue].values.map(\.count).reduce(0, +))
                plain[lane.rawValue] = [:]
            case 2..<12:
                let next = message(UInt64(number), bytes: 1 + random.below(60))
                let fits = queue.isEmpty || queue.map(\.bytes).reduce(0, +) + next.bytes <= 500
                do {
                    try outbox.add(next, on: lane, to: peer)
                    #expect(fits)
                    plain[lane.rawValue][peer] = queue + [next]
                } catch {
                    #expect(!fits)
                }
            case 12..<14:
                if let (peer, _) = outbox.next(on: lane) { outbox.passed(on: lane, peer) }
            default:
                let waiting = plain[lane.rawValue].filter { !$0.value.isEmpty }.keys
                let next = outbox.next(on: lane)
                #expect((next == nil) == waiting.isEmpty)
                guard let (served, message) = next else { continue }
                let first = plain[lane.rawValue][served, default: []].removeFirst()
                #expect(message.requestID == first.requestID && message.frames == first.frames)
                outbox.sent(on: lane, to: served)
            }
            #expect(outbox.isEmpty == plain.allSatisfy { $0.values.allSatisfy(\.isEmpty) })
        }
    }
}
