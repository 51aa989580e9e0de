/// Which requests are let in, which of them are encoded as one batch, and when a batch goes.
///
/// Request, and what moves it:
///
///     asked ──┬─▶ waits ──room──▶ ready ──batch──▶ under way ──finished──▶ gone
///             ├─▶ ready             └──late, left──▶ gone
///             └─▶ refused
///
/// Invariants:
/// 1. One batch is encoded at a time, and while something is ready one is: nothing is held back so
///    that more may come.
/// 2. The requests of a batch have one ``Request/key``; their questions are ``limit`` at most, or
///    it is one request.
/// 3. Peers that have something ready take turns, and what one peer asked goes in the order of its
///    asking.
/// 4. A request whose time is over, or whose peer has left, goes into no batch. What is under way
///    with it goes on without it.
/// 5. Each request that was let in counts in ``admission`` until it is finished, late or left.
public struct QuestionBatches<Peer: Hashable & Sendable, Key: Hashable & Sendable>: Sendable {
    /// A request as it is asked.
    public struct Request: Hashable, Sendable {
        /// What names it.
        public var number: UInt64
        /// What the requests of a batch have in common.
        public var key: Key
        /// How many questions it has.
        public var questions: Int
        /// Bytes that it takes while it waits.
        public var bytes: Int
        /// When nobody waits for it any more.
        public var deadline: Instant

        /// A request of these parts.
        public init(number: UInt64, key: Key, questions: Int, bytes: Int, deadline: Instant) {
            self.number = number
            self.key = key
            self.questions = questions
            self.bytes = bytes
            self.deadline = deadline
        }
    }

    /// Why a request goes no further.
    public enum Refusal: Hashable, Sendable {
        /// Too much waits: it may be asked again after this time.
        case busy(retryAfter: Duration)
        /// It is larger than what may ever be under way.
        case tooLarge(limit: Int)
        /// Its time was over before its turn came.
        case late
    }

    /// What must be done.
    public enum Effect: Hashable, Sendable {
        /// Encode the questions of these requests together; ``encoded(now:)`` must follow.
        case encode([UInt64])
        /// The request is refused, and forgotten.
        case refuse(UInt64, Refusal)
        /// Nobody waits for the answer to a request; where it is under way, ``finished(_:now:)``
        /// must follow.
        case giveUp(UInt64)
    }

    private enum Stage: Hashable, Sendable {
        case waits
        case ready
        case underWay
    }

    private struct Entry: Sendable {
        var request: Request
        var peer: Peer
        var stage: Stage
    }

    /// Questions of a batch of several requests at most.
    public let limit: Int
    /// Who is let in.
    public private(set) var admission: Admission<Peer>
    /// Whether a batch is being encoded.
    public private(set) var isEncoding = false

    private var entries: [UInt64: Entry] = [:]
    /// What each peer has ready, in the order of its asking.
    private var lines: [Peer: Turns<UInt64>] = [:]
    /// The peers that have something ready, in turn.
    private var turns = Turns<Peer>()

    /// Makes batches of nothing.
    ///
    /// - Parameters:
    ///   - limit: Questions of a batch of several requests at most, 1 or more.
    ///   - admission: A gate with nobody under way.
    public init(limit: Int, admission: Admission<Peer>) {
        precondition(limit > 0, "a limit of \(limit) questions")
        self.limit = limit
        self.admission = admission
    }

    /// The requests that were neither finished nor refused, in the order of their numbers.
    public var requests: [UInt64] { entries.keys.sorted() }

    /// Those that are in no batch yet, in the order of their numbers.
    public var waiting: [UInt64] {
        entries.filter { $0.value.stage != .underWay }.keys.sorted()
    }

    /// Questions are asked.
    public mutating func asked(_ request: Request, by peer: Peer, now: Instant) -> [Effect] {
        precondition(entries[request.number] == nil, "request \(request.number) was asked twice")
        guard request.deadline > now else { return [.refuse(request.number, .late)] }
        let verdict = admission.ask(
            Admission<Peer>.Request(
                number: request.number, questions: request.questions, bytes: request.bytes),
            of: peer, now: now)
        switch verdict {
        case .refused(let pause): return [.refuse(request.number, .busy(retryAfter: pause))]
        case .tooLarge(let limit): return [.refuse(request.number, .tooLarge(limit: limit))]
        case .waits:
            entries[request.number] = Entry(request: request, peer: peer, stage: .waits)
            return []
        case .admitted:
            entries[request.number] = Entry(request: request, peer: peer, stage: .waits)
            makeReady([request.number])
            return go(now: now)
        }
    }

    /// The batch under way is encoded, or could not be: the next one goes.
    public mutating func encoded(now: Instant) -> [Effect] {
        isEncoding = false
        return go(now: now)
    }

    /// A request under way was answered, has failed or was given up.
    public mutating func finished(_ number: UInt64, now: Instant) -> [Effect] {
        guard let entry = entries[number], entry.stage == .underWay else { return [] }
        entries[number] = nil
        makeReady(admission.finished(entry.request.questions, of: entry.peer, now: now))
        return go(now: now)
    }

    /// A peer is gone: nobody waits for what it asked.
    public mutating func left(_ peer: Peer, now: Instant) -> [Effect] {
        let own = entries.filter { $0.value.peer == peer }.keys.sorted()
        for number in own { takeOut(number, now: now) }
        return own.map { .giveUp($0) } + go(now: now)
    }

    /// Time passes: what has waited for too long is refused.
    public mutating func tick(now: Instant) -> [Effect] {
        let late = entries.filter {
            $0.value.stage != .underWay && $0.value.request.deadline <= now
        }.keys.sorted()
        for number in late { takeOut(number, now: now) }
        return late.map { .refuse($0, .late) } + go(now: now)
    }

    /// Takes out what is not under way; what that makes room for is ready.
    private mutating func takeOut(_ number: UInt64, now: Instant) {
        // One that was taken out may have made another of the same peer ready.
        guard let entry = entries[number], entry.stage != .underWay else { return }
        entries[number] = nil
        if entry.stage == .waits {
            makeReady(admission.left(number, of: entry.peer, now: now))
        } else {
            lines[entry.peer]?.remove(number)
            if lines[entry.peer]?.isEmpty == true {
                lines[entry.peer] = nil
                turns.remove(entry.peer)
            }
            makeReady(admission.finished(entry.request.questions, of: entry.peer, now: now))
        }
    }

    private mutating func makeReady(_ numbers: [UInt64]) {
        for number in numbers {
            guard let peer = entries[number]?.peer else { continue }
            entries[number]?.stage = .ready
            if lines[peer] == nil { turns.append(peer) }
            lines[peer, default: Turns()].append(number)
        }
    }

    /// Begins the next batch: what is first in turn, and what goes with it.
    private mutating func go(now: Instant) -> [Effect] {
        guard !isEncoding else { return [] }
        var batch: [UInt64] = []
        var late: [UInt64] = []
        var questions = 0
        var key: Key?
        // Peers whose next request does not go with the others keep their turns.
        var passed: [Peer] = []
        while questions < limit, let peer = turns.next() {
            guard let number = lines[peer]?.members.first, let next = entries[number]?.request
            else { continue }
            guard next.deadline > now else {
                takeTurn(of: peer)
                entries[number] = nil
                late.append(number)
                makeReady(admission.finished(next.questions, of: peer, now: now))
                continue
            }
            guard key == nil || (next.key == key && questions + next.questions <= limit) else {
                passed.append(peer)
                continue
            }
            takeTurn(of: peer)
            entries[number]?.stage = .underWay
            key = next.key
            questions += next.questions
            batch.append(number)
        }
        if !passed.isEmpty { turns.prepend(passed) }
        isEncoding = !batch.isEmpty
        return late.map { .refuse($0, .late) } + (batch.isEmpty ? [] : [.encode(batch)])
    }

    /// The first request of a peer's line has had its turn; the next one has another.
    private mutating func takeTurn(of peer: Peer) {
        _ = lines[peer]?.next()
        if lines[peer]?.isEmpty == true { lines[peer] = nil } else { turns.append(peer) }
    }
}
