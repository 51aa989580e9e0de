import ClusterCore
import Corpus
import Foundation
import VectorIndex

/// The requests of one search.
struct QueryRun {
    /// Requests of one search under way at once: one encoded while another is searched.
    static let requestsUnderWay = 3
    /// Passages of hits in one request: several questions for a small k, one for a large.
    static let hitsPerRequest = 4096
    /// Questions in one request at most.
    static let questionsPerRequest = 64

    /// What was asked, by the number of the request in the search.
    struct Asked {
        var requestID: UInt64
        var message: QueryRequest
        /// Why it was refused last.
        var refusal: Failure?
    }

    var window = RequestWindow(most: requestsUnderWay)
    var asked: [Int: Asked] = [:]
    /// Asks again what is due.
    var timer: Task<Void, any Error>?
}

extension ClusterClient {
    /// Answers questions, in order.
    ///
    /// A request that the coordinator refuses since too much is under way is sent again, until its
    /// budget is used up.
    ///
    /// - Parameters:
    ///   - texts: False brings ids alone.
    ///   - budget: Time that one request may take.
    ///   - answered: Called once per question, in the order of the questions.
    public func search(
        _ questions: [String], collection: String, k: Int, allowPartial: Bool, texts: Bool,
        questionModel: String = "", budget: Duration, answered: (Int, SearchAnswer) throws -> Void
    ) async throws(ClusterError) {
        let size = max(
            1, min(QueryRun.questionsPerRequest, QueryRun.hitsPerRequest / max(1, k)))
        let requests = stride(from: 0, to: questions.count, by: size).map { start in
            QueryRequest(
                collection: collection, k: UInt32(clamping: k), allowPartial: allowPartial,
                texts: texts,
                questions: Array(questions[start..<min(start + size, questions.count)]),
                questionModel: questionModel)
        }
        lastSearch += 1
        let searchID = lastSearch
        searches[searchID] = QueryRun()
        defer { endSearch(searchID) }
        try await typed {
            var underWay: [(number: Int, answers: Answers)] = []
            var next = 0
            while next < requests.count || !underWay.isEmpty {
                while next < requests.count, underWay.count < QueryRun.requestsUnderWay,
                    searches[searchID]?.window.hasRoom == true
                {
                    let answers = try begin(requests[next], next, of: searchID, budget)
                    underWay.append((next, answers))
                    next += 1
                }
                let (number, answers) = underWay.removeFirst()
                try await collect(
                    answers, of: requests[number].questions.count, from: number * size, answered)
            }
        }
    }

    private func begin(
        _ message: QueryRequest, _ number: Int, of searchID: UInt64, _ budget: Duration
    ) throws -> Answers {
        let answers = try request(
            .queryRequest(message), on: .query, budget: budget,
            patience: budget + ClusterClient.searchSlack)
        searches[searchID]?.window.begin(number, deadline: MonotonicClock.now() + budget)
        searches[searchID]?.asked[number] = QueryRun.Asked(
            requestID: answers.requestID, message: message)
        return answers
    }

    private func collect(
        _ answers: Answers, of count: Int, from start: Int,
        _ answered: (Int, SearchAnswer) throws -> Void
    ) async throws {
        var iterator = answers.makeIterator()
        var parts: SearchAnswer?
        while let envelope = try await iterator.next() {
            guard case .queryAnswer(let message) = envelope.message else { continue }
            guard message.count == count, message.question < count else {
                throw ClusterError.unavailable(
                    """
                    The coordinator answers question \(message.question + 1) of \(message.count), \
                    where \(count) were asked. Run the same release on both sides
                    """, nil)
            }
            let part = try SearchAnswer(message, envelope.frames)
            var whole = parts ?? SearchAnswer(part, found: [])
            whole.found += part.found
            guard message.last else {
                parts = whole
                continue
            }
            parts = nil
            try answered(start + Int(message.question), whole)
            if message.endsRequest { return iterator.finish() }
        }
        throw ClusterError.unavailable("The coordinator stopped while it was searching.", nil)
    }

    private func endSearch(_ searchID: UInt64) {
        guard let run = searches.removeValue(forKey: searchID) else { return }
        run.timer?.cancel()
        for asked in run.asked.values { finish(asked.requestID) }
    }

    // MARK: Requests that were refused

    private func place(of requestID: UInt64) -> (search: UInt64, number: Int)? {
        for (searchID, run) in searches {
            for (number, asked) in run.asked where asked.requestID == requestID {
                return (searchID, number)
            }
        }
        return nil
    }

    /// Notes the end of a request, which makes room for those that wait.
    func noteEnd(of requestID: UInt64, isAnswered: Bool) {
        guard let place = place(of: requestID) else { return }
        searches[place.search]?.asked[place.number] = nil
        searches[place.search]?.window.end(place.number, isAnswered: isAnswered)
        askAgain(place.search)
    }

    /// Whether a query that was refused for now will be sent again.
    ///
    /// It keeps its number and its stream: a refused request has brought no answer, so none can
    /// come twice or in another order.
    func asksAgain(_ requestID: UInt64, after failure: Failure) -> Bool {
        guard let place = place(of: requestID) else { return false }
        let isAgain = searches[place.search]?.window.refused(
            place.number, hint: .milliseconds(Int64(failure.retryAfterMilliseconds)),
            now: MonotonicClock.now(), random: .random(in: .min ... .max))
        guard isAgain == true else { return false }
        searches[place.search]?.asked[place.number]?.refusal = failure
        askAgain(place.search)
        return true
    }

    /// Sends what is due, and comes back when more is.
    private func askAgain(_ searchID: UInt64) {
        let now = MonotonicClock.now()
        for (number, deadline) in searches[searchID]?.window.due(now: now) ?? [] {
            guard let asked = searches[searchID]?.asked[number] else { continue }
            do {
                guard deadline > now else {
                    throw ClusterError.answered(asked.refusal ?? Failure(code: .busy))
                }
                try send(
                    .queryRequest(asked.message), on: .query, requestID: asked.requestID,
                    budget: deadline - now)
            } catch {
                finish(asked.requestID, throwing: ClusterError.wrap(error))
                searches[searchID]?.asked[number] = nil
                searches[searchID]?.window.end(number, isAnswered: false)
            }
        }
        searches[searchID]?.timer?.cancel()
        guard let next = searches[searchID]?.window.nextDue else { return }
        searches[searchID]?.timer = Task {
            try await Task.sleep(for: max(next - now, .milliseconds(1)))
            self.askAgain(searchID)
        }
    }
}

extension QueryAnswer {
    /// Whether nothing of its request follows.
    var endsRequest: Bool { last && count > 0 && question == count - 1 }
}

extension SearchAnswer {
    init(_ message: QueryAnswer, _ frames: [[UInt8]]) throws {
        let ordinals: [UInt64] = try frames.values(at: 0)
        let scores: [Double] = try frames.values(at: 1)
        let passages = try PassageBlock.decode(frames.count > 2 ? frames[2] : [])
        guard ordinals.count == scores.count, ordinals.count == passages.count else {
            throw ClusterError.internal("An answer's frames differ in length.")
        }
        guard scores.allSatisfy(\.isFinite) else {
            throw ClusterError.internal("An answer holds a score that is no number.")
        }
        found = zip(zip(ordinals, scores), passages).map {
            Found(ordinal: Ordinal($0.0), score: $0.1, passage: $1)
        }
        generation = message.generation
        coverage = message.coverage ?? Coverage()
        timings = message.timings ?? Timings()
        cuts = message.cuts ?? Cuts()
        note = message.note
    }

    init(_ other: SearchAnswer, found: [Found]) {
        self = other
        self.found = found
    }
}
