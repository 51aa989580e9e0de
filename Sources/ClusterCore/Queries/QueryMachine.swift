/// All that is decided about questions on their way: which are encoded together, which generation
/// they search, whom they ask, for whom they wait no longer, and what each is answered.
///
/// It has no clock, no vectors and no passages: what happened comes as an ``Event`` with its time,
/// what is to be done leaves as an ``Effect``, in the order in which it must be done. Vectors, hits
/// and passages are the shell's, and go by numbers here.
///
/// A request, and what moves it:
///
///     asked ─▶ waits ─▶ is encoded ─▶ is pinned ─▶ is searched ─▶ is gathered ─▶ answered
///                                        ▲             │               │
///                                        └─ replaced ──┴───────────────┴─▶ failed
///
/// and from anywhere to given up, once its client has left. The parts decide, each about one thing:
/// ``QuestionBatches`` who is let in and what is encoded together, ``SharedSearch`` whom a search
/// asks and who waits for it, ``AnswerWindow`` when a worker is asked.
///
/// Invariants beside those of the parts:
/// 1. A request is answered, refused, failed or given up once, and is in one place until then.
/// 2. Requests of a batch go on together while all is well; where something is amiss each goes on
///    alone, and so gets what it would have got alone.
/// 3. What was pinned is unpinned once, when nobody reads it any more.
package struct QueryMachine: Sendable {
    /// The numbers that decide.
    package struct Rules: Sendable {
        /// Questions of a batch of several requests at most.
        package var questionsPerBatch = 64
        /// Hits of one search that several requests share at most.
        package var hitsPerSearch = 65_536
        /// Hits of a worker at most whose passages come with them.
        package var hitsWithPassages = 128
        /// Bytes that a passage usually takes.
        package var passageBytes = 2 << 10
        /// Bytes of passages in one answer at most.
        package var fetchBytes = 8 << 20
        /// What passages may take beyond the deadline of a request, which a part of an answer
        /// reaches.
        package var fetchSlack: Duration = .milliseconds(250)

        package init() {}
    }

    /// What a client asks, but for the words.
    package struct Question: Hashable, Sendable {
        package var collection: String
        /// Where the client says that the question tower lies; else empty.
        package var questionModel: String
        /// Hits that each question may have.
        package var k: Int
        /// How many questions there are.
        package var count: Int
        /// Bytes that the request takes while it waits.
        package var bytes: Int
        /// Whether a part of the shards is enough.
        package var allowsPartial: Bool
        /// Whether titles and texts are wanted beside ids.
        package var texts: Bool

        package init(
            collection: String, questionModel: String = "", k: Int, count: Int, bytes: Int,
            allowsPartial: Bool, texts: Bool
        ) {
            self.collection = collection
            self.questionModel = questionModel
            self.k = k
            self.count = count
            self.bytes = bytes
            self.allowsPartial = allowsPartial
            self.texts = texts
        }
    }

    /// What the requests of a batch have in common: the tower that encodes them.
    package struct Tower: Hashable, Sendable {
        var collection: String
        var questionModel: String
    }

    typealias Batches = QuestionBatches<PeerID, Tower>

    /// A request that is neither answered nor refused.
    struct Asked: Sendable {
        var question: Question
        var deadline: Instant
    }

    let rules: Rules
    var batches: Batches
    var asked: [UInt64: Asked] = [:]
    /// The batch that is encoded.
    var encoding: [UInt64] = []
    /// Requests that are encoded and wait for a generation.
    var groups: [UInt64: Group] = [:]
    var searches: [UInt64: RunningSearch] = [:]
    var gatherings: [UInt64: Gathering] = [:]
    /// What each request to a worker is for whose answer is wanted.
    var requests: [UInt64: WorkerRequest] = [:]
    var answers: AnswerWindow
    private var lastNumber: UInt64

    /// A machine that nobody has asked yet.
    ///
    /// - Parameters:
    ///   - firstRequest: Its numbers, which go over the wire too, begin above this one.
    package init(
        admission: Admission<PeerID>, answers: AnswerWindow, rules: Rules = Rules(),
        firstRequest: UInt64
    ) {
        self.rules = rules
        self.answers = answers
        batches = Batches(limit: rules.questionsPerBatch, admission: admission)
        lastNumber = firstRequest
    }

    /// Questions that are let in and not answered.
    package var underWay: Int { batches.admission.underWay }

    /// Takes what happened; what is to be done, in order.
    package mutating func handle(_ event: Event, now: Instant) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .asked(let number, let question, let peer, let deadline):
            ask(number, question, peer, deadline, now: now, &effects)
        case .left(let peer): carryOut(batches.left(peer, now: now), now: now, &effects)
        case .encoded(let numbers, let failed):
            encoded(numbers, failed, now: now, &effects)
        case .pinned(let group, let generation): pinned(group, generation, now: now, &effects)
        case .notPinned(let group): notPinned(group, &effects)
        case .cannotPin(let group, let failure):
            for member in groups.removeValue(forKey: group)?.members ?? [] {
                fail(member.number, .other(failure), now: now, &effects)
            }
        case .placed(let number, let places):
            tell(number, now: now, &effects) {
                $0.held(by: places.holders, lost: places.lost)
            }
        case .consulted(let search, let members, let coverage, let outlook):
            consulted(search, members, coverage, outlook, now: now, &effects)
        case .wanted(let gathering, let wanted):
            begin(gathering, wanted, now: now, &effects)
        case .searched(let requestID, let shards, let worker):
            searched(requestID, shards, by: worker, now: now, &effects)
            go(answers.answered(requestID, by: worker), &effects)
        case .fetched(let requestID, let count, let next, let worker):
            fetched(requestID, count, next: next, by: worker, now: now, &effects)
            go(answers.answered(requestID, by: worker), &effects)
        case .failed(let requestID, let worker):
            if let request = take(requestID, by: worker) {
                answered(request, shards: [], now: now, &effects)
            }
            go(answers.answered(requestID, by: worker), &effects)
        case .notSent(let requestID): notSent(requestID, now: now, &effects)
        case .lost(let worker): lost(worker, now: now, &effects)
        case .moved(let collection): lookUp(collection, &effects)
        case .tick: tick(now: now, &effects)
        }
        return effects
    }

    /// A number for a group, a search, a gathering or a request to a worker.
    mutating func newNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    // MARK: Requests

    private mutating func ask(
        _ number: UInt64, _ question: Question, _ peer: PeerID, _ deadline: Instant, now: Instant,
        _ effects: inout [Effect]
    ) {
        asked[number] = Asked(question: question, deadline: deadline)
        let request = Batches.Request(
            number: number,
            key: Tower(
                collection: question.collection, questionModel: question.questionModel),
            questions: question.count, bytes: question.bytes, deadline: deadline)
        carryOut(batches.asked(request, by: peer, now: now), now: now, &effects)
    }

    mutating func carryOut(
        _ told: [Batches.Effect], now: Instant, _ effects: inout [Effect]
    ) {
        for effect in told {
            switch effect {
            case .encode(let numbers):
                encoding = numbers
                effects.append(.encode(numbers))
            case .refuse(let number, let refusal):
                asked[number] = nil
                effects.append(.refuse(number, refusal))
            case .giveUp(let number): giveUp(number, now: now, &effects)
            }
        }
    }

    /// Nobody waits for the answer any more: what is done for it alone ends.
    private mutating func giveUp(
        _ number: UInt64, now: Instant, _ effects: inout [Effect]
    ) {
        guard asked[number] != nil else { return }
        effects.append(.forget(number))
        tellAll(now: now, &effects) { $0.left(number) }
        finish(number, now: now, &effects)
    }

    mutating func fail(
        _ number: UInt64, _ fault: Fault, now: Instant, _ effects: inout [Effect]
    ) {
        guard asked[number] != nil else { return }
        effects.append(.fail(number, fault))
        finish(number, now: now, &effects)
    }

    /// A request was answered, has failed or was given up.
    mutating func finish(_ number: UInt64, now: Instant, _ effects: inout [Effect]) {
        asked[number] = nil
        carryOut(batches.finished(number, now: now), now: now, &effects)
    }

    /// The vectors of a batch are there, but for those of some requests.
    private mutating func encoded(
        _ numbers: [UInt64], _ failed: [UInt64: Failure], now: Instant,
        _ effects: inout [Effect]
    ) {
        var found: [Group] = []
        encoding = []
        for number in numbers {
            guard let request = asked[number] else { continue }
            if let failure = failed[number] {
                fail(number, .other(failure), now: now, &effects)
                continue
            }
            let member = Member(
                number: number, questions: request.question.count, deadline: request.deadline)
            let place = found.firstIndex { $0.hasRoom(for: request.question, rules) }
            if let place {
                found[place].members.append(member)
            } else {
                found.append(Group(question: request.question, members: [member]))
            }
        }
        for group in found { pin(group, &effects) }
        carryOut(batches.encoded(now: now), now: now, &effects)
    }

    private mutating func tick(now: Instant, _ effects: inout [Effect]) {
        carryOut(batches.tick(now: now), now: now, &effects)
        go(answers.tick(now: now), &effects)
        tellAll(now: now, &effects) { $0.tick(now: now) }
    }
}
