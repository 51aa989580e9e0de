import ClusterCore
import Foundation
import TestSupport
import Testing

@testable import ClusterRuntime

/// One bad peer does not starve the rest: what it sends or leaves unread is bounded in bytes.
@Suite struct TransportFloodTests {
    private let one = PeerID(name: "one", incarnation: 1)
    private let two = PeerID(name: "two", incarnation: 1)
    private let start = Instant(nanoseconds: 0)

    private func reasons(_ process: MiniProcess) -> [CloseReason] {
        process.events.compactMap {
            if case .closed(_, let reason) = $0 { reason } else { nil }
        }
    }

    @Test(arguments: [false, true], ["tcp", "ipc"])
    func `a message without end ends its connection, of a stranger or of a peer`(
        isKnown: Bool, scheme: String
    ) async throws {
        let folder = try SocketFolder()
        let coordinator = try MiniProcess("coordinator")
        let endpoint = try coordinator.reactor.bind(
            .control, to: scheme == "tcp" ? "tcp://127.0.0.1:0" : "ipc://\(folder.path)/control")
        let worker = try MiniProcess("worker")
        try worker.reactor.connect(.control, to: endpoint)
        try worker.hello()
        let peer = try HandMadePeer(to: endpoint)
        peer.greet([("Identity", "endless")])
        if isKnown {
            try peer.send(Envelope(sender: "endless", message: .done(Done())), limits: .control)
            try await coordinator.wait(for: "its first message") { $0.count == 2 }
        }
        let frame = [UInt8](repeating: 1, count: 1 << 20)
        var sent = 0
        // It takes some milliseconds to be found out over tcp, and some looks over ipc.
        while sent < 8192, peer.send(frame, more: true) { sent += 1 }
        #expect(sent < 8192)
        try await eventually("it is closed") { !reasons(coordinator).isEmpty }
        #expect(reasons(coordinator) == [.endlessMessage(.control)], "after \(sent) frames")
        try worker.hello()
        try await coordinator.wait(for: "the other one") { _ in
            coordinator.envelopes.count { $0.sender == "worker" } == 2
        }
        #expect(!worker.inbound.contains(.disconnected(.control)))
    }

    @Test func `a message of the largest size is no message without end`() async throws {
        let coordinator = try MiniProcess("coordinator")
        let worker = try MiniProcess("worker")
        try worker.reactor.connect(.query, to: coordinator.bind(.query))
        let vectors = [UInt8](repeating: 7, count: (16 << 20) - 4096)
        for _ in 0..<6 {
            try worker.reactor.send(
                worker.envelope(.search(Search(collection: "c", k: 1)), frames: [vectors]),
                on: .query)
            try await Task.sleep(for: .milliseconds(30))
            if coordinator.inbound.count > 2 { break }
        }
        try await coordinator.wait(for: "some of them") { $0.count > 2 }
        #expect(coordinator.events.isEmpty)
    }

    @Test func `a peer that does not read what it asked for is disconnected`() async throws {
        let coordinator = try MiniProcess("coordinator", queueLimitBytes: 8 << 20)
        let endpoint = try coordinator.bind(.query)
        let peer = try HandMadePeer(to: endpoint)
        peer.greet([("Identity", "deaf")])
        try peer.send(Envelope(sender: "deaf", message: .done(Done())), limits: .query)
        try await coordinator.wait(for: "it") { $0.count == 1 }
        let id = try #require(coordinator.senders.first?.peer)
        let answer = coordinator.envelope(
            .queryAnswer(QueryAnswer()), frames: [[UInt8](repeating: 1, count: 1 << 20)])
        var refused = 0
        for _ in 0..<100 {
            do throws(TransportError) {
                try coordinator.reactor.send(answer, on: .query, to: id)
            } catch {
                guard case .queueFull = error else { throw error }
                refused += 1
            }
        }
        #expect(refused > 0)
        try await eventually("it is closed and told") {
            reasons(coordinator).contains(.tooMuchUnread)
        }
        #expect(peer.isEnded())
    }

    @Test func `a peer that sends more than is handled is disconnected`() async throws {
        let inbox = Inbox(peerLimit: 1 << 20, totalLimit: 8 << 20)
        let reactor = try Reactor(name: "coordinator", incarnation: 1) { inbox.put($0) }
        inbox.disconnects(through: reactor)
        let endpoint = try reactor.bind(.control, to: "tcp://127.0.0.1:0")
        let quiet = try MiniProcess("quiet")
        try quiet.reactor.connect(.control, to: endpoint)
        try quiet.hello()
        let flooder = try MiniProcess("flooder")
        try flooder.reactor.connect(.control, to: endpoint)
        for _ in 0..<10_000 where !flooder.inbound.contains(.disconnected(.control)) {
            try flooder.hello()
        }
        try await eventually("it is disconnected") {
            flooder.inbound.contains(.disconnected(.control))
        }
        var hasHeardQuiet = false
        var reason: CloseReason?
        while reason == nil || !hasHeardQuiet, let next = await inbox.next() {
            if case .message(let envelope, _) = next, envelope.sender == "quiet" {
                hasHeardQuiet = true
            }
            if case .connection(.closed(flooder.reactor.id, let why)) = next { reason = why }
        }
        #expect(reason == .tooMuchUnhandled && hasHeardQuiet)
        reactor.stop()
    }

    @Test func `a connection that says nothing is closed after a while`() async throws {
        let coordinator = try MiniProcess("coordinator")
        let endpoint = try coordinator.bind(.control)
        let worker = try MiniProcess("worker")
        try worker.reactor.connect(.control, to: endpoint)
        try worker.hello()
        let silent = try HandMadePeer(to: endpoint)
        silent.greet([("Identity", "silent")])
        #expect(silent.isEnded())
        try await eventually("the reason is told") { self.reasons(coordinator) == [.silence] }
        #expect(!worker.inbound.contains(.disconnected(.control)))
    }

    @Test func `of too many connections the one that is silent for the longest goes`() {
        var table = ConnectionTable(limit: 3)
        for descriptor: CInt in 1...3 {
            #expect(table.accepted(descriptor, inode: 1, on: .control, at: start) == nil)
        }
        _ = table.received(Origin(number: table.admit(), descriptor: 1), from: one, on: .control)
        let surplus = [CInt(4), 5, 6].map {
            table.accepted($0, inode: 1, on: .control, at: start)?.descriptor
        }
        #expect(surplus == [2, 3, 4])
        #expect(table.silent(at: start + ConnectionTable.silence) == [])
        let later = start + ConnectionTable.silence + .nanoseconds(1)
        #expect(Set(table.silent(at: later).map(\.descriptor)) == [5, 6])
        #expect(table.silent(at: later) == [])
    }

    @Test func `peers are handled in turn, and the lower lanes have theirs`() {
        var queue = InboundQueue(peerLimit: 1 << 20, totalLimit: 1 << 20)
        func message(_ number: UInt64, _ peer: PeerID, _ lane: Lane) -> Inbound {
            .message(
                Envelope(requestID: number, message: .done(Done())),
                from: MessageOrigin(peer: peer, lane: lane))
        }
        func next() -> String {
            guard case .message(let envelope, let origin) = queue.next() else { return "" }
            return "\(origin.peer == one ? "one" : "two") \(envelope.requestID) \(origin.lane)"
        }
        for number: UInt64 in 0..<100 { #expect(queue.add(message(number, one, .control)) == nil) }
        #expect(queue.add(message(100, two, .control)) == nil)
        #expect(queue.add(message(101, two, .bulk)) == nil)
        // After each peer of the lane had its turn, a lane below has one.
        let first = [next(), next(), next()]
        #expect(first == ["one 0 control", "two 100 control", "two 101 bulk"])
        #expect(queue.add(message(102, two, .query)) == nil)
        #expect(queue.add(message(103, two, .bulk)) == nil)
        #expect([next(), next()] == ["one 1 control", "two 102 query"])
        #expect([next(), next()] == ["one 2 control", "two 103 bulk"])
        #expect((3..<100).map { _ in next() } == (3..<100).map { "one \($0) control" })
        #expect(queue.next() == nil && queue.bytes == 0)
    }

    @Test func `who has most waiting goes when all together have too much`() {
        var queue = InboundQueue(peerLimit: 100_000, totalLimit: 150_000)
        func message(_ peer: PeerID, _ bytes: Int) -> Inbound {
            .message(
                Envelope(message: .done(Done()), frames: [[UInt8](repeating: 0, count: bytes)]),
                from: MessageOrigin(peer: peer, lane: .bulk))
        }
        #expect(queue.add(message(one, 90_000)) == nil)
        #expect(queue.add(message(two, 50_000)) == nil)
        #expect(queue.add(message(two, 20_000)) == one)
        #expect(queue.add(message(two, 40_000)) == two)
        #expect(queue.bytes == 0 && queue.next() == nil)

        func outgoing(_ bytes: Int) -> Outgoing {
            Outgoing(frames: [[UInt8](repeating: 0, count: bytes)], requestID: 1, type: .done)
        }
        var outbox = Outbox(limitBytes: 100, totalBytes: 150)
        #expect(throws: Never.self) {
            try outbox.add(outgoing(90), on: .query, to: one)
            try outbox.add(outgoing(50), on: .query, to: two)
        }
        #expect(outbox.offender(for: outgoing(10), on: .query, to: two) == nil)
        #expect(outbox.offender(for: outgoing(20), on: .control, to: two) == one)
        #expect(outbox.offender(for: outgoing(60), on: .query, to: two) == two)
        _ = outbox.removeAll(on: .query, to: one)
        #expect(outbox.next(on: .query)?.peer == two)
        outbox.sent(on: .query, to: two)
        #expect(outbox.bytes == 0)
    }

    @Test func `a message is without end once two looks agree, and never for what lies unread`() {
        var table = ConnectionTable(limit: 8)
        _ = table.accepted(5, inode: 1, on: .control, at: start)
        let origin = Origin(number: table.admit(), descriptor: 5)
        _ = table.received(origin, from: one, on: .control)
        var messages = UnfinishedMessages()
        func look(_ mebibytes: UInt64, unread: Int = 0, isDry: Bool = true) -> Bool {
            guard let entry = table[5] else { return false }
            return messages.look(
                at: entry, bytes: mebibytes << 20, unread: { unread << 20 }, turns: 0, peers: 1,
                isDry: isDry)
        }
        #expect(!look(10) && !look(11))
        #expect(table[5].map { messages.isLong($0) } == true)
        // Three mebibytes are beyond the limit, but two of them are in no memory of this process.
        #expect(!look(13, unread: 2) && !look(13, unread: 2))
        #expect(!look(13, isDry: false) && !look(13))
        // A message came out.
        _ = table.received(origin, from: one, on: .control)
        #expect(!look(16) && !look(19))
        #expect(look(19))
    }

    @Test func `those who are connected go before those who connect`() {
        var pace = HandshakePace()
        func rests(_ milliseconds: Int) -> Bool {
            pace.rests(at: start + .milliseconds(milliseconds))
        }
        #expect(!rests(0))
        for _ in 0..<HandshakePace.share { pace.answered() }
        #expect(rests(0) && !rests(1))
        pace.sawExcess(at: start + .milliseconds(1))
        pace.answered()
        #expect(rests(50) && !rests(51))
        // One after the other: each pause is twice the one before, up to the longest.
        for (end, pause) in [(100, 100), (300, 200), (900, 400), (2_000, 800), (4_000, 800)] {
            pace.sawExcess(at: start + .milliseconds(end))
            #expect(rests(end + pause - 1) && !rests(end + pause))
        }
        pace.sawExcess(at: start + .seconds(20))
        #expect(rests(20_049) && !rests(20_050))
    }

    @Test func `new connections are looked at often, for a while, the newest of them`() {
        var suspects = Suspects()
        for descriptor in 0..<CInt(Suspects.most + 2) { suspects.note(descriptor) }
        #expect(suspects.take() == Array(2..<CInt(Suspects.most + 2)))
        suspects.forget(3)
        for _ in 2..<Suspects.looks { _ = suspects.take() }
        suspects.note(9)
        #expect(suspects.take().count == Suspects.most - 1)
        #expect(suspects.take() == [9] && !suspects.isEmpty)
    }

    @Test func `of like things one line is told in a while, and of many kinds some`() {
        var repetitions = Repetitions<Int>(every: .seconds(10))
        let due = [0, 9, 10].map { repetitions.isDue(1, at: start + .seconds($0)) }
        #expect(due == [true, false, true])
        let told = (2..<10_000).count { repetitions.isDue($0, at: start + .seconds(10)) }
        #expect(told == Repetitions<Int>.kinds - 1)
        let isDueLater = repetitions.isDue(20_000, at: start + .seconds(30))
        #expect(isDueLater)
    }
}
