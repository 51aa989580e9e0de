import CZeroMQ
import ClusterCore
import Foundation
import Testing

@testable import ClusterRuntime

@Suite(.enabled(if: zmq_has("curve") == 1, "This libzmq was built without CURVE."))
struct TransportCurveTests {
    private let folder: SocketFolder
    private let allowed: String
    private let server: CurveKeys

    init() throws {
        folder = try SocketFolder()
        allowed = folder.path + "/allowed"
        try FileManager.default.createDirectory(
            atPath: allowed, withIntermediateDirectories: false)
        _ = try CurveKeys.generate(folder: folder.path, name: "coordinator")
        server = try CurveKeys.server(
            secretFile: folder.path + "/coordinator.secret", allowedFolder: allowed)
    }

    /// The keys of a client, with its public key in the allow-list or not.
    private func client(_ name: String, isAllowed: Bool) throws -> CurveKeys {
        let pair = try CurveKeys.generate(folder: folder.path, name: name)
        if isAllowed { try allow(name) }
        let keys = try CurveKeys.client(
            secretFile: "\(folder.path)/\(name).secret",
            serverPublicFile: folder.path + "/coordinator.public")
        guard case .client(pair, _) = keys else {
            Issue.record("The pair read back differs from the one written.")
            return keys
        }
        return keys
    }

    private func allow(_ name: String) throws {
        try FileManager.default.copyItem(
            atPath: "\(folder.path)/\(name).public", toPath: "\(allowed)/\(name).public")
    }

    @Test func `an allowed key gets in, encrypted, from any address`() async throws {
        let coordinator = try MiniProcess("coordinator", security: .curve(server))
        let endpoint = try coordinator.reactor.bind(.control, to: "tcp://*:0")
            .replacing("0.0.0.0", with: "127.0.0.1")
        let keys = try client("worker", isAllowed: true)
        let worker = try MiniProcess("worker", security: .curve(keys))
        try worker.reactor.connect(.control, to: endpoint)
        try worker.hello()
        try await coordinator.wait(for: "the hello") { $0.count == 1 }
        try coordinator.reactor.send(
            coordinator.envelope(.drain(Drain())), on: .control, to: worker.reactor.id)
        try await worker.wait(for: "the answer") { $0.count == 1 }
        #expect(coordinator.reactor.counters.keysAccepted >= 1)
        #expect(coordinator.reactor.counters.keysRefused == 0)
    }

    @Test func `a key that is not allowed is refused, told on both sides, and in once allowed`()
        async throws
    {
        let coordinator = try MiniProcess("coordinator", security: .curve(server))
        let endpoint = try coordinator.bind(.control)
        let keys = try client("stranger", isAllowed: false)
        guard case .client(let pair, _) = keys else { return }
        let stranger = try MiniProcess("stranger", security: .curve(keys))
        try stranger.reactor.connect(.control, to: endpoint)
        try stranger.hello()
        let rejection = Rejection.keyRefused(fingerprint: pair.fingerprint, endpoint: endpoint)
        try await eventually("both sides hear of it") {
            stranger.events.contains(.rejected(.control, rejection))
                && coordinator.events.contains(
                    .keyRefused(fingerprint: pair.fingerprint, address: "127.0.0.1"))
        }
        #expect(coordinator.reactor.counters.keysRefused > 0)
        #expect(coordinator.inbound.isEmpty)

        // The transport tries again by itself, and what waited is sent.
        try allow("stranger")
        try await coordinator.wait(for: "the hello") { $0.count == 1 }
        #expect(coordinator.senders.first?.key == pair.publicKey)
    }

    @Test func `a key that is removed ends its connections, and nobody else's`() async throws {
        let coordinator = try MiniProcess("coordinator", security: .curve(server))
        let endpoint = try coordinator.bind(.control)
        var clients: [MiniProcess] = []
        for name in ["kept", "removed"] {
            let process = try MiniProcess(
                name, security: .curve(try client(name, isAllowed: true)))
            try process.reactor.connect(.control, to: endpoint)
            try process.hello()
            clients.append(process)
        }
        try await coordinator.wait(for: "both") { $0.count == 2 }
        try FileManager.default.removeItem(atPath: "\(allowed)/removed.public")
        let start = ContinuousClock.now
        try await eventually("it is closed") {
            clients[1].inbound.contains(.disconnected(.control))
        }
        // A look each quarter of a second; a second is the promise, the rest is for slow machines.
        #expect(start.duration(to: .now) < .seconds(3))
        try clients[1].hello()
        try clients[0].hello()
        try await coordinator.wait(for: "the other one") { $0.count == 3 }
        #expect(coordinator.envelopes.last?.sender == "kept")
    }

    @Test func `without a key none is told, whatever a peer says of itself`() async throws {
        let coordinator = try MiniProcess("coordinator", security: .insecure)
        let peer = try HandMadePeer(to: try coordinator.bind(.control))
        let liar = "0123456789012345678901234567890123456789"
        peer.greet([("Identity", "raw"), ("User-Id", liar), ("Connection", "99")])
        try peer.send(Envelope(sender: "raw", message: .done(Done())), limits: .control)
        try await coordinator.wait(for: "it") { $0.count == 1 }
        let id = try #require(coordinator.senders.first?.peer)
        #expect(coordinator.senders.map(\.key) == [nil])
        // Its connection is known by the number that it was given here.
        try coordinator.reactor.disconnect(id)
        #expect(peer.isEnded())
    }

    @Test func `whoever has no keys, or another server's, hears nothing`() async throws {
        let coordinator = try MiniProcess("coordinator", security: .curve(server))
        let endpoint = try coordinator.bind(.control)
        let plain = try MiniProcess("plain")
        try plain.reactor.connect(.control, to: endpoint)
        try plain.hello()
        let pair = try CurveKeys.generate(folder: folder.path, name: "misled")
        try allow("misled")
        let other = try CurveKeyPair.generated()
        let misled = try MiniProcess(
            "misled", security: .curve(.client(pair, serverKey: other.publicKey)))
        try misled.reactor.connect(.control, to: endpoint)
        try misled.hello()

        let worker = try MiniProcess(
            "worker", security: .curve(try client("worker", isAllowed: true)))
        try worker.reactor.connect(.control, to: endpoint)
        try worker.hello()
        try await coordinator.wait(for: "the hello") { !$0.isEmpty }
        try await Task.sleep(for: .milliseconds(200))
        #expect(coordinator.envelopes.map(\.sender) == ["worker"])
        #expect(plain.inbound.isEmpty && misled.inbound.isEmpty)
    }

    @Test func `ipc needs no keys beside a port that does`() async throws {
        let coordinator = try MiniProcess("coordinator", security: .curve(server))
        let control = "ipc://\(folder.path)/control"
        let port = try coordinator.bind(.control)
        _ = try coordinator.reactor.bind(.control, to: control)
        let near = try MiniProcess("near")
        try near.reactor.connect(.control, to: control)
        try near.hello()
        try await coordinator.wait(for: "the near one") { $0.count == 1 }
        let far = try MiniProcess("far", security: .curve(try client("far", isAllowed: true)))
        try far.reactor.connect(.control, to: port)
        try far.hello()
        try await coordinator.wait(for: "the far one") { $0.count == 2 }
    }

    @Test func `keys of the other side are refused`() throws {
        let keys = try client("worker", isAllowed: true)
        let worker = try MiniProcess("worker", security: .curve(keys))
        #expect(throws: TransportError.wrongKeys(endpoint: "tcp://127.0.0.1:0")) {
            try worker.bind(.control)
        }
        let coordinator = try MiniProcess("coordinator", security: .curve(server))
        #expect(throws: TransportError.wrongKeys(endpoint: "tcp://127.0.0.1:9")) {
            try coordinator.reactor.connect(.control, to: "tcp://127.0.0.1:9")
        }
    }

    @Test func `a secret that others can read is refused`() throws {
        let path = folder.path + "/coordinator.secret"
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(throws: TransportError.keyPermissions(path: path, mode: 0o640)) {
            try CurveKeyPair(secretFile: path)
        }
    }

    @Test func `key files that hold no key are refused by name`() throws {
        let path = folder.path + "/broken.secret"
        for content in ["", "short\n", String(repeating: "x", count: 41), "\n\n\n"] {
            try Data(content.utf8).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            #expect {
                try CurveKeyPair(secretFile: path)
            } throws: { error in
                if case .keyFile(path, _) = error as? TransportError { true } else { false }
            }
        }
        #expect {
            try CurveKeyPair(secretFile: folder.path + "/missing")
        } throws: { "\($0)".contains("missing") }
    }

    @Test func `a key is never overwritten, and its text never shown`() throws {
        #expect(throws: TransportError.self) {
            try CurveKeys.generate(folder: folder.path, name: "coordinator")
        }
        guard case .server(let pair, _) = server else { return }
        #expect(!"\(server)".contains(pair.secretKey))
        #expect(String(reflecting: server).contains(pair.publicKey))
    }
}
