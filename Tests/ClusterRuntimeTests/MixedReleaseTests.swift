import ClusterCore
import Foundation
import TestSupport
import Testing

@testable import ClusterRuntime

/// Peers of another release: they work, or are refused with both releases named.
@Suite(.serialized) struct MixedReleaseTests {
    /// Starts a cluster and says HELLO to it; the answer.
    private func answer(to hello: Hello) async throws -> Message? {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let cluster = try await TestCluster(scratch.path, workers: 1)
        let peer = try MiniProcess("peer")
        defer { peer.reactor.stop() }
        try peer.reactor.connect(.control, to: cluster.endpoint)
        try peer.reactor.send(peer.envelope(.hello(hello)), on: .control)
        try await peer.wait(for: "an answer") { !$0.isEmpty }
        let ready = try await cluster.client.status().workers.map(\.name)
        #expect(ready == ["worker-1"])
        await cluster.stop()
        return peer.envelopes.first?.message
    }

    @Test func `a worker of another release is refused with both named`() async throws {
        let hello = Hello(role: .worker, name: "other", release: "9.8.7")
        guard case .failure(let failure)? = try await answer(to: hello) else {
            Issue.record("it was not refused")
            return
        }
        #expect(failure.code == .conflict)
        #expect(failure.message.contains("“other” is of Sheaf 9.8.7"), "\(failure)")
        #expect(failure.message.contains("of Sheaf \(Release.version)"), "\(failure)")
    }

    @Test(arguments: [
        Hello(role: .worker, name: "same", release: Release.version),
        Hello(role: .client, name: "asks", release: "9.8.7"),
    ])
    func `a worker of the same release and a client of any are welcome`(
        hello: Hello
    ) async throws {
        guard case .welcome? = try await answer(to: hello) else {
            Issue.record("it was refused")
            return
        }
    }

    /// A message as a release with version 7 of the wire would send it.
    private static func frames(_ message: Message, requestID: UInt64 = 0) throws -> [[UInt8]] {
        let envelope = Envelope(
            sender: "peer", incarnation: 1, requestID: requestID, message: message)
        let frames = try Wire.encode(envelope, limits: .control)
        var header: Header = try unpack(frames[0])
        header.version = 7
        return [try pack(header)] + frames.dropFirst()
    }

    @Test(arguments: [Role.worker, .client])
    func `a peer of another wire version is told so, with both releases`(role: Role) async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let cluster = try await TestCluster(scratch.path, workers: 1)
        let peer = try RawPeer("peer", to: cluster.endpoint)
        peer.send(
            try Self.frames(.hello(Hello(role: role, name: "peer", release: "9.8.7"))))
        let frames = peer.receive()
        // In its own version, since it may read no other.
        let header: Header = try unpack(try #require(frames.first))
        #expect(header.version == 7)
        let answer = try Wire.decode(frames, limits: .control)
        guard case .failure(let failure) = answer.message else {
            Issue.record("\(answer.message)")
            return
        }
        #expect(failure.code == .conflict && answer.requestID == 0)
        #expect(failure.message.contains("version 7 of Sheaf 9.8.7"), "\(failure)")
        #expect(failure.message.contains("by Sheaf \(Release.version)"), "\(failure)")
        // What carries no release is refused too, for the request that it belongs to.
        peer.send(try Self.frames(.statusRequest(StatusRequest()), requestID: 5))
        let second = try Wire.decode(peer.receive(), limits: .control)
        #expect(second.requestID == 5 && second.message.type == .failure)
        await cluster.stop()
    }

    private static func refusal(of release: String) -> WireError {
        .otherVersion(found: 7, accepted: Wire.acceptedVersions, release: release)
    }

    @Test func `a refusal is understood in any wire version, and nothing else is`() throws {
        let refusal = Failure(code: .conflict, message: "Run the same release on both.")
        let read = try Wire.decode(Self.frames(.failure(refusal)), limits: .control)
        #expect(read.message == .failure(refusal))
        for message: Message in [.done(Done()), .drain(Drain()), .welcome(Welcome())] {
            #expect(throws: Self.refusal(of: "")) {
                try Wire.decode(Self.frames(message), limits: .control)
            }
        }
        let hello = Message.trainerHello(TrainerHello(release: "9.8.7"))
        #expect(throws: Self.refusal(of: "9.8.7")) {
            try Wire.decode(Self.frames(hello), limits: .control)
        }
    }
}
