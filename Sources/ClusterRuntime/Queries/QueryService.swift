import Base
import ClusterCore
import Dispatch
import Logging
import Models
import VectorIndex

/// Answers questions: encodes them, asks the workers that hold the shards, merges their hits and
/// fetches the passages.
///
/// It decides nothing by itself: `QueryMachine` does; this actor turns its effects into messages
/// and computations, and tells it what happened. What it stores is the machine, and what the
/// machine's numbers stand for. Computing happens on lanes of its own.
actor QueryService {
    /// Passages per question at most: the hits of one question fit into one message.
    static let largestK = 500_000
    /// Hits of one request at most: those of all questions come from a worker in one message.
    static let largestHits = 1_000_000
    /// Time between two looks at the clock.
    static let tickInterval: Duration = .milliseconds(50)
    /// Time between two looks at what must be true of the machine.
    private static let lookInterval: Duration = .seconds(1)

    /// A request that is neither answered nor refused.
    struct Asked: Sendable {
        var request: QueryRequest
        var client: ClientAddress
        /// Its vectors, once they are there.
        var encoded: EncodedQuestions?
        /// What was found, once it waits for its passages.
        var found: FoundHits?
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

    private(set) var machine: QueryMachine
    /// What of the machine was not as it must be, when it was last looked at.
    nonisolated let faults = Locked<[String]>([])
    private var lastLook: Instant
    /// What the machine has said and is not done yet, in its order.
    private var effects = EffectQueue<QueryMachine.Effect>()

    var asked: [UInt64: Asked] = [:]
    var encoders: [String: TextEncoder] = [:]
    /// What is pinned for requests that do not search yet.
    var pinned: [UInt64: PinnedGeneration] = [:]
    var searches: [UInt64: SearchData] = [:]
    var gatherings: [UInt64: GatheringData] = [:]
    /// Places that are to be looked up, in the order of asking.
    private var lookUps: [LookUp] = []
    private var isEnding = false
    private var lastNumber: UInt64 = 0
    private var tasks: [Task<Void, Never>] = []

    private struct LookUp {
        var number: UInt64
        var shards: [ShardNumber]
        var generation: UInt64
        var collection: String
    }

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
        lastLook = host.now()
        // A quarter is left for what workers say unasked.
        let answers = AnswerWindow(
            perWorker: options.inboundBytesPerPeer / 4 * 3, total: Inbox.totalLimit / 4 * 3)
        machine = QueryMachine(
            admission: Admission(
                limit: options.questionsAllowed, room: options.queryBytesWaiting),
            answers: answers, firstRequest: firstRequest)
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
                    self.tick()
                }
            },
        ]
    }

    private func tick() {
        tell(.tick)
        guard host.now() - lastLook >= Self.lookInterval else { return }
        lastLook = host.now()
        faults.withLock { $0 = machine.violations }
    }

    /// Takes no more questions and looks at the clock no more.
    func halt() {
        isEnding = true
        for task in tasks { task.cancel() }
    }

    /// Gives up all that goes on, and waits until it has ended.
    func stop() async {
        halt()
        for peer in Set(asked.values.map(\.client.peer)) { tell(.left(peer)) }
        await work.wait()
    }

    func handle(_ event: QueryEvent) {
        switch event {
        case .asked(let request, let budget, let client): take(request, budget, client)
        case .searched(let result, let envelope, let worker):
            searched(result, envelope, by: worker)
        case .fetched(let result, let envelope, let worker): fetched(result, envelope, by: worker)
        case .failed(let failure, let requestID, let worker):
            if machine.isAsked(requestID, of: worker) {
                log.warning("\(worker) cannot answer: \(failure.message)")
            }
            tell(.failed(requestID: requestID, by: worker))
        case .lost(let worker): tell(.lost(worker))
        case .moved(let name): tell(.moved(name))
        case .dropped(let name):
            encoders[name] = nil
            tell(.moved(name))
        case .left(let peer): tell(.left(peer))
        }
    }

    /// Takes what the host tells, one after the other: of two views of who holds what the later
    /// one counts.
    private func settle(_ event: QueryEvent) async {
        handle(event)
        while !lookUps.isEmpty {
            let next = lookUps.removeFirst()
            let places = await host.places(
                of: next.shards, in: next.generation, of: next.collection)
            searches[next.number]?.addresses.merge(places.addresses) { $1 }
            gatherings[next.number]?.addresses.merge(places.addresses) { $1 }
            tell(.placed(next.number, places.places))
        }
    }

    /// Tells the machine what happened, and does what it says, in its order.
    func tell(_ event: QueryMachine.Event) {
        guard effects.add(machine.handle(event, now: host.now())) else { return }
        while let effect = effects.next() { perform(effect) }
    }

    private func perform(_ effect: QueryMachine.Effect) {
        switch effect {
        case .encode(let numbers): begin { await $0.encode(numbers) }
        case .refuse(let number, let refusal): fail(number, failure(of: refusal, number))
        case .fail(let number, let fault): fail(number, failure(of: fault, number))
        case .forget(let number): asked[number] = nil
        case .pin(let group, let collection):
            begin { await $0.pin(group, collection) }
        case .pinPatiently(let group, let collection, let allowsPartial, let deadline):
            begin { await $0.pin(group, collection, allowsPartial, until: deadline) }
        case .unpin(let collection, let generation):
            begin { await $0.host.unpin(collection, generation) }
        case .begin(let search, let members): begin(search, of: members)
        case .search(
            let search, let worker, let requestID, let shards, let bytes, let deadline):
            send(search, to: worker, requestID, shards, passageBytes: bytes, until: deadline)
        case .cancel(let search, let worker, let requestID):
            cancel(requestID, of: search, at: worker)
        case .consult(let search, let members, let coverage, let collection):
            begin {
                let outlook = await $0.host.outlook(of: collection)
                await $0.tell(.consulted(search, members, coverage, outlook))
            }
        case .gather(let gathering, let search, let members, let coverage):
            gather(gathering, of: search, members, coverage)
        case .fetch(let gathering, let worker, let requestID, let fetch, let deadline):
            send(gathering, to: worker, requestID, fetch, until: deadline)
        case .answer(let number, let search, let gathering):
            answer(number, of: search, with: gathering)
        case .lookUp(let number, let shards, let generation, let collection):
            lookUps.append(
                LookUp(
                    number: number, shards: shards, generation: generation,
                    collection: collection))
        case .endSearch(let search): searches[search] = nil
        case .endGathering(let gathering): gatherings[gathering] = nil
        }
    }

    /// Does what takes time, beside the messages.
    func begin(_ body: @escaping @Sendable (QueryService) async -> Void) {
        work.enter()
        Task {
            await body(self)
            self.work.leave()
        }
    }

    private func take(_ request: QueryRequest, _ budget: Duration, _ client: ClientAddress) {
        guard !isEnding else { return }
        do throws(ClusterError) {
            try request.check()
        } catch {
            return host.reply(.failure(error.failure), to: client, frames: [])
        }
        lastNumber += 1
        asked[lastNumber] = Asked(request: request, client: client)
        tell(
            .asked(lastNumber, request.asked, by: client.peer, deadline: host.now() + budget))
    }
}

extension QueryRequest {
    /// What a question takes beside its bytes, and a request beside its questions.
    private static let overhead = (question: 64, request: 512)

    /// What the machine knows of it.
    fileprivate var asked: QueryMachine.Question {
        QueryMachine.Question(
            collection: collection, questionModel: questionModel, k: Int(k),
            count: questions.count,
            bytes: questions.reduce(Self.overhead.request) {
                $0 + Self.overhead.question + $1.utf8.count
            }, allowsPartial: allowPartial, texts: texts)
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
