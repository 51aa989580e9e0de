import ClusterCore

/// A question of a user's, with the shards as its passages.
struct SimulatedQuestion {
    var isStrict: Bool
    var deadline: Instant
    /// The search that it takes part in.
    var search: UInt64?
    /// What had come when it waited no longer.
    var settled: (coverage: Coverage, search: SimulatedSearch)?
}

/// What the machine's number of a search stands for.
struct SimulatedSearch {
    var generation: ServingTable.Generation
    /// The answers taken, and their hits.
    var taken: [RequestKey] = []
    var hits: [(generation: UInt8, shard: UInt8)] = []
    /// The shards whose passages came with them.
    var complete: Set<UInt8> = []
}

extension SimulatedCoordinator {
    /// Shards that a question finds at most.
    private static let hitsPerQuestion = 64

    /// A user asks a question.
    func search(isStrict: Bool, budget: Duration) {
        let number = newQuestion()
        let deadline = simulation.now + budget
        questions[number] = SimulatedQuestion(isStrict: isStrict, deadline: deadline)
        let question = QueryMachine.Question(
            collection: SimulatedCoordinator.collection, k: Self.hitsPerQuestion, count: 1,
            bytes: 100, allowsPartial: !isStrict, texts: true)
        tell(.asked(number, question, by: user.peer, deadline: deadline))
    }

    /// Carries out what the query machine says.
    func perform(_ effect: QueryMachine.Effect) {
        let begun = beginning
        beginning = nil
        switch effect {
        case .encode(let numbers):
            later(dice.milliseconds(0...20)) { $0.tell(.encoded(numbers, failed: [:])) }
        case .refuse(let number, _), .forget(let number): questions[number] = nil
        case .fail(let number, let fault): fail(number, fault)
        case .pin(let group, _): pin(group, allowsPartial: false, until: simulation.now)
        case .pinPatiently(let group, _, let allowsPartial, let deadline):
            pin(group, allowsPartial: allowsPartial, until: deadline, isPatient: true)
            later(deadline - simulation.now) { $0.handle(.tick) }
        case .unpin(let collection, let generation):
            handle(.serving(.unpin(collection, generation)))
        case .begin(let search, let members):
            searches[search] = pinned.removeValue(forKey: search).map {
                SimulatedSearch(generation: $0)
            }
            beginning = search
            for member in members {
                questions[member]?.search = search
                questions[member]?.settled = nil
            }
        case .search(
            let search, let worker, let requestID, let shards, let bytes, let deadline):
            // Holders are those of this moment; asked later, one may have dropped the shard.
            if begun == search {
                beginning = search
                simulation.ledger.expectsShards(RequestKey(epoch: epoch, requestID: requestID))
            }
            ask(worker, for: shards, of: search, requestID, bytes, until: deadline)
        case .cancel(_, let worker, let requestID):
            send(.cancel(Cancel(requestID: requestID)), to: worker, on: .query)
        case .consult(let search, let members, let coverage, _):
            settle(members, of: search, coverage)
            later(dice.milliseconds(0...3)) { coordinator in
                let outlook = QueryMachine.Outlook(
                    serving: coordinator.serving?.serving?.number)
                coordinator.tell(.consulted(search, members, coverage, outlook))
            }
        case .gather(let gathering, let search, let members, let coverage):
            settle(members, of: search, coverage)
            gather(gathering, of: search, members)
        case .fetch(let gathering, let worker, let requestID, let fetch, let deadline):
            ask(worker, for: fetch, of: gathering, requestID, until: deadline)
        case .answer(let number, let search, let gathering):
            answer(number, of: search, with: gathering)
        case .lookUp(let number, let shards, let generation, _):
            tell(.placed(number, places(of: shards, in: generation)))
        case .endSearch(let search): searches[search] = nil
        case .endGathering(let gathering): gatherings[gathering] = nil
        }
    }

    // MARK: The generation

    private func pin(
        _ group: UInt64, allowsPartial: Bool, until deadline: Instant, isPatient: Bool = false
    ) {
        pins[group] = isPatient
        handle(
            .serving(
                .pin(
                    SimulatedCoordinator.collection, waiter: group, allowsPartial: allowsPartial,
                    deadline: deadline)))
    }

    func isPinned(_ group: UInt64, _ generation: ServingTable.Generation) {
        pins[group] = nil
        pinned[group] = generation
        tell(
            .pinned(
                group,
                QueryMachine.Generation(
                    number: generation.number, rows: generation.rows,
                    places: places(of: Array(generation.rows.keys), in: generation.number))))
    }

    func cannotPin(_ group: UInt64) {
        let isPatient = pins.removeValue(forKey: group) ?? false
        tell(isPatient ? .cannotPin(group, Failure(code: .unavailable)) : .notPinned(group))
    }

    private func places(of shards: [ShardNumber], in generation: UInt64) -> QueryMachine.Places {
        guard let serving else { return QueryMachine.Places(lost: Set(shards)) }
        var places = QueryMachine.Places(lost: serving.lost(of: generation))
        for shard in shards {
            places.holders[shard] = serving.holders(of: shard, generation: generation)
                .filter { membership.isReady($0) }
        }
        return places
    }

    // MARK: Over the workers

    private func ask(
        _ worker: WorkerID, for shards: [ShardNumber], of search: UInt64, _ requestID: UInt64,
        _ passageBytes: Int, until deadline: Instant
    ) {
        guard let generation = searches[search]?.generation.number else { return }
        simulation.checkRoute(to: worker)
        send(
            .search(
                Search(
                    collection: SimulatedCoordinator.collection, generation: generation,
                    shards: shards.map { UInt32($0.rawValue) },
                    passageBytes: UInt32(passageBytes))),
            to: worker, on: .query, requestID: requestID, budget: deadline - simulation.now)
    }

    /// Takes what is for the query machine.
    func receiveAnswer(_ envelope: Envelope, by worker: WorkerID) {
        let requestID = envelope.requestID
        switch envelope.message {
        case .searchResult(let result):
            if let search = queries.search(answeredBy: requestID, from: worker) {
                searches[search]?.taken.append(RequestKey(epoch: epoch, requestID: requestID))
                let generation = envelope.frames.first?.first ?? 0
                let shards = envelope.frames.last ?? []
                for shard in shards { searches[search]?.hits.append((generation, shard)) }
                searches[search]?.complete.formUnion(shards.prefix(Int(result.passages)))
                if result.passages > 0 { simulation.sees(.passagesWithHits) }
            }
            let answered = result.shards.filter(\.answered).map { ShardNumber(Int($0.shard)) }
            tell(.searched(requestID: requestID, answered, by: worker))
        case .fetchResult(let result):
            if let (gathering, fetch) = queries.fetch(answeredBy: requestID, from: worker) {
                let rest = gatherings[gathering]?.passages(of: fetch.shards)
                    .dropFirst(fetch.skipped).prefix(Int(result.count))
                simulation.ledger.require(
                    envelope.frames.first == rest.map { Array($0) },
                    "other passages come than were asked for")
                for shard in envelope.frames.first ?? [] {
                    gatherings[gathering]?.came[shard, default: 0] += 1
                }
                if fetch.skipped > 0 || result.count == 0 { simulation.sees(.partOfPassages) }
            }
            tell(
                .fetched(
                    requestID: requestID, count: Int(result.count), next: Int(result.nextBytes),
                    by: worker))
        case .failure: tell(.failed(requestID: requestID, by: worker))
        default: break
        }
    }

    // MARK: What was found

    private func settle(_ members: [UInt64], of search: UInt64, _ coverage: Coverage) {
        guard let data = searches[search] else { return }
        for member in members where questions[member]?.settled == nil {
            questions[member]?.settled = (coverage, data)
        }
    }

    private func gather(_ gathering: UInt64, of search: UInt64, _ members: [UInt64]) {
        var wanted = QueryMachine.Wanted(
            counts: [:], shards: [:], places: QueryMachine.Places())
        for member in members {
            let hits = questions[member]?.settled?.search.hits ?? []
            let complete = searches[search]?.complete ?? []
            let missing = hits.map(\.shard).filter { !complete.contains($0) }
            let shards = Set(missing.map { ShardNumber(Int($0)) })
            wanted.shards[member] = shards
            for shard in shards { wanted.counts[shard] = SimulatedGathering.count(of: shard) }
        }
        gatherings[gathering] = SimulatedGathering(
            generation: searches[search]?.generation.number ?? 0)
        for shard in searches[search]?.complete ?? [] {
            gatherings[gathering]?.came[shard] = SimulatedGathering.count(
                of: ShardNumber(Int(shard)))
        }
        later(dice.milliseconds(0...3)) { coordinator in
            guard let generation = coordinator.gatherings[gathering]?.generation else { return }
            wanted.places = coordinator.places(of: Array(wanted.counts.keys), in: generation)
            coordinator.tell(.wanted(gathering, wanted))
        }
    }

    private func ask(
        _ worker: WorkerID, for fetch: QueryMachine.Fetch, of gathering: UInt64,
        _ requestID: UInt64, until deadline: Instant
    ) {
        guard let data = gatherings[gathering] else { return }
        send(
            .fetch(
                Fetch(
                    collection: SimulatedCoordinator.collection, generation: data.generation,
                    texts: true, mostBytes: UInt32(fetch.bytes))),
            to: worker, on: .query, requestID: requestID, budget: deadline - simulation.now,
            frames: [Array(data.passages(of: fetch.shards).dropFirst(fetch.skipped))])
    }

    private func answer(_ number: UInt64, of search: UInt64, with gathering: UInt64) {
        guard let question = questions.removeValue(forKey: number) else { return }
        simulation.ledger.require(question.search == search, "an answer is of another search")
        let came = gatherings[gathering]?.came ?? [:]
        for hit in question.settled?.search.hits ?? [] {
            let count = SimulatedGathering.count(of: ShardNumber(Int(hit.shard)))
            simulation.ledger.require(
                came[hit.shard, default: 0] >= count, "an answer is without its passages")
        }
        end(question, isAnswer: true)
    }

    private func fail(_ number: UInt64, _ fault: QueryMachine.Fault) {
        guard let question = questions.removeValue(forKey: number) else { return }
        switch fault {
        case .missingShards: end(question, isAnswer: false)
        case .missingPassages:
            simulation.sees(.missingPassages)
            end(question, isAnswer: false, isMissingPassages: true)
        case .other: break
        }
    }

    private func end(
        _ question: SimulatedQuestion, isAnswer: Bool, isMissingPassages: Bool = false
    ) {
        guard let (coverage, search) = question.settled else {
            return simulation.ledger.require(false, "a search ended before anything was settled")
        }
        simulation.searchEnded(
            SearchOutcome(
                isStrict: question.isStrict, deadline: question.deadline,
                generation: search.generation, coverage: coverage, requests: search.taken,
                hits: search.hits, isAnswer: isAnswer, isMissingPassages: isMissingPassages))
    }
}

/// What the machine's number of a gathering stands for.
struct SimulatedGathering {
    var generation: UInt64
    /// Passages that came, by shard.
    var came: [UInt8: Int] = [:]

    /// How many passages are found in a shard.
    static func count(of shard: ShardNumber) -> Int { 1 + shard.rawValue % 3 }

    /// Bytes that each of them takes: some more than a first answer has room for.
    static func bytes(of shard: UInt8) -> Int { shard % 4 == 3 ? 100_000 : 30_000 }

    /// The passages of shards, each by its shard.
    func passages(of shards: [ShardNumber]) -> [UInt8] {
        shards.flatMap { shard in
            Array(repeating: UInt8(shard.rawValue), count: Self.count(of: shard))
        }
    }
}
