import ClusterCore

/// What a request to a worker asks for.
enum AskedPart: Sendable {
    case search(SearchPart)
    case fetch(FetchPart)
}

// What workers are asked for is sent as their answers have room (``AnswerWindow``).
extension QueryService {
    /// Asks a worker, at once or when there is room for what it answers; false where it cannot be
    /// reached.
    func ask(
        _ part: AskedPart, as requestID: UInt64, of worker: WorkerID, bytes: Int
    ) -> Bool {
        requests[requestID] = part
        guard answers.ask(requestID, bytes: bytes, of: worker) else { return true }
        guard send(requestID) else {
            end(requestID)
            return false
        }
        return true
    }

    /// A request is not to be sent or answered any more.
    ///
    /// What is under way counts until its answer has come.
    func forget(_ requestID: UInt64) {
        requests[requestID] = nil
        if answers.waits(requestID) { end(requestID) }
    }

    /// A request was answered, or could not be sent: others go.
    func end(_ requestID: UInt64) {
        requests[requestID] = nil
        go(answers.ended(requestID))
    }

    /// Sends requests that have waited; a worker that cannot be reached has failed.
    func go(_ waited: [UInt64]) {
        for requestID in waited where !send(requestID) {
            let part = requests[requestID]
            end(requestID)
            switch part {
            case .search(let part):
                perform(
                    searches[part.search]?.shared.failed(part.worker) ?? [],
                    ofSearch: part.search)
            case .fetch(let part):
                perform(
                    gatherings[part.gathering]?.shared.failed(part.worker) ?? [],
                    ofGathering: part.gathering)
            case nil: break
            }
        }
    }

    private func send(_ requestID: UInt64) -> Bool {
        switch requests[requestID] {
        case .search(let part):
            guard let search = searches[part.search],
                let address = search.addresses[part.worker]
            else { return false }
            var message = search.message
            message.shards = part.shards.map { UInt32($0.rawValue) }
            return host.send(
                .search(message), to: address, requestID: requestID,
                budget: search.shared.deadline - host.now(), frames: [search.vectors])
        case .fetch(let part):
            guard let gathering = gatherings[part.gathering],
                let address = gathering.addresses[part.worker]
            else { return false }
            var message = gathering.message
            message.mostBytes = UInt32(part.bytes)
            return host.send(
                .fetch(message), to: address, requestID: requestID,
                budget: gathering.shared.deadline - host.now(),
                frames: [RawFrame.bytes(Array(part.rest))])
        case nil: return false
        }
    }
}
