import ClusterCore
import Foundation
import Glibc
import TestSupport
import Testing
import WireFuzz

@testable import ClusterRuntime

@Suite struct TransportFaultTests {
    @Test func `malformed messages are counted and do not stop the reactor`() async throws {
        let coordinator = try MiniProcess("coordinator")
        let endpoint = try coordinator.bind(.control)
        let good = try Wire.encode(
            Envelope(sender: "raw", message: .heartbeat(Heartbeat(progress: 9)), frames: [[1]]),
            limits: .control)
        var wrongBody = good
        wrongBody[2] = [2]
        let bad: [[[UInt8]]] = [
            [[]], [[1, 2, 3]], [[], [], []], Array(repeating: [0xff], count: 40),
            [[UInt8](repeating: 0, count: 2000), []], [good[0]], [good[0], good[1]], wrongBody,
            [good[1], good[0]], good + [[]],
            [
                [], [], [UInt8](repeating: 0, count: 1 << 20), [1],
                [UInt8](repeating: 0, count: 4096),
            ],
        ]
        let peer = try RawPeer("raw", to: endpoint)
        for frames in bad { peer.send(frames) }
        var random = Dice(seed: 21)
        for _ in 0..<500 {
            peer.send(
                (0...random.below(6)).map { _ in
                    let size = random.below(50)
                    return random.bytes(size)
                })
        }
        peer.send(good)
        try await coordinator.wait(for: "the good one") { _ in !coordinator.envelopes.isEmpty }
        #expect(coordinator.envelopes.count == 1)
        #expect(coordinator.inbound.count == bad.count + 501)
        let counters = coordinator.reactor.counters
        #expect(counters.refused.values.reduce(0, +) == UInt64(bad.count + 500))
        #expect(counters.refused[.tooManyFrames] == 1)
        #expect(counters.refused[.messageTooLarge] == 1)
        #expect(counters.received == 1)
        guard
            case .refused(.missingFrames(found: 1), let frames)? =
                coordinator.inbound.first
        else {
            Issue.record("The first message should be refused, not \(coordinator.inbound[0]).")
            return
        }
        #expect(frames.origin.peer?.description == "raw")
    }

    /// ZeroMQ gives a connection up for good over which a frame came that is too large.
    @Test func `a lane whose other side broke the protocol is connected again`() async throws {
        let folder = try SocketFolder()
        let endpoint = "ipc://\(folder.path)/socket"
        let server = RawSocket(.router, endpoint)
        let worker = try MiniProcess("worker")
        try worker.reactor.connect(.control, to: endpoint)
        try worker.hello()
        let id = try #require(server.receive(within: 10_000)?.first)
        server.send([id, [UInt8](repeating: 0, count: 4 << 20)])
        try await eventually("the end is told") {
            worker.inbound.contains(.disconnected(.control))
        }
        try worker.hello()
        #expect(server.receive(within: 10_000)?.first == id)
    }

    @Test func `a peer that dies while its messages wait does not end the process`() async throws {
        let folder = try SocketFolder()
        let socket = try ZMQSocket.router(.bulk, in: try ZMQContext())
        let endpoint = try socket.bind(try Endpoint("ipc://\(folder.path)/socket"))
        do {
            let peer = try RawPeer("raw", to: endpoint, linger: .zero)
            for _ in 0..<20 { peer.send([[UInt8](repeating: 1, count: 100_000)]) }
            try await Task.sleep(for: .milliseconds(300))
        }
        // Longer than any timer of the connection.
        try await Task.sleep(for: .seconds(2))
        guard case .frames = try socket.receive(limits: .bulk) else {
            Issue.record("Nothing came.")
            return
        }
    }

    @Test func `a frame over the lane's limit ends its connection alone`() async throws {
        let coordinator = try MiniProcess("coordinator")
        let endpoint = try coordinator.bind(.control)
        let worker = try MiniProcess("worker")
        try worker.reactor.connect(.control, to: endpoint)
        try worker.hello()
        try await coordinator.wait(for: "the hello") { $0.count == 1 }
        let peer = try RawPeer("raw", to: endpoint)
        peer.send([[], [UInt8](repeating: 0, count: 3 << 20)])
        try worker.hello()
        try await coordinator.wait(for: "the second hello") { $0.count == 2 }
        #expect(coordinator.envelopes.count == 2)
    }

    @Test func `a stranger's bytes on the port do not stop the reactor`() async throws {
        let coordinator = try MiniProcess("coordinator")
        let endpoint = try coordinator.bind(.control)
        let port = try #require(endpoint.split(separator: ":").last.flatMap { UInt16($0) })
        for bytes in ["GET / HTTP/1.1\r\n\r\n", "\u{ff}", ""] {
            try #require(sendOverTCP(Array(bytes.utf8), port: port) == bytes.utf8.count)
        }
        let worker = try MiniProcess("worker")
        try worker.reactor.connect(.control, to: endpoint)
        try worker.hello()
        try await coordinator.wait(for: "the hello") { $0.count == 1 }
        #expect(coordinator.envelopes.count == 1)
    }

    @Test func `a queue takes no more bytes than its limit`() throws {
        let worker = try MiniProcess("worker", queueLimitBytes: 100_000)
        try worker.reactor.connect(.bulk, to: "tcp://127.0.0.1:9")
        let message = worker.envelope(
            .credit(Credit()), frames: [[UInt8](repeating: 0, count: 30_000)])
        let bytes = try Wire.encode(message, limits: .bulk).reduce(0) { $0 + $1.count }
        for _ in 0..<3 { try worker.reactor.send(message, on: .bulk) }
        #expect(
            throws: TransportError.queueFull(
                lane: .bulk, peer: "", queuedBytes: 3 * bytes, messageBytes: bytes,
                limitBytes: 100_000)
        ) { try worker.reactor.send(message, on: .bulk) }
        try worker.reactor.disconnect(.bulk)
        #expect(worker.reactor.counters.dropped == 3)
    }

    @Test func `a peer that does not read fills its own queue, and nobody else's`()
        async throws
    {
        let coordinator = try MiniProcess("coordinator", queueLimitBytes: 4 << 20)
        let endpoint = try coordinator.bind(.bulk)
        let gate = Gate()
        let slow = try MiniProcess("slow") { _ in gate.pass() }
        let quick = try MiniProcess("quick")
        for peer in [slow, quick] {
            try peer.reactor.connect(.bulk, to: endpoint)
            try peer.reactor.send(peer.envelope(.done(Done())), on: .bulk)
        }
        try await coordinator.wait(for: "both") { $0.count == 2 }
        let digest = String(repeating: "a", count: 64)
        let chunk = coordinator.envelope(
            .segmentChunk(SegmentChunk(collection: "c", sha256: digest)),
            frames: [[UInt8](repeating: 1, count: 1 << 20)])
        var count = 0
        while count < 500 {
            do throws(TransportError) {
                try coordinator.reactor.send(chunk, on: .bulk, to: slow.reactor.id)
                count += 1
            } catch {
                guard case .queueFull(lane: .bulk, _, _, _, limitBytes: 4 << 20) = error else {
                    throw error
                }
                break
            }
        }
        #expect((3..<500).contains(count))
        try coordinator.reactor.send(chunk, on: .bulk, to: quick.reactor.id)
        try await quick.wait(for: "its chunk") { $0.count == 1 }
        gate.open()
        // Where the pause was long, the connection has been given up with what lay in it.
        try await eventually("more chunks for the slow one") {
            try? coordinator.reactor.send(chunk, on: .bulk, to: slow.reactor.id)
            return slow.inbound.count > 1
        }
    }

    @Test func `a message to a peer that is not there is reported`() async throws {
        let coordinator = try MiniProcess("coordinator")
        _ = try coordinator.bind(.query)
        let nobody = PeerID(name: "nobody", incarnation: 1)
        try coordinator.reactor.send(
            coordinator.envelope(.search(Search(collection: "c")), requestID: 17), on: .query,
            to: nobody)
        try await coordinator.wait(for: "the report") {
            $0 == [.undeliverable(to: nobody, lane: .query, requestID: 17, type: .search)]
        }
        #expect(coordinator.reactor.counters.undeliverable == 1)
    }

    @Test func `a restarted worker is another peer`() async throws {
        let coordinator = try MiniProcess("coordinator")
        let endpoint = try coordinator.bind(.control)
        let first = try MiniProcess("worker", incarnation: 1)
        try first.reactor.connect(.control, to: endpoint)
        try first.hello()
        try await coordinator.wait(for: "the first") { $0.count == 1 }
        first.reactor.stop()
        let second = try MiniProcess("worker", incarnation: 2)
        try second.reactor.connect(.control, to: endpoint)
        try second.hello()
        try await coordinator.wait(for: "the second") { $0.count >= 2 }

        // The first one's disconnection takes a moment to reach the coordinator's socket.
        var tries: UInt64 = 0
        try await eventually("the first is gone") {
            tries += 1
            try? coordinator.reactor.send(
                coordinator.envelope(.drain(Drain(reason: "old")), requestID: tries),
                on: .control, to: first.reactor.id)
            return coordinator.reactor.counters.undeliverable > 0
        }
        try coordinator.reactor.send(
            coordinator.envelope(.drain(Drain(reason: "new"))), on: .control,
            to: second.reactor.id)
        try await second.wait(for: "its message") { !$0.isEmpty }
        #expect(second.envelopes.map(\.message) == [.drain(Drain(reason: "new"))])
    }

    @Test func `a coordinator that comes back is reached again`() async throws {
        let folder = try SocketFolder()
        let endpoint = "ipc://\(folder.path)/control"
        let worker = try MiniProcess("worker")
        try worker.reactor.connect(.control, to: endpoint)
        for _ in 0..<3 {
            let coordinator = try MiniProcess("coordinator")
            _ = try coordinator.reactor.bind(.control, to: endpoint)
            try await eventually("a hello arrives") {
                try? worker.hello()
                return !coordinator.envelopes.isEmpty
            }
            coordinator.reactor.stop()
        }
    }

    @Test func `an endpoint in use is refused by name, over tcp and ipc`() throws {
        let folder = try SocketFolder()
        let first = try MiniProcess("first")
        let second = try MiniProcess("second")
        for endpoint in ["tcp://127.0.0.1:0", "ipc://\(folder.path)/control"] {
            let bound = try first.reactor.bind(.control, to: endpoint)
            #expect(throws: TransportError.addressInUse(endpoint: bound)) {
                try second.reactor.bind(.control, to: bound)
            }
        }
        // A socket file that a killed process left is no obstacle.
        first.reactor.stop()
        #expect(
            try second.reactor.bind(.control, to: "ipc://\(folder.path)/control")
                == "ipc://\(folder.path)/control")
    }

    @Test func `endpoints that cannot be are refused with the reason`() throws {
        let process = try MiniProcess("process")
        let long = "ipc:///tmp/" + String(repeating: "x", count: 103)
        #expect(throws: TransportError.pathTooLong(endpoint: long, bytes: 108, limit: 107)) {
            try process.reactor.bind(.control, to: long)
        }
        #expect(throws: TransportError.pathTooLong(endpoint: long, bytes: 108, limit: 107)) {
            try process.reactor.connect(.control, to: long)
        }
        for endpoint in ["nonsense", "tcp://127.0.0.1", "ipc:///no/such/folder/control"] {
            #expect {
                try process.reactor.bind(.control, to: endpoint)
            } throws: { error in
                switch error as? TransportError {
                case .cannotBind(endpoint, _), .openEndpoint(endpoint): true
                default: false
                }
            }
        }
        #expect {
            try process.reactor.connect(.control, to: "nonsense")
        } throws: { error in
            if case .cannotConnect("nonsense", _) = error as? TransportError { true } else { false }
        }
    }

    @Test(arguments: [
        "tcp://0.0.0.0:0", "tcp://*:0", "tcp://127.0.0.1.example.com:0", "tcp://[::]:0",
        "tcp://127.0.1:0", "tcp://eth0:0",
    ])
    func `only this host is reachable without keys`(endpoint: String) throws {
        let process = try MiniProcess("process")
        #expect(throws: TransportError.openEndpoint(endpoint: endpoint)) {
            try process.reactor.bind(.control, to: endpoint)
        }
    }

    @Test func `an open endpoint can be had on demand`() throws {
        let process = try MiniProcess("process", security: .insecure)
        #expect(try process.reactor.bind(.control, to: "tcp://*:0").hasPrefix("tcp://0.0.0.0:"))
    }

    @Test func `stopping with unsent messages ends, twice and from several threads`() async throws {
        let worker = try MiniProcess("worker")
        for lane in Lane.allCases { try worker.reactor.connect(lane, to: "tcp://127.0.0.1:9") }
        for lane in Lane.allCases {
            try worker.reactor.send(worker.envelope(.done(Done())), on: lane)
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { worker.reactor.stop() } }
        }
        worker.reactor.stop()
        #expect(worker.reactor.counters.dropped == 3)
    }

    @Test func `stopping sends what a connected peer can take`() async throws {
        let coordinator = try MiniProcess("coordinator")
        let worker = try MiniProcess("worker")
        try worker.reactor.connect(.control, to: coordinator.bind(.control))
        try worker.hello()
        try await coordinator.wait(for: "the hello") { $0.count == 1 }
        for _ in 0..<100 {
            try worker.reactor.send(worker.envelope(.goodbye(Goodbye())), on: .control)
        }
        worker.reactor.stop()
        try await coordinator.wait(for: "all goodbyes") { $0.count == 101 }
    }

    @Test func `each error ends with what to do`() {
        let errors: [TransportError] = [
            .addressInUse(endpoint: "e"), .cannotBind(endpoint: "e", reason: "r"),
            .cannotConnect(endpoint: "e", reason: "r"),
            .pathTooLong(endpoint: "e", bytes: 2, limit: 1), .openEndpoint(endpoint: "e"),
            .wrongKeys(endpoint: "e"), .nameTooLong(bytes: 2, limit: 1), .notBound(.control),
            .notConnected(.control), .laneInUse(.control),
            .queueFull(
                lane: .bulk, peer: "p", queuedBytes: 1, messageBytes: 1, limitBytes: 1),
            .wire(.missingFrames(found: 0)), .stopped, .curveMissing,
            .keyFile(path: "p", reason: "r"), .keyNotWritten(path: "p", reason: "r"),
            .keyPermissions(path: "p", mode: 0o644),
            .system(call: "c", reason: "r"),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        #expect(errors.allSatisfy { $0.description.hasSuffix(".") })
    }
}

/// Connects to a port of the loopback, sends bytes and leaves: how many went out, or -1.
private func sendOverTCP(_ bytes: [UInt8], port: UInt16) -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let connected = withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    return connected == 0 ? write(descriptor, bytes, bytes.count) : -1
}

/// Holds a thread until it is opened.
private final class Gate: Sendable {
    private let condition = NSCondition()
    private nonisolated(unsafe) var isOpen = false

    func pass() {
        condition.lock()
        while !isOpen { condition.wait() }
        condition.unlock()
    }

    func open() {
        condition.lock()
        isOpen = true
        condition.broadcast()
        condition.unlock()
    }
}
