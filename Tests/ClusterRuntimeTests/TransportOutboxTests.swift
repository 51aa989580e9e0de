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
        outbox.removeFirst(on: .bulk, to: one)
        try outbox.add(message(5), on: .bulk, to: one)
    }

    @Test func `the peer that was served goes to the end of the line`() throws {
        var outbox = Outbox(limitBytes: 1000)
        for number: UInt64 in 0..<3 {
            try outbox.add(message(number), on: .bulk, to: one)
            try outbox.add(message(number), on: .bulk, to: two)
        }
        #expect(outbox.peers(on: .bulk) == [one, two])
        outbox.removeFirst(on: .bulk, to: one)
        #expect(outbox.peers(on: .bulk) == [two, one])
        #expect(outbox.peers(on: .control).isEmpty)
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
            default:
                outbox.removeFirst(on: lane, to: peer)
                plain[lane.rawValue][peer] = Array(queue.dropFirst())
            }
            let expected = plain[lane.rawValue][peer]?.first
            #expect(outbox.first(on: lane, to: peer)?.requestID == expected?.requestID)
            #expect(outbox.first(on: lane, to: peer)?.frames == expected?.frames)
            let waiting = plain[lane.rawValue].filter { !$0.value.isEmpty }.keys
            #expect(Set(outbox.peers(on: lane)) == Set(waiting))
            #expect(outbox.isEmpty == plain.allSatisfy { $0.values.allSatisfy(\.isEmpty) })
        }
    }
}
