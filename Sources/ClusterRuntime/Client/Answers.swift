import ClusterCore

/// A request of a client that waits for answers.
struct WaitingRequest {
    let answers: AsyncThrowingStream<Answers.Answer, any Error>.Continuation
    /// Bytes of answers that nobody has taken yet.
    var untaken = 0
    /// How long an answer is awaited.
    let patience: Duration
    /// Looks of the client's watcher since its caller awaits an answer; nil while it does not.
    var looks: Int?

    init(
        answers: AsyncThrowingStream<Answers.Answer, any Error>.Continuation, patience: Duration
    ) {
        self.answers = answers
        self.patience = patience
    }
}

/// The answers to one request, each awaited no longer than the client's patience.
///
/// The client's watcher counts that time for all requests: a task that sleeps keeps its memory
/// until its time has come, also when it was cancelled, and thousands of requests end in a second.
struct Answers {
    /// One answer, and what it takes while it waits.
    struct Answer: Sendable {
        let envelope: Envelope
        let bytes: Int

        init(_ envelope: Envelope, bytes: Int) {
            self.envelope = envelope
            self.bytes = bytes
        }
    }

    let requestID: UInt64
    let stream: AsyncThrowingStream<Answer, any Error>

    func makeIterator() -> Iterator {
        Iterator(requestID: requestID, base: stream.makeAsyncIterator())
    }

    struct Iterator {
        let requestID: UInt64
        var base: AsyncThrowingStream<Answer, any Error>.AsyncIterator

        mutating func next(isolation: isolated ClusterClient = #isolation) async throws -> Envelope?
        {
            isolation.awaits(requestID)
            guard let answer = try await base.next(isolation: isolation) else { return nil }
            isolation.took(answer, of: requestID)
            return answer.envelope
        }

        func finish(isolation: isolated ClusterClient = #isolation) {
            isolation.finish(requestID)
        }
    }
}
