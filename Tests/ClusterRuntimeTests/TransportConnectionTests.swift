import ClusterCore
import Foundation
import TestSupport
import Testing

@testable import ClusterRuntime

/// Connections of peers: told apart, closed, let in again.
@Suite struct TransportConnectionTests {
    private let one = PeerID(name: "one", incarnation: 1)
    private let two = PeerID(name: "two", incarnation: 1)
    private let start = Instant(nanoseconds: 0)

    @Test(arguments: ["tcp", "ipc"])
    func `a peer that is disconnected is heard again once it has connected anew`(
        scheme: String
    ) async throws {
        let folder = try SocketFolder()
        let coordinator = try MiniProcess("coordinator")
        let offender = try MiniProcess("offender")
        let other = try MiniProcess("other")
        for lane in Lane.allCases {
            let wanted = scheme == "tcp" ? "tcp://127.0.0.1:0" : "ipc://\(folder.path)/\(lane)"
            let endpoint = try coordinator.reactor.bind(lane, to: wanted)
            for process in [offender, other] {
                try process.reactor.connect(lane, to: endpoint)
                try process.reactor.send(process.envelope(.done(Done())), on: lane)
            }
        }
        try await coordinator.wait(for: "both on all lanes") { $0.count == 6 }
        try coordinator.reactor.disconnect(offender.reactor.id)
        #expect(coordinator.events.contains(.closed(offender.reactor.id, .asked)))
        try await eventually("every lane of it is lost, and connected anew") {
            Lane.allCases.allSatisfy { lane in
                offender.inbound.contains(.disconnected(lane))
                    && offender.events.count { $0 == .connected(lane) } == 2
            }
        }
        #expect(other.inbound.isEmpty)
        for lane in Lane.allCases {
            try offender.reactor.send(offender.envelope(.done(Done())), on: lane)
        }
        try await coordinator.wait(for: "all lanes again") { $0.count == 9 }
    }

    @Test(arguments: ["tcp", "ipc"])
    func `that a peer's connection has ended is told`(
        scheme: String
    ) async throws {
        let folder = try TemporaryFolder()
        let inbox = Inbox()
        let reactor = try Reactor(name: "coordinator", incarnation: 1) { inbox.put($0) }
        let endpoint = try reactor.bind(
            .bulk, to: scheme == "tcp" ? "tcp://127.0.0.1:0" : "ipc://\(folder.path)/bulk")
        let process = try MiniProcess("leaves")
        try process.reactor.connect(.bulk, to: endpoint)
        for _ in 0..<100 { try process.reactor.send(process.envelope(.done(Done())), on: .bulk) }
        let id = process.reactor.id
        var before = 0
        while let inbound = await inbox.next() {
            if case .message = inbound { before += 1 }
            if before == 100 { process.reactor.stop() }
            if inbound == .connection(.ended(id, .bulk)) { break }
        }
        reactor.stop()
    }

    @Test func `what waits for a peer that is disconnected is dropped`() async throws {
        let coordinator = try MiniProcess("coordinator")
        let endpoint = try coordinator.bind(.bulk)
        let peer = try RawPeer("raw", to: endpoint)
        peer.send(
            try Wire.encode(Envelope(sender: "raw", message: .done(Done())), limits: .bulk))
        try await coordinator.wait(for: "it") { $0.count == 1 }
        let id = try #require(coordinator.senders.first?.peer)
        let chunk = coordinator.envelope(
            .segmentChunk(SegmentChunk(collection: "c", sha256: String(repeating: "0", count: 64))),
            frames: [[UInt8](repeating: 1, count: 1 << 20)])
        for _ in 0..<30 { try coordinator.reactor.send(chunk, on: .bulk, to: id) }
        try coordinator.reactor.disconnect(id)
        #expect(coordinator.reactor.counters.dropped > 0)
    }

    @Test func `a message of an earlier connection with the same descriptor is not mistaken`() {
        var table = ConnectionTable()
        _ = table.accepted(7, inode: 1, on: .control, at: start)
        let old = Origin(number: table.admit(), descriptor: 7)
        #expect(table.ended(7) == nil)
        _ = table.accepted(7, inode: 2, on: .control, at: start)
        let new = Origin(number: table.admit(), descriptor: 7)
        // It was sent before its connection ended, so it is delivered; the connection is not its.
        #expect(table.received(old, from: one, on: .control).verdict == .deliver)
        #expect(table.disconnect(one, at: start).isEmpty)
        #expect(table.received(new, from: two, on: .control).verdict == .deliver)
        #expect(table.disconnect(two, at: start).map(\.inode) == [2])
    }

    @Test func `after a disconnect what was let in before is refused, and what comes then is not`()
    {
        var table = ConnectionTable()
        _ = table.accepted(7, inode: 1, on: .control, at: start)
        let first = Origin(number: table.admit(), descriptor: 7)
        _ = table.accepted(8, inode: 2, on: .query, at: start)
        let second = Origin(number: table.admit(), descriptor: 8)
        #expect(table.received(first, from: one, on: .control).verdict == .deliver)
        #expect(table.disconnect(one, at: start).map(\.descriptor) == [7])
        #expect(table.received(first, from: one, on: .control).verdict == .refuse)
        #expect(table.received(second, from: one, on: .query).verdict == .refuse)
        _ = table.accepted(9, inode: 3, on: .control, at: start)
        let third = Origin(number: table.admit(), descriptor: 9)
        #expect(table.received(third, from: one, on: .control).verdict == .deliver)
        #expect(table.received(first, from: two, on: .control).verdict == .deliver)
    }

    @Test func `a peer that connects again replaces its connection of that lane alone`() {
        var table = ConnectionTable()
        for (descriptor, lane) in [(7, Lane.control), (8, .query), (9, .control)] {
            _ = table.accepted(
                CInt(descriptor), inode: UInt64(descriptor), on: lane, at: start)
            let origin = Origin(number: table.admit(), descriptor: CInt(descriptor))
            let replaced = table.received(origin, from: one, on: lane).replaced
            #expect(replaced?.descriptor == (descriptor == 9 ? 7 : nil))
        }
        #expect(Set(table.disconnect(one, at: start).map(\.descriptor)) == [8, 9])
        #expect(table.count == 0)
    }
}
