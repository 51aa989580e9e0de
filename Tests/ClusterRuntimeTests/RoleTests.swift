import Base
import CZeroMQ
import ClusterCore
import Foundation
import Logging
import TestSupport
import Testing

@testable import ClusterRuntime

/// A coordinator behind keys, and what the holder of each may do: over real sockets and files.
@Suite(.serialized, .enabled(if: zmq_has("curve") == 1, "This libzmq was built without CURVE."))
struct RoleTests {
    /// A coordinator on a port of the loopback, with a key of each role.
    private final class KeyedCluster: Sendable {
        let folder: TemporaryFolder
        let keys: String
        let endpoint: String
        private let coordinator: TestCluster.Running
        private let stop: AsyncStream<Void>

        init() async throws {
            folder = try TemporaryFolder()
            keys = folder.path + "/keys"
            let (keys, folder) = (keys, folder.path)
            try FileManager.default.createDirectory(
                atPath: keys + "/allowed", withIntermediateDirectories: true)
            for name in ["corpora", "models"] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/\(name)", withIntermediateDirectories: false)
            }
            _ = try CurveKeys.generate(folder: keys, name: "head")
            for role in KeyRole.allCases {
                _ = try CurveKeys.generate(folder: keys, name: role.rawValue, role: role)
                try FileManager.default.copyItem(
                    atPath: "\(keys)/\(role.rawValue).public",
                    toPath: "\(keys)/allowed/\(role.rawValue).public")
            }
            let options = CoordinatorOptions(
                data: DataFolder(path: folder + "/data"), endpoint: "tcp://127.0.0.1:0",
                localWorkers: 0, threadsPerWorker: 1, questionThreads: 1, loadsOnDemand: true,
                security: .curve(
                    try .server(
                        secretFile: keys + "/head.secret", allowedFolder: keys + "/allowed")),
                roots: PathRoots(corpora: [folder + "/corpora"], models: [folder + "/models"]))
            let (started, announce) = AsyncStream.makeStream(of: String.self)
            let (stop, end) = AsyncStream.makeStream(of: Void.self)
            self.stop = stop
            coordinator = TestCluster.Running(
                stop: end,
                task: Task {
                    defer { announce.finish() }
                    try await Coordinator.run(options: options, log: Self.log, stop: stop) {
                        announce.yield($0)
                    }
                })
            var iterator = started.makeAsyncIterator()
            endpoint = try #require(await iterator.next())
        }

        static var log: Logger {
            var log = Logger(label: "test")
            log.logLevel = .critical
            return log
        }

        func security(_ name: String) throws -> SecurityPolicy {
            .curve(
                try .client(
                    secretFile: "\(keys)/\(name).secret",
                    serverPublicFile: keys + "/head.public"))
        }

        func client(_ role: KeyRole) async throws -> ClusterClient {
            try await ClusterClient.connect(to: endpoint, security: security(role.rawValue))
        }

        func worker(_ name: String) throws -> TestCluster.Running {
            let (stop, end) = AsyncStream.makeStream(of: Void.self)
            let options = WorkerOptions(
                coordinator: endpoint, name: "w-\(name)",
                data: DataFolder(path: "\(folder.path)/w-\(name)"), threads: 1,
                security: try security(name))
            return TestCluster.Running(
                stop: end,
                task: Task { try await Worker.run(options: options, log: Self.log, stop: stop) })
        }

        func end() async { await coordinator.end() }
    }

    private func expectDenied(
        _ part: String, _ location: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        do {
            try await body()
            Issue.record("nothing was refused; expected: \(part)", sourceLocation: location)
        } catch {
            #expect(
                (error as? ClusterError)?.code == .denied && "\(error)".contains(part),
                "\(error)", sourceLocation: location)
        }
    }

    /// Waits for a number of workers; false where ten seconds bring another.
    private func hasWorkers(_ count: Int, _ client: ClusterClient) async throws -> Bool {
        for _ in 0..<500 {
            if try await client.status().workers.count == count { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    @Test func `a key does what its role includes`() async throws {
        let cluster = try await KeyedCluster()
        let model = try TestData.model(in: cluster.folder.path + "/models")
        let corpus = try TestData.corpus(40, seed: 3, in: cluster.folder.path + "/corpora")
        let request = IndexRequest.test(corpus, as: "c", model: model)
        let (client, reader) = (
            try await cluster.client(.client), try await cluster.client(.readOnly)
        )
        let admin = try await cluster.client(.admin)
        let worker = try cluster.worker("worker")
        #expect(try await hasWorkers(1, reader))

        await expectDenied("may not index") { _ = try await reader.index(request) { _ in } }
        #expect(try await client.index(request) { _ in }.passagesCommitted == 40)
        var found = 0
        try await reader.search(
            ["river"], collection: "c", k: 3, allowPartial: false, texts: true,
            budget: .seconds(20)
        ) { found += $1.found.count }
        #expect(found == 3)
        await expectDenied("Use a key whose role is admin") { try await client.drop("c") }
        await expectDenied("may not stop the cluster") { try await client.shutDown() }
        for role in [KeyRole.worker, .trainer] {
            await expectDenied("is allowed as \(role.rawValue), not as client") {
                _ = try await cluster.client(role)
            }
        }
        try await admin.drop("c")
        try await admin.shutDown()
        for other in [client, reader, admin] { await other.close() }
        await worker.end()
        await cluster.end()
    }

    @Test func `a client's key joins as a worker once its entry says so, and leaves when not`()
        async throws
    {
        let cluster = try await KeyedCluster()
        let reader = try await cluster.client(.readOnly)
        let worker = try cluster.worker("client")
        try await Task.sleep(for: .seconds(1))
        #expect(try await reader.status().workers.isEmpty)
        let entry = cluster.keys + "/allowed/client.public"
        let text = try String(contentsOfFile: entry, encoding: .utf8)
        try text.replacing("role: client", with: "role: worker")
            .write(toFile: entry, atomically: true, encoding: .utf8)
        #expect(try await hasWorkers(1, reader))
        // Without a role, as entries were once: a client's.
        try String(text.prefix(41)).write(toFile: entry, atomically: true, encoding: .utf8)
        #expect(try await hasWorkers(0, reader))
        await reader.close()
        await worker.end()
        await cluster.end()
    }

    @Test func `paths of other hosts' clients lie under the roots`() async throws {
        let cluster = try await KeyedCluster()
        let folder = cluster.folder.path
        let model = try TestData.model(in: folder + "/models")
        let corpus = try TestData.corpus(20, seed: 4, in: folder + "/corpora")
        let outside = try TestData.corpus(20, seed: 5, in: folder)
        let link = folder + "/corpora/link.tsv"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: outside)
        let client = try await cluster.client(.client)
        for path in [
            outside, link, "/etc/shadow", "/etc/not-there", folder + "/corpora/../corpus-5.tsv",
            folder + "/corpora/missing/../../corpus-5.tsv", "corpus-4.tsv", "",
        ] {
            await expectRefusal("does not lie in a folder", .input) {
                _ = try await client.index(.test(path, as: "c", model: model)) { _ in }
            }
        }
        await expectRefusal("(--models)", .input) {
            _ = try await client.index(.test(corpus, as: "c", model: folder)) { _ in }
        }
        await expectRefusal("missing.tsv", .input) {
            let missing = folder + "/corpora/missing.tsv"
            _ = try await client.index(.test(missing, as: "c", model: model)) { _ in }
        }
        let worker = try cluster.worker("worker")
        let progress = try await client.index(.test(corpus, as: "c", model: model)) { _ in }
        #expect(progress.passagesCommitted == 20)
        await client.close()
        await worker.end()
        await cluster.end()
    }

    private func expectRefusal(
        _ part: String, _ code: FailureCode, _ location: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        do {
            try await body()
            Issue.record("nothing was refused; expected: \(part)", sourceLocation: location)
        } catch {
            #expect(
                (error as? ClusterError)?.code == code && "\(error)".contains(part), "\(error)",
                sourceLocation: location)
        }
    }

    @Test func `a client ends its own run and no other's`() async throws {
        let cluster = try await KeyedCluster()
        let model = try TestData.model(in: cluster.folder.path + "/models")
        let corpus = try TestData.corpus(40, seed: 3, in: cluster.folder.path + "/corpora")
        // Nobody encodes, so the runs go on until they are ended.
        func begin(_ client: ClusterClient) async throws -> Task<Bool, Never> {
            let failure = Locked("")
            let run = Task {
                let request = IndexRequest.test(corpus, as: "c", model: model)
                do {
                    _ = try await client.index(request) { _ in }
                    return true
                } catch {
                    failure.withLock { $0 = "\(error)" }
                    return false
                }
            }
            let reader = try await cluster.client(.readOnly)
            while try await reader.status().indexing == nil {
                let reason = failure.withLock { $0 }
                try #require(reason.isEmpty, "the run has ended by itself")
                try await Task.sleep(for: .milliseconds(10))
            }
            await reader.close()
            return run
        }
        let (admin, client) = (try await cluster.client(.admin), try await cluster.client(.client))
        let ofAdmin = try await begin(admin)
        await expectDenied("“admin”") { try await client.cancelIndexing() }
        try await admin.cancelIndexing()
        #expect(await ofAdmin.value == false)
        for ender in [client, admin] {
            let own = try await begin(client)
            try await ender.cancelIndexing()
            #expect(await own.value == false)
        }
        for other in [admin, client] { await other.close() }
        await cluster.end()
    }
}
