import Base
import ClusterCore

/// A request that waits until there is room for its questions.
struct WaitingQuery: Sendable {
    var peer: PeerID
    var deadline: Instant
    /// Told whether it is let in.
    var admitted: CheckedContinuation<Bool, Never>
}

// More questions than may be under way wait, each client's in its turn.
extension Coordinator {
    /// Waits until the questions of a request are let in: why they are not, or nil.
    func letIn(
        _ request: QueryRequest, from client: ClientAddress, until deadline: Instant
    ) async -> Failure? {
        let number = newRequestID()
        let count = request.questions.count
        let verdict = admission.ask(
            Admission<PeerID>.Request(number: number, questions: count, bytes: request.heldBytes),
            of: client.peer, now: MonotonicClock.now())
        switch verdict {
        case .admitted: return nil
        case .waits:
            let isAdmitted = await withCheckedContinuation {
                waitingQueries[number] = WaitingQuery(
                    peer: client.peer, deadline: deadline, admitted: $0)
            }
            return isAdmitted ? nil : busy()
        case .refused(let pause): return busy(retryAfter: pause)
        case .tooLarge(let limit):
            return ClusterError.input("\(count) questions in one request. Send at most \(limit).")
                .failure
        }
    }

    /// The questions of a request that was let in are answered, or have failed.
    func finished(_ request: QueryRequest, from client: ClientAddress) {
        let next = admission.finished(
            request.questions.count, of: client.peer, now: MonotonicClock.now())
        admit(next)
    }

    /// A client is gone: nothing of it waits any more.
    func clientLeft(_ peer: PeerID) {
        greetings[peer] = nil
        for (number, query) in waitingQueries where query.peer == peer { turnAway(number, query) }
    }

    /// Turns away those whose time is over.
    func tickQueries(now: Instant) {
        for (number, query) in waitingQueries where query.deadline <= now {
            turnAway(number, query)
        }
    }

    private func turnAway(_ number: UInt64, _ query: WaitingQuery) {
        guard waitingQueries.removeValue(forKey: number) != nil else { return }
        let next = admission.left(number, of: query.peer, now: MonotonicClock.now())
        query.admitted.resume(returning: false)
        admit(next)
    }

    private func admit(_ numbers: [UInt64]) {
        for number in numbers {
            waitingQueries.removeValue(forKey: number)?.admitted.resume(returning: true)
        }
    }

    private func busy(retryAfter pause: Duration = .zero) -> Failure {
        Failure(
            code: .busy,
            message: "\(admission.underWay) questions are under way. Try again in a moment.",
            retryAfterMilliseconds: UInt32(clamping: pause.microseconds / 1000))
    }
}

extension QueryRequest {
    /// What a question takes beside its bytes, and a request beside its questions.
    private static let overhead = (question: 64, request: 512)

    /// About what the request takes in memory while it waits, in bytes.
    fileprivate var heldBytes: Int {
        questions.reduce(Self.overhead.request) { $0 + Self.overhead.question + $1.utf8.count }
    }
}
