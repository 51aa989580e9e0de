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
        let (owner, part) = request.place
        let shared = searches[owner]?.shared ?? gatherings[owner]?.shared
        return shared?.worker(of: part) == request.worker
    }

    /// A request was answered for some of its shards: the others are asked of others, or waited
    /// for.
    mutating func answered(
        _ request: WorkerRequest, shards: Set<ShardNumber>, now: Instant,
        _ effects: inout [Effect]
    ) {
        let (owner, part) = request.place
        tell(owner, now: now, &effects) { $0.answered(part, shards: shards) }
    }

    /// A worker cannot be reached for a request: it is asked nothing more for it.
    mutating func notSent(_ requestID: UInt64, now: Instant, _ effects: inout [Effect]) {
        let request = requests.removeValue(forKey: requestID)
        go(answers.ended(requestID), &effects)
        guard let request else { return }
        tell(request.place.owner, now: now, &effects) { $0.failed(request.worker) }
    }

    /// A worker cannot be reached: its shards are asked of others, or waited for.
    mutating func lost(_ worker: WorkerID, now: Instant, _ effects: inout [Effect]) {
        requests = requests.filter { $0.value.worker != worker }
        go(answers.lost(worker), &effects)
        tellAll(now: now, &effects) { $0.failed(worker) }
    }

    /// Something happened to a search or gathering, of whichever the number is.
    mutating func tell(
        _ number: UInt64, now: Instant, _ effects: inout [Effect],
        _ what: (inout SharedSearch) -> [SharedSearch.Effect]
    ) {
        follow(searches[number]?.shared.take(what), ofSearch: number, now: now, &effects)
        follow(gatherings[number]?.shared?.take(what), ofGathering: number, now: now, &effects)
    }

    /// Something happened to all searches and gatherings.
    mutating func tellAll(
        now: Instant, _ effects: inout [Effect],
        _ what: (inout SharedSearch) -> [SharedSearch.Effect]
    ) {
        for number in searches.keys.sorted() + gatherings.keys.sorted() {
            tell(number, now: now, &effects, what)
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
}

extension SharedSearch {
    fileprivate mutating func take(_ what: (inout SharedSearch) -> [Effect]) -> [Effect] {
        what(&self)
    }
}
