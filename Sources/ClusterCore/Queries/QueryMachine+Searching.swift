extension QueryMachine {
    /// A request that searches with others.
    struct Member: Hashable, Sendable {
        var number: UInt64
        /// How many questions it has.
        var questions: Int
        var deadline: Instant
    }

    /// Requests that search together, since they ask for the same of one collection.
    struct Group: Sendable {
        /// What they ask, as the first of them does.
        var question: Question
        var members: [Member]

        var questions: Int { members.reduce(0) { $0 + $1.questions } }

        /// Whether a request can be searched with the others: it asks for the same, and the hits of
        /// all are not too many for one message.
        func hasRoom(for other: Question, _ rules: Rules) -> Bool {
            question.k == other.k && question.allowsPartial == other.allowsPartial
                && question.texts == other.texts
                && (questions + other.count) * question.k <= rules.hitsPerSearch
        }
    }

    /// A search of a generation on its way over the workers.
    struct RunningSearch: Sendable {
        var group: Group
        var generation: UInt64
        var shared: SharedSearch
        /// The last request to a worker for each number of the search.
        var requests: [Int: UInt64] = [:]
        /// Gatherings that still read its hits.
        var gatherings = 0
        /// Members for whom the host looks how the collection is served.
        var consulting: Set<UInt64> = []
        /// Members that search a newer generation.
        var again: [Member] = []

        /// Whether nobody waits for anything of it.
        var isOver: Bool { shared.isOver && gatherings == 0 && consulting.isEmpty }

        /// Bytes that the hits in some shards may have: a count for each question, and an ordinal
        /// and a score for each hit; and what their passages usually take, where they come with
        /// them since they are few.
        func bytes(of shards: [ShardNumber], _ rules: Rules) -> (hits: Int, passages: Int) {
            let hits =
                group.questions * min(group.question.k, Int(clamping: shared.rows(of: shards)))
            let isFew = hits <= rules.hitsWithPassages
            return (4 * group.questions + 16 * hits, isFew ? hits * rules.passageBytes : 0)
        }
    }

    /// A request to a worker.
    enum WorkerRequest: Sendable {
        case search(UInt64, part: Int, WorkerID, [ShardNumber], passageBytes: Int)
        case fetch(UInt64, part: Int, WorkerID, Fetch)

        var worker: WorkerID {
            switch self {
            case .search(_, _, let worker, _, _), .fetch(_, _, let worker, _): worker
            }
        }

        /// The search or gathering that it is of, and the number that this knows it by.
        var place: (owner: UInt64, part: Int) {
            switch self {
            case .search(let owner, let part, _, _, _), .fetch(let owner, let part, _, _):
                (owner, part)
            }
        }
    }

    // MARK: The generation

    mutating func pin(_ group: Group, _ effects: inout [Effect]) {
        let number = newNumber()
        groups[number] = group
        effects.append(.pin(number, collection: group.question.collection))
    }

    /// None serves yet: each waits as long as it may, and takes what it would take alone.
    mutating func notPinned(_ number: UInt64, _ effects: inout [Effect]) {
        guard let group = groups.removeValue(forKey: number) else { return }
        for member in group.members where asked[member.number] != nil {
            let number = newNumber()
            groups[number] = Group(question: group.question, members: [member])
            effects.append(
                .pinPatiently(
                    number, collection: group.question.collection,
                    allowsPartial: group.question.allowsPartial, until: member.deadline))
        }
    }

    mutating func pinned(
        _ number: UInt64, _ generation: Generation, now: Instant, _ effects: inout [Effect]
    ) {
        guard var group = groups.removeValue(forKey: number) else { return }
        group.members.removeAll { asked[$0.number] == nil }
        guard !group.members.isEmpty else {
            return effects.append(
                .unpin(
                    collection: group.question.collection, generation: generation.number))
        }
        let deadlines = group.members.map { ($0.number, $0.deadline) }
        searches[number] = RunningSearch(
            group: group, generation: generation.number,
            shared: SharedSearch(
                rows: generation.rows, holders: generation.places.holders,
                isPatient: !group.question.allowsPartial,
                members: Dictionary(deadlines) { first, _ in first }))
        effects.append(.begin(number, group.members.map(\.number)))
        follow(
            searches[number]?.shared.start(lost: generation.places.lost), ofSearch: number,
            now: now, &effects)
    }

    // MARK: Over the workers

    mutating func follow(
        _ told: [SharedSearch.Effect]?, ofSearch number: UInt64, now: Instant,
        _ effects: inout [Effect]
    ) {
        for effect in told ?? [] {
            guard let search = searches[number] else { return }
            switch effect {
            case .send(let worker, let part, let shards):
                let requestID = newNumber()
                searches[number]?.requests[part] = requestID
                let bytes = search.bytes(of: shards, rules)
                ask(
                    .search(
                        number, part: part, worker, shards, passageBytes: bytes.passages),
                    as: requestID, bytes: bytes.hits + bytes.passages,
                    until: search.shared.deadline, &effects)
            case .cancel(let worker, let part):
                guard let requestID = search.requests[part] else { continue }
                if !answers.waits(requestID) {
                    effects.append(.cancel(number, worker, requestID: requestID))
                }
                forget(requestID, &effects)
            case .settle(let members):
                settle(members, ofSearch: number, now: now, &effects)
            }
        }
        endIfOver(search: number, &effects)
    }

    /// Members wait no longer: they get the passages of what was found, where that is an answer.
    private mutating func settle(
        _ members: [UInt64], ofSearch number: UInt64, now: Instant, _ effects: inout [Effect]
    ) {
        guard let search = searches[number] else { return }
        let coverage = search.shared.coverage
        // Where no shard with rows answered, an answer would say that nothing was found.
        let isAnswer =
            coverage.isComplete
            || (search.group.question.allowsPartial && coverage.rowsAnswered > 0)
        if isAnswer {
            gather(members, ofSearch: number, &effects)
        } else {
            searches[number]?.consulting.formUnion(members)
            effects.append(
                .consult(
                    number, members, coverage, collection: search.group.question.collection))
        }
    }

    /// Where a newer generation took over before all of this one had answered, members search
    /// again, since nobody loads the shards of an old one again.
    mutating func consulted(
        _ number: UInt64, _ members: [UInt64], _ coverage: Coverage, _ outlook: Outlook,
        now: Instant, _ effects: inout [Effect]
    ) {
        guard let search = searches[number] else { return }
        let wanted = search.consulting.intersection(members)
        searches[number]?.consulting.subtract(wanted)
        let isReplaced = outlook.serving.map { $0 != search.generation } ?? false
        for member in search.group.members where wanted.contains(member.number) {
            guard asked[member.number] != nil else { continue }
            if isReplaced, now < member.deadline {
                searches[number]?.again.append(member)
            } else {
                fail(
                    member.number, .missingShards(coverage, outlook.failures), now: now, &effects)
            }
        }
        endIfOver(search: number, &effects)
    }

    mutating func endIfOver(search number: UInt64, _ effects: inout [Effect]) {
        guard let search = searches[number], search.shared.isOver else { return }
        searches[number]?.requests = [:]
        for requestID in search.requests.values.sorted() { forget(requestID, &effects) }
        guard search.isOver else { return }
        searches[number] = nil
        effects.append(.endSearch(number))
        effects.append(
            .unpin(
                collection: search.group.question.collection, generation: search.generation))
        let again = search.again.filter { asked[$0.number] != nil }
        if !again.isEmpty {
            pin(Group(question: search.group.question, members: again), &effects)
        }
    }

    mutating func searched(
        _ requestID: UInt64, _ shards: [ShardNumber], by worker: WorkerID, now: Instant,
        _ effects: inout [Effect]
    ) {
        guard let request = take(requestID, by: worker), case .search = request else { return }
        answered(request, shards: Set(shards), now: now, &effects)
    }

    /// Whether the answer of a worker to a request counts still.
    package func isAsked(_ requestID: UInt64, of worker: WorkerID) -> Bool {
        requests[requestID].map { $0.worker == worker && isWanted($0) } ?? false
    }

    /// The search that an answer of a worker counts for; nil where none waits for it any more.
    package func search(answeredBy requestID: UInt64, from worker: WorkerID) -> UInt64? {
        guard let request = requests[requestID], request.worker == worker, isWanted(request),
            case .search(let number, _, _, _, _) = request
        else { return nil }
        return number
    }
}
