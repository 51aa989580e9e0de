import ClusterCore
import Foundation
import Glibc
import Testing

@testable import ClusterRuntime

/// A peer that speaks ZMTP 3 byte by byte, so that it can break its rules.
final class HandMadePeer {
    private let descriptor: CInt

    /// Connects to a port of the loopback, or to an ipc endpoint; nothing is said yet.
    init(to endpoint: String) throws {
        descriptor = try endpoint.hasPrefix("ipc") ? Self.local(endpoint) : Self.loopback(endpoint)
        // No read or write of a test waits without end.
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    private static func local(_ endpoint: String) throws -> CInt {
        let path = try #require(Endpoint(endpoint).path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return try connected(AF_UNIX, to: address)
    }

    private static func loopback(_ endpoint: String) throws -> CInt {
        let port = try #require(endpoint.split(separator: ":").last.flatMap { UInt16($0) })
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return try connected(AF_INET, to: address)
    }

    private static func connected<Address>(_ family: CInt, to address: Address) throws -> CInt {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        let size = socklen_t(MemoryLayout<Address>.size)
        let failed = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, size)
            }
        }
        try #require(failed == 0)
        return descriptor
    }

    deinit { close(descriptor) }

    /// Greets as a DEALER without keys, with properties of its own choice.
    func greet(_ properties: [(name: String, value: String)]) {
        var greeting: [UInt8] = [0xff] + [UInt8](repeating: 0, count: 8) + [0x7f, 3, 0]
        greeting += Array("NULL".utf8) + [UInt8](repeating: 0, count: 16 + 32)
        write(greeting)
        read(64)
        var body = Array("\u{5}READY".utf8)
        for (name, value) in [("Socket-Type", "DEALER")] + properties {
            body += [UInt8(name.utf8.count)] + Array(name.utf8)
            body += [0, 0, 0, UInt8(value.utf8.count)] + Array(value.utf8)
        }
        write([4, UInt8(body.count)] + body)
        // Whoever sends a message before the other side is ready breaks the protocol.
        let header = read(2)
        if header.count == 2 { read(Int(header[1])) }
    }

    /// Sends one frame; whether the other side took it.
    @discardableResult
    func send(_ frame: [UInt8], more: Bool) -> Bool {
        let length = (0..<8).reversed().map { UInt8(truncatingIfNeeded: frame.count >> (8 * $0)) }
        return write([more ? 3 : 2] + length + frame)
    }

    /// Sends a message of the project's own; whether the other side took it.
    @discardableResult
    func send(_ envelope: Envelope, limits: WireLimits) throws -> Bool {
        let frames = try Wire.encode(envelope, limits: limits)
        return frames.enumerated().allSatisfy { send($1, more: $0 + 1 < frames.count) }
    }

    /// Whether the other side has ended the connection; waits for that for a while.
    func isEnded() -> Bool {
        var byte = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &byte, byte.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return true }
            if count < 0 { return false }
        }
    }

    @discardableResult
    private func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    @discardableResult
    private func read(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let received = recv(descriptor, &bytes, count, Int32(MSG_WAITALL))
        return Array(bytes.prefix(max(received, 0)))
    }
}
