import Base
public import ClusterCore
import Foundation

/// A connection to a coordinator.
///
/// Whoever waits for an answer hears at once when the coordinator has ended (its connection
/// breaks) or says that it stops, and within 5 s when it gives no sign of life: while something is
/// awaited and nothing comes it is asked for one twice a second, which its socket thread answers
/// whatever else it does.
public actor ClusterClient {
    /// Time that a coordinator has to say WELCOME.
    private static let welcomeTime: Duration = .seconds(4)
    /// Time between two questions for a sign of life.
    private static let beatInterval: Duration = .milliseconds(500)
    /// Intervals without a message after which the coordinator counts as silent.
    private static let silentBeats = 8
    /// Time that a coordinator may take for a small request while it gives signs of life.
    private static let patience: Duration = .seconds(60)
    /// The same for work that grows with a collection, and for a search beyond its budget.
    private static let longPatience: Duration = .seconds(600)
    static let searchSlack: Duration = .seconds(10)

    private let endpoint: String
    private let security: SecurityPolicy
    private let incarnation = ProcessFacts.nonce()
    private var clusterID = ""
    private var epoch: UInt64 = 0
    private var reactor: Reactor?
    private var receiver: Task<Void, Never>?
    private var watcher: Task<Void, Never>?
    private var silentBeats = 0
    /// Why nothing can be asked any more.
    private var lost: ClusterError?
    private var lastRequest: UInt64 = 0
    /// Searches under way (ClusterClient+Search.swift).
    var searches: [UInt64: QueryRun] = [:]
    var lastSearch: UInt64 = 0
    private let inbox = Inbox(peerLimit: Inbox.serverLimit, totalLimit: Inbox.serverLimit)
    private var waiting: [UInt64: WaitingRequest] = [:]
    /// Bytes of answers that their requests have not taken yet.
    private var bytesUntaken = 0
    private var welcomes: [Lane: CheckedContinuation<Welcome, any Error>] = [:]

    private init(endpoint: String, security: SecurityPolicy) {
        self.endpoint = endpoint
        self.security = security
    }

    /// Connects to the coordinator whose control lane is at `endpoint`.
    public static func connect(
        to endpoint: String, security: SecurityPolicy
    ) async throws(ClusterError) -> ClusterClient {
        let client = ClusterClient(endpoint: endpoint, security: security)
        do {
            try await client.open()
        } catch {
            await client.close()
            throw ClusterError.wrap(error)
        }
        return client
    }

    private func open() async throws {
        try ProcessLimits.check(.member)
        let inbox = inbox
        let reactor = try Reactor(
            name: "client-\(getpid())", incarnation: incarnation, security: security
        ) { inbox.put($0) }
        inbox.disconnects(through: reactor)
        self.reactor = reactor
        receiver = Task { while let message = await inbox.next() { self.receive(message) } }
        watcher = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: ClusterClient.beatInterval)
                self.beat()
            }
        }
        try reactor.connect(.control, to: endpoint)
        let welcome = try await hello(on: .control)
        try reactor.connect(
            .query, to: LaneEndpoints.seen(welcome.queryEndpoint, through: endpoint))
        _ = try await hello(on: .query)
    }

    /// Ends the connection.
    public func close() {
        try? send(.goodbye(Goodbye(reason: "done")), on: .control, requestID: 0)
        // What waits for a connection that is lost would be waited for.
        if lost != nil { for lane in Lane.allCases { try? reactor?.disconnect(lane) } }
        inbox.finish()
        receiver?.cancel()
        watcher?.cancel()
        reactor?.stop()
        reactor = nil
        lose(.unavailable("The connection was closed.", nil))
    }

    /// Nothing more comes: whoever waits is told so.
    private func lose(_ reason: ClusterError) {
        guard lost == nil else { return }
        lost = reason
        waiting.values.forEach { $0.answers.finish(throwing: reason) }
        waiting.removeAll()
        bytesUntaken = 0
        welcomes.values.forEach { $0.resume(throwing: reason) }
        welcomes.removeAll()
    }

    /// Asks for a sign of life while something is awaited and nothing has come since the last look.
    private func beat() {
        guard !waiting.isEmpty else { return silentBeats = 0 }
        // Counted, not measured: a client that was stopped itself has heard nothing either.
        silentBeats += 1
        guard silentBeats <= ClusterClient.silentBeats else {
            return lose(
                .unavailable(
                    """
                    The coordinator at \(endpoint) gives no sign of life. Check its host, then \
                    run the same command again; `index` goes on where it stopped.
                    """, nil))
        }
        if silentBeats > 1 {
            lastRequest += 1
            try? send(.heartbeat(Heartbeat()), on: .control, requestID: lastRequest)
        }
        for (requestID, request) in waiting {
            guard let looks = request.looks else { continue }
            waiting[requestID]?.looks = looks + 1
            guard ClusterClient.beatInterval * looks > request.patience else { continue }
            finish(
                requestID,
                throwing: .unavailable(
                    """
                    The coordinator has not answered for \(request.patience.components.seconds) s. \
                    See `sheaf status`, and try again.
                    """, nil))
        }
    }

    private func hello(on lane: Lane) async throws -> Welcome {
        let timer = Task {
            try await Task.sleep(for: ClusterClient.welcomeTime)
            self.noWelcome(on: lane)
        }
        defer { timer.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            welcomes[lane] = continuation
            do {
                try send(
                    .hello(
                        Hello(
                            role: .client, host: ProcessFacts.hostName(),
                            processID: UInt32(getpid()), release: Release.version)),
                    on: lane, requestID: 0)
            } catch {
                welcomes.removeValue(forKey: lane)?.resume(throwing: error)
            }
        }
    }

    private func noWelcome(on lane: Lane) {
        welcomes.removeValue(forKey: lane)?.resume(
            throwing: ClusterError.unavailable(
                """
                No coordinator answers at \(endpoint). Start one with `sheaf up`, or check the \
                address, the keys, and that it is of this release.
                """, nil))
    }

    private func receive(_ inbound: Inbound) {
        switch inbound {
        case .message(let envelope, let origin): receive(envelope, from: origin)
        case .connection(.closed(_, let reason)): sentTooMuch(reason)
        case .disconnected:
            lose(
                .unavailable(
                    """
                    The coordinator at \(endpoint) has ended, or the connection to it has broken. \
                    Run the same command again; `index` goes on where it stopped.
                    """, nil))
        case .refused(let error, let frames):
            finish(
                frames.requestID,
                throwing: .unavailable("The coordinator's answer cannot be read: \(error)", nil))
        case .connection(.rejected(_, let rejection)):
            lose(.unavailable(rejection.description, nil))
        case .connection, .undeliverable: break
        }
    }

    /// The coordinator sent more than is handled: nothing that it says is waited for.
    private func sentTooMuch(_ reason: CloseReason) {
        lose(
            .unavailable(
                """
                The connection to the coordinator at \(endpoint) was closed: \(reason). Take \
                answers faster, or ask for less at once.
                """, nil))
    }

    private func receive(_ envelope: Envelope, from origin: MessageOrigin) {
        let lane = origin.lane
        silentBeats = 0
        switch envelope.message {
        case .welcome(let welcome):
            clusterID = envelope.clusterID
            epoch = envelope.epoch
            welcomes.removeValue(forKey: lane)?.resume(returning: welcome)
        case .drain(let drain):
            lose(
                .unavailable(
                    """
                    The cluster is stopping (\(drain.reason)). Start it again with `sheaf up` and \
                    run the same command; `index` goes on where it stopped.
                    """, nil))
        case .failure(let failure) where envelope.requestID == 0 && welcomes[lane] != nil:
            // HELLO carries no request id.
            welcomes.removeValue(forKey: lane)?.resume(throwing: ClusterError.answered(failure))
        default: answered(envelope, InboundQueue.bytes(of: envelope, from: origin))
        }
    }

    private func answered(_ envelope: Envelope, _ bytes: Int) {
        guard waiting[envelope.requestID] != nil else { return }
        if case .failure(let failure) = envelope.message {
            if failure.code == .busy, asksAgain(envelope.requestID, after: failure) { return }
            finish(envelope.requestID, throwing: ClusterError.answered(failure))
            noteEnd(of: envelope.requestID, isAnswered: false)
        } else {
            waiting[envelope.requestID]?.untaken += bytes
            bytesUntaken += bytes
            guard bytesUntaken <= Inbox.serverLimit else { return sentTooMuch(.tooMuchUnhandled) }
            waiting[envelope.requestID]?.answers.yield(Answers.Answer(envelope, bytes: bytes))
            if case .queryAnswer(let answer) = envelope.message, answer.endsRequest {
                noteEnd(of: envelope.requestID, isAnswered: true)
            }
        }
    }

    func send(
        _ message: Message, on lane: Lane, requestID: UInt64, budget: Duration? = nil
    ) throws {
        if let lost { throw lost }
        guard let reactor else { throw ClusterError.unavailable("The connection is closed.", nil) }
        try reactor.send(
            Envelope(
                clusterID: clusterID, sender: "client", incarnation: incarnation, epoch: epoch,
                requestID: requestID, budgetMicroseconds: budget?.microseconds ?? 0,
                message: message),
            on: lane)
    }

    /// Sends a request; the stream brings its answers and ends in an error when none has come for
    /// `patience`, or the coordinator is lost.
    func request(
        _ message: Message, on lane: Lane, budget: Duration? = nil,
        patience: Duration = ClusterClient.patience
    ) throws -> Answers {
        lastRequest += 1
        let requestID = lastRequest
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: Answers.Answer.self)
        try send(message, on: lane, requestID: requestID, budget: budget)
        waiting[requestID] = WaitingRequest(answers: continuation, patience: patience)
        return Answers(requestID: requestID, stream: stream)
    }

    func finish(_ requestID: UInt64, throwing error: ClusterError? = nil) {
        guard let request = waiting.removeValue(forKey: requestID) else { return }
        bytesUntaken -= request.untaken
        request.answers.finish(throwing: error)
    }

    /// An answer is awaited from now on.
    func awaits(_ requestID: UInt64) {
        waiting[requestID]?.looks = 0
    }

    /// An answer was taken.
    func took(_ answer: Answers.Answer, of requestID: UInt64) {
        guard waiting[requestID] != nil else { return }
        waiting[requestID]?.looks = nil
        waiting[requestID]?.untaken -= answer.bytes
        bytesUntaken -= answer.bytes
    }

    // MARK: Requests

    /// What there is; of one collection where it is named.
    public func status(of collection: String = "") async throws(ClusterError) -> Status {
        try await typed {
            var answers = try request(
                .statusRequest(StatusRequest(collection: collection)), on: .control
            ).makeIterator()
            guard case .status(let status)? = try await answers.next()?.message else {
                throw ClusterError.internal("STATUS was answered with something else.")
            }
            return status
        }
    }

    /// Indexes a source and returns when it is complete.
    ///
    /// - Parameter progress: Called when the progress has changed, and while the run waits for
    ///   space, a few times a second at most; an error that it throws ends the waiting alone.
    public func index(
        _ order: IndexRequest, progress: @Sendable (IndexProgress) throws -> Void
    ) async throws(ClusterError) -> IndexProgress {
        try await typed {
            var answers = try request(
                .indexRequest(order), on: .control, patience: ClusterClient.longPatience
            ).makeIterator()
            var last: IndexProgress?
            while let envelope = try await answers.next() {
                guard case .indexProgress(let report) = envelope.message else { continue }
                // A run that waits is told of again and again: only so is it known for how long.
                if report != last || report.state == .paused || !report.note.isEmpty {
                    try progress(report)
                }
                last = report
                if report.state == .complete { return report }
            }
            throw ClusterError.unavailable("The coordinator stopped while it was indexing.", nil)
        }
    }

    /// Ends the indexing run under way; what is committed stays, and the same request goes on from
    /// there.
    public func cancelIndexing() async throws(ClusterError) {
        try await typed {
            var answers = try request(.cancel(Cancel()), on: .control).makeIterator()
            _ = try await answers.next()
        }
    }

    /// Removes a collection and all its files.
    public func drop(_ collection: String) async throws(ClusterError) {
        try await typed {
            var answers = try request(
                .dropRequest(DropRequest(collection: collection)), on: .control,
                patience: ClusterClient.longPatience
            ).makeIterator()
            _ = try await answers.next()
        }
    }

    /// Tells the coordinator to stop its workers and itself.
    public func shutDown() async throws(ClusterError) {
        try await typed {
            var answers = try request(.shutdown(Shutdown(drain: true)), on: .control)
                .makeIterator()
            _ = try await answers.next()
        }
    }

    func typed<Value>(
        _ body: () async throws -> Value
    ) async throws(ClusterError) -> Value {
        do {
            return try await body()
        } catch {
            throw ClusterError.wrap(error)
        }
    }
}
