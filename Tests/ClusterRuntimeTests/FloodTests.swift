import Base
import ClusterCore
import Foundation
import Glibc
import TestSupport
import Testing

@testable import ClusterRuntime

private let isWanted = ProcessInfo.processInfo.environment["SHEAF_FLOODS"] != nil

/// The whole of the floods, against the built program in a process of its own.
///
/// It takes minutes, so `scripts/verify floods` alone asks for it; `TransportFloodTests` has small
/// shares.
///
/// Each flood must leave the other clients' 99th percentile within twice that of quiet, and the
/// coordinator's memory within a fifth of what it was, ten seconds after the flood has ended.
@Suite(.serialized, .enabled(if: isWanted, "scripts/verify floods runs these."))
final class FloodTests {
    /// Searches whose time is taken, quiet and flooded.
    private static let searches = 500

    private let folder: TemporaryFolder
    private let coordinator: Process
    private let announcement: Announcement
    private let client: ClusterClient

    init() async throws {
        folder = try TemporaryFolder()
        let data = folder.path + "/data"
        let corpus = try TestData.corpus(6000, seed: 1, in: folder.path)
        let model = try TestData.model(in: folder.path)
        let indexing = try Self.start(
            ["index", corpus, "--collection", "c", "--model", model, "--quiet"], data: data)
        indexing.waitUntilExit()
        try #require(indexing.terminationStatus == 0)
        coordinator = try Self.start(
            ["coordinator", "--bind", "tcp://127.0.0.1:0", "--workers", "1"], data: data)
        var found: Announcement?
        try await eventually("the coordinator is there") {
            if case .here(let here)? = try? Announcement.presence(in: DataFolder(path: data)) {
                found = here
            }
            return found?.endpoint.hasPrefix("tcp") == true
        }
        announcement = try #require(found)
        client = try await ClusterClient.connect(to: announcement.endpoint, security: .localOnly)
        for _ in 0..<100 {
            if (try? await search()) != nil { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        raiseFileLimit()
    }

    deinit { coordinator.terminate() }

    @Test func `endless multipart messages`() async throws {
        let endpoint = announcement.endpoint
        try await flood("endless multipart", seconds: 10) { deadline in
            let frame = [UInt8](repeating: 1, count: 1 << 20)
            while ContinuousClock.now < deadline {
                guard let peer = try? HandMadePeer(to: endpoint) else { continue }
                peer.greet([("Identity", "endless")])
                while ContinuousClock.now < deadline, peer.send(frame, more: true) {}
            }
        }
    }

    @Test func `a million status requests whose answers nobody reads`() async throws {
        let announcement = announcement
        try await flood("unread status answers", seconds: 20) { deadline in
            var left = 1_000_000
            while left > 0, ContinuousClock.now < deadline {
                guard let peer = try? Self.greeted(announcement, announcement.endpoint) else {
                    continue
                }
                let request = Envelope(
                    clusterID: announcement.clusterID, sender: "deaf", incarnation: 1,
                    epoch: announcement.epoch, requestID: 5,
                    message: .statusRequest(StatusRequest()))
                while left > 0, ContinuousClock.now < deadline,
                    (try? peer.send(request, limits: .control)) == true
                { left -= 1 }
            }
        }
    }

    @Test func `sixty requests for 64 times 5,000 hits whose answers nobody reads`() async throws {
        let announcement = announcement
        let query = try await queryEndpoint()
        try await flood("unread hits", seconds: 20) { deadline in
            guard let peer = try? Self.greeted(announcement, query) else { return }
            for number: UInt64 in 1...60 {
                let request = Envelope(
                    clusterID: announcement.clusterID, sender: "deaf", incarnation: 1,
                    epoch: announcement.epoch, requestID: number,
                    budgetMicroseconds: 20_000_000,
                    message: .queryRequest(
                        QueryRequest(
                            collection: "c", k: 5000, allowPartial: false, texts: true,
                            questions: (0..<64).map { "river \($0)" })))
                _ = try? peer.send(request, limits: .query)
            }
            while ContinuousClock.now < deadline { usleep(10_000) }
        }
    }

    @Test func `ten thousand connections`() async throws {
        let endpoint = announcement.endpoint
        try await flood("10,000 connections", seconds: 10) { deadline in
            var peers: [HandMadePeer] = []
            for number in 0..<10_000 where ContinuousClock.now < deadline {
                guard let peer = try? HandMadePeer(to: endpoint) else { continue }
                if number % 3 == 0 { peer.greet([("Identity", "silent-\(number)")]) }
                peers.append(peer)
            }
            while ContinuousClock.now < deadline { usleep(10_000) }
        }
    }

    // MARK: - Measuring

    /// Measures quiet, beside a processor that is busy with nothing, flooded and afterwards;
    /// records what is out of bounds.
    private func flood(
        _ name: String, seconds: Int,
        _ body: @escaping @Sendable (ContinuousClock.Instant) -> Void
    ) async throws {
        let quiet = try await percentile()
        let before = residentMegabytes()
        let isMeasured = Locked(false)
        defer { isMeasured.withLock { $0 = true } }
        _ = Self.elsewhere { while !isMeasured.withLock({ $0 }) {} }
        let busy = try await percentile()
        isMeasured.withLock { $0 = true }
        let deadline = ContinuousClock.now + .seconds(seconds)
        let thread = Self.elsewhere { body(deadline) }
        try await Task.sleep(for: .milliseconds(300))
        var peak = before
        let flooded = try await percentile { peak = max(peak, self.residentMegabytes()) }
        while !thread.isFinished { try await Task.sleep(for: .milliseconds(50)) }
        try await Task.sleep(for: .seconds(10))
        let after = residentMegabytes()
        let line =
            "\(name): p99 quiet \(quiet), beside a busy processor \(busy), flooded \(flooded); "
            + "RSS \(before) MB, peak \(peak), 10 s later \(after)"
        FileHandle.standardError.write(Data((line + "\n").utf8))
        #expect(flooded <= quiet * 2 + .milliseconds(5), "\(line)")
        #expect(Double(after) <= Double(before) * 1.2 + 8, "\(line)")
        #expect(before > 0 && coordinator.isRunning)
    }

    /// A thread that stands for another host, whose processors are its own.
    private static func elsewhere(_ body: @escaping @Sendable () -> Void) -> Thread {
        let thread = Thread {
            setpriority(Int32(PRIO_PROCESS.rawValue), 0, 19)
            body()
        }
        thread.start()
        return thread
    }

    private func percentile(_ between: () -> Void = {}) async throws -> Duration {
        var times: [Duration] = []
        for number in 0..<Self.searches {
            let start = ContinuousClock.now
            try await search()
            times.append(start.duration(to: .now))
            if number % 10 == 0 { between() }
        }
        return times.sorted()[Self.searches * 99 / 100]
    }

    private func search() async throws {
        try await client.search(
            ["the moon of a planet"], collection: "c", k: 3, allowPartial: false, texts: true,
            budget: .seconds(20)
        ) { _, _ in }
    }

    private func residentMegabytes() -> Int {
        let path = "/proc/\(coordinator.processIdentifier)/statm"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return (pages * Int(getpagesize())) >> 20
    }

    // MARK: - Peers

    /// The query lane's endpoint, as the coordinator tells whoever says HELLO.
    private func queryEndpoint() async throws -> String {
        let process = try MiniProcess("asks")
        try process.reactor.connect(.control, to: announcement.endpoint)
        try process.reactor.send(
            process.envelope(.hello(Hello(role: .client, name: "asks"))), on: .control)
        try await process.wait(for: "WELCOME") { _ in !process.envelopes.isEmpty }
        guard case .welcome(let welcome)? = process.envelopes.first?.message else { return "" }
        return LaneEndpoints.seen(welcome.queryEndpoint, through: announcement.endpoint)
    }

    /// A peer that has said HELLO and reads nothing from then on.
    private static func greeted(
        _ announcement: Announcement, _ endpoint: String
    ) throws -> HandMadePeer {
        let peer = try HandMadePeer(to: endpoint)
        peer.greet([("Identity", "deaf")])
        try peer.send(
            Envelope(
                sender: "deaf", incarnation: 1,
                message: .hello(Hello(role: .client, release: Release.version))),
            limits: .control)
        return peer
    }

    /// Starts the built program.
    private static func start(_ arguments: [String], data: String) throws -> Process {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: own).deletingLastPathComponent()
            .appendingPathComponent("sheaf")
        process.arguments = arguments + ["--data", data]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        return process
    }
}
