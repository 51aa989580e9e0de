import Base
import ClusterCore
import Dispatch
import Logging
import Models

/// Answers questions: encodes them, asks the workers that hold the shards, merges their hits and
/// fetches the passages.
///
/// It decides nothing by itself: `QuestionBatches` says which requests are encoded together and
/// when, `SharedSearch` whom to ask and for whom to wait no longer. Requests of a batch go on
/// together while all is well; where something is amiss each goes on alone, and so gets what it
/// would have got alone. Computing happens on lanes of its own.
actor QueryService {
    /// Passages per question at most: the hits of one question fit into one message.
    static let largestK = 500_000
    /// Hits of one request at most: those of all questions come from a worker in one message.
    static let largestHits = 1_000_000
    /// Questions of a batch of several requests at most.
    static let questionsPerBatch = 64
    /// Hits of one search that several requests share at most.
    static let hitsPerSearch = 65_536
    /// Time between two looks at the clock.
    static let tickInterval: Duration = .milliseconds(50)
    /// What passages may take beyond the deadline of a request, which a part of an answer reaches.
    static let fetchSlack: Duration = .milliseconds(250)

    /// A request that is neither answered nor refused.
    struct Asked: Sendable {
        var request: QueryRequest
        var client: ClientAddress
        var deadline: Instant
    }

    /// What the requests of a batch have in common: the tower that encodes them.
    struct TowerKey: Hashable, Sendable {
        var collection: String
        var questionModel: String
    }

    let host: any QueryHost
    let log: Logger
    /// Threads that encode questions.
    let threads: Int
    /// Where question towers may lie beside the places that collections know.
    let questionModel: String
    let lane = ComputeLane("questions", priority: .userInteractive)
    /// What goes on beside the messages.
    let work = BackgroundWork()

    var batches: QuestionBatches<PeerID, TowerKey>
    var asked: [UInt64: Asked] = [:]
    var encoders: [String: TextEncoder] = [:]
    var searches: [UInt64: RunningSearch] = [:]
    var gatherings: [UInt64: RunningGathering] = [:]
    /// What each request to a worker is for whose answer is wanted.
    var requests: [UInt64: AskedPart] = [:]
    var answers: AnswerWindow
    private(set) var isEnding = false
    private var lastNumber: UInt64
    private var tasks: [Task<Void, Never>] = []

    /// Makes a service that nobody asks yet.
    ///
    /// - Parameters:
    ///   - firstRequest: Its numbers on the wire begin above this one.
    ///   - events: What the host tells beside the messages that it hands on.
    init(
        host: any QueryHost, options: CoordinatorOptions, firstRequest: UInt64,
        events: AsyncStream<QueryEvent>, log: Logger
    ) {
        self.host = host
        self.log = log
        threads = options.questionThreads
        questionModel = options.models.question
        lastNumber = firstRequest
        // The rest is for what workers say unasked.
        answers = AnswerWindow(
            perWorker: options.inboundBytesPerPeer / 4 * 3, total: Inbox.totalLimit / 4 * 3)
        batches = QuestionBatches(
            limit: Self.questionsPerBatch,
            admission: Admission(
                limit: options.questionsAllowed, room: options.queryBytesWaiting))
        Task { await self.start(events) }
    }

    private func start(_ events: AsyncStream<QueryEvent>) {
        guard !isEnding else { return }
        tasks = [
            Task {
                for await event in events { await self.settle(event) }
            },
            Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.tickInterval)
                    self.tick(now: self.host.now())
                }
            },
        ]
    }

    /// Takes no more questions and looks at the clock no more.
    func halt() {
        isEnding = true
        for task in tasks { task.cancel() }
    }

    /// Gives up all that goes on, and waits until it has ended.
    func stop() async {
        halt()
        for peer in Set(asked.values.map(\.client.peer)) { handle(.left(peer)) }
        await work.wait()
    }

    /// A number for a request of this service.
    func newNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    func handle(_ event: QueryEvent) {
        switch event {
        case .asked(let request, let budget, let client): take(request, budget, client)
        case .searched(let result, let envelope, let worker):
            searched(result, envelope, by: worker)
            go(answers.answered(envelope.requestID, by: worker))
        case .fetched(let result, let envelope, let worker):
            fetched(result, envelope, by: worker)
            go(answers.answered(envelope.requestID, by: worker))
        case .failed(let failure, let requestID, let worker):
            requestFailed(failure, requestID, by: worker)
            go(answers.answered(requestID, by: worker))
        case .lost(let worker): lost(worker)
        case .moved: break
        case .dropped(let name): encoders[name] = nil
        case .left(let peer): carryOut(batches.left(peer, now: host.now()))
        }
    }

    /// Takes what the host tells, one after the other: of two views of who holds what the later
    /// one counts.
    private func settle(_ event: QueryEvent) async {
        handle(event)
        switch event {
        case .moved(let name), .dropped(let name): await follow(name)
        default: break
        }
    }

    private func tick(now: Instant) {
        carryOut(batches.tick(now: now))
        for number in searches.keys {
            perform(searches[number]?.shared.tick(now: now) ?? [], ofSearch: number)
        }
        for number in gatherings.keys {
            perform(gatherings[number]?.shared.tick(now: now) ?? [], ofGathering: number)
        }
    }

    private func take(_ request: QueryRequest, _ budget: Duration, _ client: ClientAddress) {
        guard !isEnding else { return }
        let (number, now) = (newNumber(), host.now())
        do throws(ClusterError) {
            try request.check()
        } catch {
            return host.reply(.failure(error.failure), to: client, frames: [])
        }
        asked[number] = Asked(request: request, client: client, deadline: now + budget)
        carryOut(
            batches.asked(
                QuestionBatches.Request(
                    number: number,
                    key: TowerKey(
                        collection: request.collection, questionModel: request.questionModel),
                    questions: request.questions.count, bytes: request.heldBytes,
                    deadline: now + budget), by: client.peer, now: now))
    }

    func carryOut(_ effects: [QuestionBatches<PeerID, TowerKey>.Effect]) {
        for effect in effects {
            switch effect {
            case .encode(let numbers):
                work.enter()
                Task {
                    await self.run(numbers)
                    self.work.leave()
                }
            case .refuse(let number, let refusal): refuse(number, refusal)
            case .giveUp(let number): giveUp(number)
            }
        }
    }

    private func refuse(
        _ number: UInt64, _ refusal: QuestionBatches<PeerID, TowerKey>.Refusal
    ) {
        guard let asked = asked.removeValue(forKey: number) else { return }
        let failure: Failure
        switch refusal {
        case .busy(let pause): failure = busy(retryAfter: pause)
        case .late:
            failure = Failure(
                code: .busy,
                message: """
                    The time given was over before the question's turn had come: \
                    \(batches.admission.underWay) questions are under way. Give more time \
                    (--timeout), or try again in a moment.
                    """)
        case .tooLarge(let limit):
            failure =
                ClusterError.input(
                    """
                    \(asked.request.questions.count) questions in one request. Send at most \
                    \(limit).
                    """
                ).failure
        }
        host.reply(.failure(failure), to: asked.client, frames: [])
    }

    private func busy(retryAfter pause: Duration) -> Failure {
        Failure(
            code: .busy,
            message: """
                \(batches.admission.underWay) questions are under way. Try again in a moment.
                """,
            retryAfterMilliseconds: UInt32(clamping: pause.microseconds / 1000))
    }

    /// Nobody waits for the answer any more: what is done for it alone ends.
    private func giveUp(_ number: UInt64) {
        for search in searches.keys {
            perform(searches[search]?.shared.left(number) ?? [], ofSearch: search)
        }
        for gathering in gatherings.keys {
            perform(gatherings[gathering]?.shared.left(number) ?? [], ofGathering: gathering)
        }
        finish(number)
    }

    func fail(_ numbers: some Sequence<UInt64>, _ error: any Error) {
        for number in numbers {
            guard let client = asked[number]?.client else { continue }
            host.reply(.failure(ClusterError.wrap(error).failure), to: client, frames: [])
            finish(number)
        }
    }

    /// A request was answered, has failed or was given up.
    func finish(_ number: UInt64) {
        asked[number] = nil
        carryOut(batches.finished(number, now: host.now()))
    }
}

extension QueryRequest {
    /// What a question takes beside its bytes, and a request beside its questions.
    private static let overhead = (question: 64, request: 512)

    /// About what the request takes in memory while it waits, in bytes.
    fileprivate var heldBytes: Int {
        questions.reduce(Self.overhead.request) { $0 + Self.overhead.question + $1.utf8.count }
    }

    /// Refuses what can be refused without knowing the collection.
    fileprivate func check() throws(ClusterError) {
        guard k > 0 else { throw .input("k is 0. Ask for one passage or more.") }
        guard k <= QueryService.largestK else {
            throw .input("k is \(k). Ask for at most \(QueryService.largestK) passages.")
        }
        guard !questions.isEmpty else { throw .input("There is no question.") }
        guard questions.count * Int(k) <= QueryService.largestHits else {
            throw .input(
                """
                \(questions.count) questions in one request ask for \(k) passages each. Ask for \
                at most \(QueryService.largestHits) passages in all at once.
                """)
        }
        for (number, question) in questions.enumerated()
        where question.allSatisfy(\.isWhitespace) {
            throw .input("Question \(number + 1) is empty. Remove it, or write it.")
        }
    }
}
