import Base
import CZeroMQ
import ClusterCore
import Foundation
import Testing
import Training

@testable import ClusterRuntime

/// Ports of a ring that others find: scanners, probes, and peers without the right keys.
@Suite(.timeLimit(.minutes(2)), .enabled(if: zmq_has("curve") == 1, "This libzmq has no CURVE."))
struct RingStrangerTests {
    /// What a stranger says before it goes.
    private static let words: [[UInt8]] = [
        [], Array("GET / HTTP/1.0\r\n\r\n".utf8), [0xFF],
        // A greeting of ZeroMQ without keys, and one of a version without any.
        [0xFF] + [UInt8](repeating: 0, count: 8) + [0x7F, 3, 0] + Array("NULL".utf8)
            + [UInt8](repeating: 0, count: 48),
        [1, 0], [UInt8](repeating: 0xA5, count: 4096),
    ]

    /// Connects to a port of the loopback, says `words`, and goes.
    private func visit(_ port: UInt16, _ words: [UInt8]) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        try #require(connected == 0)
        // The other side may have closed already, which no stranger minds.
        _ = send(descriptor, words, words.count, Int32(MSG_NOSIGNAL))
        usleep(20_000)
    }

    /// Speaks ZeroMQ with keys of its own, but does not know that of the ring.
    private func pushWithOtherKeys(to endpoint: String) throws {
        let (context, own) = (try ZMQContext(), try CurveKeyPair.generated())
        let socket = try SocketHandle(ZMQ_PUSH, in: context)
        try socket.set(ZMQ_LINGER, to: CInt(0))
        try socket.set(ZMQ_CURVE_SERVERKEY, to: Array(own.publicKey.utf8))
        try socket.set(ZMQ_CURVE_PUBLICKEY, to: Array(own.publicKey.utf8))
        try socket.set(ZMQ_CURVE_SECRETKEY, to: Array(own.secretKey.utf8))
        try socket.connect(try Endpoint(endpoint))
        _ = zmq_send(socket.pointer, "x", 1, ZMQ_DONTWAIT)
        usleep(100_000)
    }

    @Test func `strangers come and go, and the ring goes on`() throws {
        let losses = Locked([String]())
        let ring = try RingWorld(2, overTCP: true, security: .keys) { rank, reason in
            losses.withLock { $0.append("\(rank): \(reason)") }
        }
        defer { ring.close() }
        func callAll() throws {
            for address in ring.addresses {
                let endpoint = try #require(address.endpoints.first)
                let port = try #require(endpoint.split(separator: ":").last.flatMap { UInt16($0) })
                for words in Self.words { try visit(port, words) }
                try pushWithOtherKeys(to: endpoint)
            }
            // Longer than an idle ring sleeps before it looks around.
            usleep(300_000)
        }
        func sum() throws {
            let sums = try ring.onEveryRank { group in
                var values = gradient(of: group.rank, count: 200_000)
                try group.allReduce(&values)
                return values
            }
            #expect(largestError(sums[0], plainSum(2, count: 200_000)) < 1e-6)
        }
        try callAll()
        for _ in 0..<3 {
            try sum()
            try callAll()
        }
        #expect(losses.withLock { $0 } == [])
    }

    @Test func `a neighbour that goes is still missed, before a message and after one`() throws {
        for hasMet in [false, true] {
            let losses = Locked(0)
            let ring = try RingWorld(2, overTCP: true, security: .keys) { rank, _ in
                if rank == 0 { losses.withLock { $0 += 1 } }
            }
            defer { ring.close() }
            if hasMet {
                _ = try ring.onEveryRank { group in
                    var values: [Float] = [1]
                    try group.allReduce(&values)
                }
            } else {
                // Until both ways are there.
                usleep(500_000)
            }
            ring.groups[1].close()
            let outcome = Result {
                var values: [Float] = [1]
                try ring.groups[0].allReduce(&values)
            }
            #expect(throws: CollectiveError.self) { try outcome.get() }
            #expect(losses.withLock { $0 } > 0, "\(hasMet)")
        }
    }
}
