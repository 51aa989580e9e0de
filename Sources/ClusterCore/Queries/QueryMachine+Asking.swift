// What workers are asked goes as their answers have room.
extension QueryMachine {
    /// Asks a worker, at once or when there is room for what it answers.
    mutating func ask(
        _ request: WorkerRequest, as requestID: UInt64, bytes: Int, until deadline: Instant,
        _ effects: inout [Effect]
    ) {
        requests[requestID] = request
        let isNow = answers.ask(
            requestID, bytes: max(1, bytes), of: request.worker, deadline: deadline)
        if isNow { send(requestID, &effects) }
    }

    /// Sends requests that have waited.
    func go(_ waited: [UInt64], _ effects: inout [Effect]) {
        for requestID in waited { send(requestID, &effects) }
    }

    private func send(_ requestID: UInt64, _ effects: inout [Effect]) {
        switch requests[requestID] {
        case .search(let number, _, let worker, let shards, let passageBytes):
            guard let until = searches[number]?.shared.deadline else { return }
            effects.append(
                .search(
                    number, worker, requestID: requestID, shards, passageBytes: passageBytes,
                    until: until))
        case .fetch(let number, _, let worker, let fetch):
            guard let until = gatherings[number]?.shared?.deadline else { return }
            effects.append(
                .fetch(number, worker, requestID: requestID, fetch, until: until))
        case nil: break
        }
    }

    /// A request is not to be sent or answered any more; what is under way counts until its answer
    /// has come.
    mutating func forget(_ requestID: UInt64, _ effects: inout [Effect]) {
        requests[requestID] = nil
        if answers.waits(requestID) { go(answers.ended(requestID), &effects) }
    }

    /// The request that a worker has answered; nil where its answer is wanted no longer.
    mutating func take(_ requestID: UInt64, by worker: WorkerID) -> WorkerRequest? {
        guard let request = requests[requestID], request.worker == worker else { return nil }
        requests[requestID] = nil
        return isWanted(request) ? request : nil
    }

    /// Whether the answer to a request counts still.
    func isWanted(_ request: WorkerRequest) -> Bool {
        switch request {
        case .search(let number, let part, let worker, _, _):
            searches[number]?.shared.worker(of: part) == worker
        case .fetch(let number, let part, let worker, _):
            gatherings[number]?.shared?.worker(of: part) == worker
        }
    }

    /// A worker cannot answer a request: its shards are asked of others, or waited for.
    mutating func failed(
        _ request: WorkerRequest, now: Instant, _ effects: inout [Effect]
    ) {
        switch request {
        case .search(let number, let part, _, _, _):
            follow(
                searches[number]?.shared.answered(part, shards: []), ofSearch: number, now: now,
                &effects)
        case .fetch(let number, let part, _, _):
            follow(
                gatherings[number]?.shared?.answered(part, shards: []), ofGathering: number,
                now: now, &effects)
        }
    }

    /// A worker cannot be reached for a request: it is asked nothing more for it.
    mutating func notSent(_ requestID: UInt64, now: Instant, _ effects: inout [Effect]) {
        let request = requests.removeValue(forKey: requestID)
        go(answers.ended(requestID), &effects)
        switch request {
        case .search(let number, _, let worker, _, _):
            follow(searches[number]?.shared.failed(worker), ofSearch: number, now: now, &effects)
        case .fetch(let number, _, let worker, _):
            follow(
                gatherings[number]?.shared?.failed(worker), ofGathering: number, now: now,
                &effects)
        case nil: break
        }
    }

    /// A worker cannot be reached: its shards are asked of others, or waited for.
    mutating func lost(_ worker: WorkerID, now: Instant, _ effects: inout [Effect]) {
        requests = requests.filter { $0.value.worker != worker }
        go(answers.lost(worker), &effects)
        for number in searches.keys.sorted() {
            follow(searches[number]?.shared.failed(worker), ofSearch: number, now: now, &effects)
        }
        for number in gatherings.keys.sorted() {
            follow(
                gatherings[number]?.shared?.failed(worker), ofGathering: number, now: now,
                &effects)
        }
    }

    /// Other workers may hold the shards of a collection.
    func lookUp(_ collection: String, _ effects: inout [Effect]) {
        for (number, search) in searches.sorted(by: { $0.key < $1.key })
        where search.group.question.collection == collection && !search.shared.isOver {
            effects.append(
                .lookUp(
                    number, search.shared.shards, generation: search.generation,
                    collection: collection))
        }
        for (number, gathering) in gatherings.sorted(by: { $0.key < $1.key }) {
            guard let shared = gathering.shared, let search = searches[gathering.search],
                search.group.question.collection == collection
            else { continue }
            effects.append(
                .lookUp(
                    number, shared.shards, generation: search.generation,
                    collection: collection))
        }
    }

    mutating func placed(
        _ number: UInt64, _ places: Places, now: Instant, _ effects: inout [Effect]
    ) {
        follow(
            searches[number]?.shared.held(by: places.holders, lost: places.lost),
            ofSearch: number, now: now, &effects)
        follow(
            gatherings[number]?.shared?.held(by: places.holders, lost: places.lost),
            ofGathering: number, now: now, &effects)
    }
}
