import ClusterCore
import Testing

@testable import ClusterRuntime

/// What comes in is bounded in bytes and in time, for those that bind and for those that connect.
@Suite struct InboundLimitTests {
    private let one = PeerID(name: "one", incarnation: 1)
    private let two = PeerID(name: "two", incarnation: 1)
    private let start = Instant(nanoseconds: 0)

    private func message(
        _ number: UInt64, from peer: PeerID?, on lane: Lane = .control, bytes: Int = 0
    ) -> Inbound {
        .message(
            Envelope(requestID: number, message: .done(Done())),
            from: MessageOrigin(peer: peer, lane: lane, bytes: bytes))
    }

    @Test func `a server that sends more than is handled is left, and connected anew`()
        async throws
    {
        let server = try MiniProcess("server")
        let endpoint = try server.bind(.query)
        let inbox = Inbox(peerLimit: 8 << 20, totalLimit: 8 << 20)
        let worker = try Reactor(name: "worker", incarnation: 1) { inbox.put($0) }
        inbox.disconnects(through: worker)
        try worker.connect(.query, to: endpoint)
        func hello() throws {
            try worker.send(
                Envelope(sender: "worker", message: .hello(Hello(role: .worker))), on: .query)
        }
        try hello()
        try await server.wait(for: "HELLO") { $0.count == 1 }
        let flood = server.envelope(.done(Done()), frames: [[UInt8](repeating: 1, count: 1 << 20)])
        for _ in 0..<40 {
            try? server.reactor.send(flood, on: .query, to: worker.id)
            try await Task.sleep(for: .milliseconds(2))
        }
        var seen: [Inbound] = []
        while !seen.contains(.disconnected(.query)), let next = await inbox.next() {
            seen.append(next)
        }
        #expect(seen.contains(.connection(.closed(nil, .tooMuchUnhandled))))
        // It is the same server, and may behave from now on.
        // What is left of the flood may end the connection again.
        for _ in 0..<400 where server.envelopes.count < 2 {
            try hello()
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(server.envelopes.count >= 2)
        worker.stop()
        server.reactor.stop()
    }

    @Test func `what a server says comes in the order of its saying, its end last`() {
        var queue = InboundQueue(peerLimit: 1 << 20, totalLimit: 1 << 20)
        let said: [Inbound] = [
            .connection(.connected(.control)), message(1, from: nil),
            message(2, from: nil, on: .query), .disconnected(.query),
            message(3, from: nil), .disconnected(.control),
        ]
        for inbound in said { #expect(queue.add(inbound) == nil) }
        let heard = said.map { _ in queue.next() }
        #expect(heard == said)
        #expect(queue.next() == nil && queue.bytes == 0)
    }

    @Test func `the end of a peer's connection comes behind what came over it`() {
        var queue = InboundQueue(peerLimit: 1 << 20, totalLimit: 1 << 20)
        let said: [Inbound] = [
            message(1, from: one, on: .bulk), message(2, from: one, on: .bulk),
            .connection(.ended(one, .bulk)), message(3, from: one, on: .bulk),
        ]
        for inbound in said { #expect(queue.add(inbound) == nil) }
        let heard = said.map { _ in queue.next() }
        #expect(heard == said)
    }

    @Test func `a payload counts with what it takes when it is decoded`() {
        var queue = InboundQueue(peerLimit: 1 << 20, totalLimit: 8 << 20)
        #expect(queue.add(message(1, from: one, bytes: 200_000)) == nil)
        #expect(queue.add(message(2, from: one, bytes: 200_000)) == one)
        var refused = 0
        let refusal = Inbound.refused(
            .tooManyFrames(found: 9, limit: 8),
            RefusedFrames(from: MessageOrigin(peer: nil, lane: .query)))
        for _ in 0..<4096 where queue.add(refusal) != nil { refused += 1 }
        #expect(refused > 0)
    }

    @Test func `a lane rests once a peer had its share, and not before`() {
        var pace = ReadingPace()
        func rests(_ microseconds: Int) -> Bool {
            pace.rests(at: start + .microseconds(microseconds))
        }
        #expect(!rests(0))
        for _ in 0..<3 {
            pace.read(from: one, share: 4)
            pace.read(from: two, share: 4)
        }
        #expect(!rests(100))
        pace.read(from: one, share: 4)
        #expect(rests(200) && rests(999) && !rests(1000))
        // The next interval begins with nothing.
        for _ in 0..<3 { pace.read(from: one, share: 4) }
        #expect(!rests(1500) && !rests(2500))
        pace.read(from: one, share: 4)
        #expect(!rests(2600))
    }

    @Test func `a peer that sends without pause leaves the others their turns`() async throws {
        let coordinator = try MiniProcess("coordinator")
        let endpoint = try coordinator.bind(.control)
        let flooder = try MiniProcess("flooder")
        try flooder.reactor.connect(.control, to: endpoint)
        let begin = ContinuousClock.now
        for _ in 0..<2000 { try flooder.hello() }
        try await coordinator.wait(for: "the first") { !$0.isEmpty }
        let quiet = try MiniProcess("quiet")
        try quiet.reactor.connect(.control, to: endpoint)
        try quiet.hello()
        try await coordinator.wait(for: "all") { $0.count == 2001 }
        // Read at its pace, however fast it comes: four a millisecond.
        #expect(begin.duration(to: .now) > .milliseconds(2000 / 4 - 50))
        let place = try #require(coordinator.envelopes.firstIndex { $0.sender == "quiet" })
        #expect(place < 2000)
    }

    @Test func `many who ask at once hear one status, and a few a new one each`() {
        var recent = RecentStatuses()
        var found: [String] = []
        func ask(_ name: String, _ milliseconds: Int) -> [String] {
            let status = recent.status(of: name, at: start + .milliseconds(milliseconds)) { asked in
                found.append(asked)
                let names = ["a", "b"].filter { asked.isEmpty || $0 == asked }
                return Status(collections: names.map { CollectionStatus(name: $0) })
            }
            return status.collections.map(\.name)
        }
        for _ in 0..<RecentStatuses.anew { #expect(ask("a", 0) == ["a"]) }
        #expect(found.count == RecentStatuses.anew)
        for number in 0..<1000 {
            #expect(ask("a", 50) == ["a"] && ask("", 60) == ["a", "b"])
            #expect(ask("none \(number)", 99) == [])
        }
        #expect(found.count == RecentStatuses.anew + 1)
        #expect(ask("b", 100) == ["b"] && found.last == "b")
    }
}
