// The passages of a search's winners: gathered over shards as the search was.
extension QueryMachine {
    /// Passages on their way.
    struct Gathering: Sendable {
        var search: UInt64
        var members: [UInt64]
        /// Nil until it is known what is wanted.
        var shared: SharedSearch?
        var wanted = Wanted(counts: [:], shards: [:], places: Places())
        /// The last request to a worker for each number of the gathering.
        var requests: [Int: UInt64] = [:]
    }

    /// Bytes that a first answer may have at least.
    private static let leastBytes = 64 << 10

    private var mostBytes: Int { min(rules.fetchBytes, answers.perWorker) }

    mutating func gather(
        _ members: [UInt64], ofSearch search: UInt64, _ effects: inout [Effect]
    ) {
        let number = newNumber()
        gatherings[number] = Gathering(search: search, members: members)
        searches[search]?.gatherings += 1
        effects.append(
            .gather(number, of: search, members, searches[search]?.shared.coverage ?? Coverage()))
    }

    mutating func begin(
        _ number: UInt64, _ wanted: Wanted, now: Instant, _ effects: inout [Effect]
    ) {
        guard let gathering = gatherings[number], gathering.shared == nil else { return }
        // Some may have been given up meanwhile.
        let deadlines = gathering.members.compactMap { member in
            asked[member].map { (member, max($0.deadline, now + rules.fetchSlack)) }
        }
        guard !deadlines.isEmpty else { return end(gathering: number, now: now, &effects) }
        gatherings[number]?.wanted = wanted
        gatherings[number]?.shared = SharedSearch(
            rows: wanted.counts.mapValues { UInt64($0) }, holders: wanted.places.holders,
            isPatient: true, members: Dictionary(deadlines) { first, _ in first })
        follow(
            gatherings[number]?.shared?.start(lost: wanted.places.lost), ofGathering: number,
            now: now, &effects)
    }

    mutating func follow(
        _ told: [SharedSearch.Effect]?, ofGathering number: UInt64, now: Instant,
        _ effects: inout [Effect]
    ) {
        for effect in told ?? [] {
            guard let gathering = gatherings[number] else { return }
            switch effect {
            case .send(let worker, let part, let shards):
                let count = shards.reduce(0) { $0 + (gathering.wanted.counts[$1] ?? 0) }
                let bytes = min(max(Self.leastBytes, count * rules.passageBytes), mostBytes)
                ask(
                    Fetch(shards: shards, rest: count, bytes: bytes), of: number, part: part,
                    from: worker, &effects)
            // What a worker reads is sent at once: there is nothing to pass over.
            case .cancel(_, let part):
                if let requestID = gathering.requests[part] {
                    forget(requestID, &effects)
                }
            case .settle(let members):
                settle(members, ofGathering: number, now: now, &effects)
            }
        }
        if gatherings[number]?.shared?.isOver == true {
            end(gathering: number, now: now, &effects)
        }
    }

    /// Members wait no longer: those whose passages are there are answered.
    private mutating func settle(
        _ members: [UInt64], ofGathering number: UInt64, now: Instant,
        _ effects: inout [Effect]
    ) {
        guard let gathering = gatherings[number], let shared = gathering.shared else { return }
        for member in members {
            guard let deadline = asked[member]?.deadline else { continue }
            let shards = gathering.wanted.shards[member] ?? []
            if shards.allSatisfy(shared.isAnswered) {
                effects.append(.answer(member, of: gathering.search, with: number))
                finish(member, now: now, &effects)
            } else if gathering.members.count > 1, now < deadline {
                // What others need may be what is missing.
                gather([member], ofSearch: gathering.search, &effects)
            } else {
                fail(member, .missingPassages, now: now, &effects)
            }
        }
    }

    private mutating func end(
        gathering number: UInt64, now: Instant, _ effects: inout [Effect]
    ) {
        guard let gathering = gatherings.removeValue(forKey: number) else { return }
        for requestID in gathering.requests.values.sorted() {
            forget(requestID, &effects)
        }
        effects.append(.endGathering(number))
        searches[gathering.search]?.gatherings -= 1
        endIfOver(search: gathering.search, &effects)
    }

    private mutating func ask(
        _ fetch: Fetch, of number: UInt64, part: Int, from worker: WorkerID,
        _ effects: inout [Effect]
    ) {
        guard let deadline = gatherings[number]?.shared?.deadline else { return }
        let requestID = newNumber()
        gatherings[number]?.requests[part] = requestID
        ask(
            .fetch(number, part: part, worker, fetch), as: requestID, bytes: fetch.bytes,
            until: deadline, &effects)
    }

    mutating func fetched(
        _ requestID: UInt64, _ count: Int, next: Int, by worker: WorkerID, now: Instant,
        _ effects: inout [Effect]
    ) {
        guard let request = take(requestID, by: worker),
            case .fetch(let number, let part, _, var fetch) = request
        else { return }
        // Where the next passage has no room, none may come, once.
        guard count > 0 ? count <= fetch.rest : fetch.bytes < next else {
            return answered(request, shards: [], now: now, &effects)
        }
        fetch.skipped += count
        fetch.rest -= count
        guard fetch.rest == 0 else {
            fetch.bytes = max(next, min(2 * fetch.bytes, mostBytes))
            return ask(fetch, of: number, part: part, from: worker, &effects)
        }
        answered(request, shards: Set(fetch.shards), now: now, &effects)
    }

    /// What an answer of a worker brings passages of; nil where nobody waits for it any more.
    package func fetch(
        answeredBy requestID: UInt64, from worker: WorkerID
    ) -> (gathering: UInt64, fetch: Fetch)? {
        guard let request = requests[requestID], request.worker == worker, isWanted(request),
            case .fetch(let number, _, _, let fetch) = request
        else { return nil }
        return (number, fetch)
    }
}
