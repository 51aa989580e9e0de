import ClusterCore

/// A request of a client that waits for answers.
struct WaitingRequest {
    let answers: AsyncThrowingStream<Answers.Answer, any Error>.Continuation
    /// Bytes of answers that nobody has taken yet.
    var untaken = 0
}

/// The answers to one request, each awaited no longer than the client's patience.
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

    let client: ClusterClient
    let requestID: UInt64
    let stream: AsyncThrowingStream<Answer, any Error>
    let patience: Duration

    func makeIterator() -> Iterator {
        Iterator(
            client: client, requestID: requestID, base: stream.makeAsyncIterator(),
            patience: patience)
    }

    struct Iterator {
        let client: ClusterClient
        let requestID: UInt64
        var base: AsyncThrowingStream<Answer, any Error>.AsyncIterator
        let patience: Duration

        mutating func next(isolation: isolated ClusterClient = #isolation) async throws -> Envelope?
        {
            let (client, requestID, patience) = (client, requestID, patience)
            let timer = Task {
                try await Task.sleep(for: patience)
                await client.finish(
                    requestID,
                    throwing: .unavailable(
                        """
                        The coordinator has not answered for \(patience.components.seconds) s. \
                        See `sheaf status`, and try again.
                        """, nil))
            }
            defer { timer.cancel() }
            guard let answer = try await base.next(isolation: isolation) else { return nil }
            isolation.took(answer, of: requestID)
            return answer.envelope
        }

        func finish(isolation: isolated ClusterClient = #isolation) {
            isolation.finish(requestID)
        }
    }
}
