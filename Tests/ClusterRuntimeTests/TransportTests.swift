import Base
import ClusterCore
import Foundation
import TestSupport
import Testing

@testable import ClusterRuntime

@Suite struct TransportTests {
    @Test func `a worker and a coordinator talk on every lane, over tcp and ipc`() async throws {
        let folder = try SocketFolder()
        for scheme in ["tcp", "ipc"] {
            let coordinator = try MiniProcess("coordinator")
            let worker = try MiniProcess("worker", incarnation: 7)
            for lane in Lane.allCases {
                let endpoint =
                    scheme == "tcp" ? "tcp://127.0.0.1:0" : "ipc://\(folder.path)/\(lane)"
                try worker.reactor.connect(lane, to: coordinator.reactor.bind(lane, to: endpoint))
            }
            for lane in Lane.allCases {
                let sent = worker.envelope(
                    .credit(Credit(bytes: UInt64(lane.rawValue))), frames: [[1, 2], [], [3]])
                try worker.reactor.send(sent, on: lane)
                let id = worker.reactor.id
                let bytes = try id.bytes.count + sent.wireBytes(lane)
                let expected = Inbound.message(
                    sent, from: MessageOrigin(peer: id, lane: lane, bytes: bytes))
                try await coordinator.wait(for: "\(lane)") { $0.contains(expected) }
            }
            for lane in Lane.allCases {
                let sent = coordinator.envelope(.drain(Drain(reason: "\(lane)")))
                try coordinator.reactor.send(sent, on: lane, to: worker.reactor.id)
                let expected = try Inbound.message(
                    sent, from: MessageOrigin(peer: nil, lane: lane, bytes: sent.wireBytes(lane)))
                try await worker.wait(for: "\(lane)") { $0.contains(expected) }
            }
            #expect(coordinator.reactor.counters.received == 3)
            // A message may arrive before its sender has counted it.
            try await eventually("three are counted") { coordinator.reactor.counters.sent == 3 }
            worker.reactor.stop()
            coordinator.reactor.stop()
        }
    }

    @Test func `one lane listens on several endpoints`() async throws {
        let folder = try SocketFolder()
        let coordinator = try MiniProcess("coordinator")
        let near = try MiniProcess("near")
        let far = try MiniProcess("far")
        try near.reactor.connect(
            .control, to: coordinator.reactor.bind(.control, to: "ipc://\(folder.path)/control"))
        try far.reactor.connect(.control, to: coordinator.bind(.control))
        try near.hello()
        try far.hello()
        try await coordinator.wait(for: "both") { $0.count == 2 }
    }

    @Test func `messages of a lane arrive in the order they were sent`() async throws {
        let coordinator = try MiniProcess("coordinator")
        let worker = try MiniProcess("worker")
        try worker.reactor.connect(.bulk, to: coordinator.bind(.bulk))
        let count = 2000
        var random = Dice(seed: 5)
        for number in 0..<count {
            let size = random.below(20_000)
            try worker.reactor.send(
                worker.envelope(
                    .credit(Credit(bytes: UInt64(number))), frames: [random.bytes(size)]),
                on: .bulk)
        }
        try await coordinator.wait(for: "all") { $0.count == count }
        let numbers = coordinator.envelopes.map { envelope in
            if case .credit(let credit) = envelope.message { credit.bytes } else { UInt64.max }
        }
        #expect(numbers == Array(0..<UInt64(count)))
    }

    @Test func `a large query message arrives whole, and a larger one is refused`() async throws {
        let coordinator = try MiniProcess("coordinator")
        let worker = try MiniProcess("worker")
        try worker.reactor.connect(.query, to: coordinator.bind(.query))
        let vectors = [UInt8](repeating: 7, count: (16 << 20) - 4096)
        let large = worker.envelope(.search(Search(collection: "c", k: 1)), frames: [vectors])
        try worker.reactor.send(large, on: .query)
        try await coordinator.wait(for: "it") { $0.count == 1 }
        #expect(coordinator.envelopes.first == large)
        #expect {
            try worker.reactor.send(
                worker.envelope(.search(Search(collection: "c")), frames: [vectors, vectors]),
                on: .query)
        } throws: { error in
            if case .wire(let refusal) = error as? TransportError {
                refusal.kind == .messageTooLarge
            } else {
                false
            }
        }
    }

    @Test func `messages wait for a coordinator that comes later`() async throws {
        let folder = try SocketFolder()
        let endpoint = "ipc://\(folder.path)/control"
        let worker = try MiniProcess("worker")
        try worker.reactor.connect(.control, to: endpoint)
        try worker.hello()
        let coordinator = try MiniProcess("coordinator")
        _ = try coordinator.reactor.bind(.control, to: endpoint)
        try await coordinator.wait(for: "the hello") { $0.count == 1 }
    }

    @Test func `the handler may send, connect and stop`() async throws {
        let coordinator = try MiniProcess("coordinator")
        let control = try coordinator.bind(.control)
        let query = try coordinator.bind(.query)
        let holder = Holder()
        let worker = try MiniProcess("worker") { inbound in
            guard let reactor = holder.reactor,
                case .message(let envelope, let sender) = inbound, sender.lane == .control
            else { return }
            if case .welcome = envelope.message {
                try? reactor.connect(.query, to: query)
                try? reactor.send(Envelope(message: .done(Done(note: "here"))), on: .query)
            } else {
                reactor.stop()
            }
        }
        holder.reactor = worker.reactor
        try worker.reactor.connect(.control, to: control)
        try worker.hello()
        try await coordinator.wait(for: "the hello") { $0.count == 1 }
        try coordinator.reactor.send(
            coordinator.envelope(.welcome(Welcome())), on: .control, to: worker.reactor.id)
        try await coordinator.wait(for: "the query lane") { $0.count == 2 }
        try coordinator.reactor.send(
            coordinator.envelope(.drain(Drain())), on: .control, to: worker.reactor.id)
        try await eventually("the worker stops") {
            (try? worker.hello()) == nil
        }
        worker.reactor.stop()
        holder.reactor = nil
    }

    @Test func `a lane that is not open says so`() throws {
        let process = try MiniProcess("process")
        let message = process.envelope(.done(Done()))
        #expect(throws: TransportError.notConnected(.query)) {
            try process.reactor.send(message, on: .query)
        }
        #expect(throws: TransportError.notBound(.query)) {
            try process.reactor.send(message, on: .query, to: process.reactor.id)
        }
        let endpoint = try process.bind(.query)
        #expect(throws: TransportError.notConnected(.query)) {
            try process.reactor.send(message, on: .query)
        }
        #expect(throws: TransportError.laneInUse(.query)) {
            try process.reactor.connect(.query, to: endpoint)
        }
        try process.reactor.connect(.bulk, to: endpoint)
        #expect(throws: TransportError.laneInUse(.bulk)) {
            try process.reactor.bind(.bulk, to: "tcp://127.0.0.1:0")
        }
        try process.reactor.disconnect(.bulk)
        #expect(throws: TransportError.notConnected(.bulk)) {
            try process.reactor.send(message, on: .bulk)
        }
        process.reactor.stop()
        #expect(throws: TransportError.stopped) { try process.reactor.send(message, on: .query) }
        #expect(throws: TransportError.stopped) { try process.bind(.query) }
    }

    @Test func `names make routing ids that differ`() throws {
        #expect(PeerID(name: "w", incarnation: 0xab).description == "w#00000000000000ab")
        #expect(PeerID(name: "w", incarnation: 1) != PeerID(name: "w", incarnation: 2))
        #expect(PeerID(name: "w", incarnation: .max).bytes.count == 18)
        #expect(throws: TransportError.nameTooLong(bytes: 0, limit: 200)) { try MiniProcess("") }
        #expect(throws: TransportError.nameTooLong(bytes: 201, limit: 200)) {
            try MiniProcess(String(repeating: "x", count: 201))
        }
    }
}

/// Gives a handler the reactor it belongs to, once both are there.
private final class Holder: @unchecked Sendable {
    private let lock = NSLock()
    private var held: Reactor?

    var reactor: Reactor? {
        get { lock.withLock { held } }
        set { lock.withLock { held = newValue } }
    }
}
