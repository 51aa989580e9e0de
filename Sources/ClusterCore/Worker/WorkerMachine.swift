/// All that a worker decides: when it joins, what it encodes, loads and answers, and what it says.
///
/// The shell gives each ``Event`` with the time it has, and carries out the ``Effect``s in their
/// order; it decides nothing. Sockets, disks, encoders, indexes and bytes are the shell's, and go
/// by names here. The simulator drives this very machine.
///
///     var worker = WorkerMachine(greeting: hello, incarnation: nonce, now: now)
///     for effect in worker.handle(.received(envelope, on: .query), now: now) { perform(effect) }
///
/// It is made of four parts, each with its states and invariants: ``WorkerJoining``,
/// ``WorkerEncoding``, ``WorkerLoading`` and ``WorkerSearching``. What holds of them together:
///
/// 1. Nothing that one coordinator asked for is done, reported or answered to another.
/// 2. Every list is bounded, whatever the coordinator says.
/// 3. No event traps, in whatever order events come; what is not awaited is passed over.
/// 4. A worker may end between any two effects, and loses nothing that it has reported.
package struct WorkerMachine: Sendable {
    /// The rule that a simulation breaks.
    package var broken: ProtocolRule?

    var joining: WorkerJoining
    var encoding = WorkerEncoding()
    var loading = WorkerLoading()
    var searching = WorkerSearching()
    private var ids = WorkCounter()

    /// A worker that belongs to nobody yet.
    ///
    /// - Parameters:
    ///   - greeting: What it says of itself; the shell adds the data token.
    ///   - incarnation: Its boot nonce.
    package init(greeting: Hello, incarnation: UInt64, now: Instant) {
        joining = WorkerJoining(greeting: greeting, incarnation: incarnation, now: now)
    }

    /// Its boot nonce.
    package var incarnation: UInt64 { joining.incarnation }
    /// The name it goes by.
    package var name: String { joining.name }
    /// The epoch of its coordinator; 0 before the first.
    package var epoch: UInt64 { joining.epoch }
    /// Whether it sees the coordinator's own data folder.
    package var sharesData: Bool { joining.sharesData }
    /// Whether it belongs to a coordinator now.
    package var isWelcome: Bool { joining.isWelcome }
    /// Whether it has ended.
    package var isDone: Bool { joining.isDone }

    /// The rows of each shard that answers in a generation.
    package func rows(of key: GenerationKey) -> [UInt32: UInt64] {
        (loading.served[key] ?? [:]).mapValues(\.rows)
    }

    /// Decides what is to be done about an event.
    package mutating func handle(_ event: Event, now: Instant) -> [Effect] {
        guard !joining.isDone else { return [] }
        var effects: [Effect] = []
        switch event {
        case .tick: tick(now: now, &effects)
        case .received(let envelope, let lane): received(envelope, lane, now: now, &effects)
        case .disconnected(let lane): joining.disconnected(lane, &effects)
        case .rejected(let reason): joining.rejected(reason, now: now, &effects)
        case .notConnected(let lane): joining.notConnected(lane)
        case .stop: joining.leave(&effects)
        case .encoderPrepared, .encoderLoaded, .encoded, .segmentWritten, .segmentSynced,
            .leaseFailed:
            encodingEnded(event, now: now, &effects)
        case .segmentOpened, .segmentAbsent, .segmentStored, .shardBuilt, .loadFailed, .damaged:
            loadingEnded(event, now: now, &effects)
        case .searched, .fetched, .partRead, .checked, .requestFailed, .passedOver:
            requestEnded(event, now: now, &effects)
        }
        return joining.leaving(effects)
    }

    private mutating func tick(now: Instant, _ effects: inout [Effect]) {
        loading.tick(now: now, &ids, &effects)
        joining.tick(now: now, &effects)
        if joining.isMember { encoding.repeatReports(now: now, &effects) }
    }

    // MARK: Completions

    private mutating func encodingEnded(
        _ event: Event, now: Instant, _ effects: inout [Effect]
    ) {
        switch event {
        case .encoderPrepared(let key): encoding.prepared(key, &effects)
        case .encoderLoaded(let encoder, let key): encoding.loaded(encoder, for: key, &effects)
        case .encoded(let key, let cuts): encoding.encoded(key, cuts, &effects)
        case .segmentWritten(let key, let facts):
            encoding.written(
                key, facts, waitsForSync: broken != .syncBeforePublish, now: now, &effects)
        case .segmentSynced(let key): encoding.synced(key, now: now, &effects)
        case .leaseFailed(let key, let failure): encoding.failed(key, failure, &effects)
        default: return
        }
    }

    private mutating func loadingEnded(
        _ event: Event, now: Instant, _ effects: inout [Effect]
    ) {
        switch event {
        case .segmentOpened(let work, let facts):
            loading.opened(work, facts, now: now, &ids, &effects)
        case .segmentAbsent(let work): loading.absent(work, now: now, &ids, &effects)
        case .segmentStored(let work): loading.stored(work, now: now, &ids, &effects)
        case .shardBuilt(let work): loading.built(work, now: now, &ids, &effects)
        case .loadFailed(let work, let reason, let isLasting):
            loading.failed(work, reason, isLasting: isLasting, now: now, &ids, &effects)
        case .damaged(let shards): loading.damaged(shards, &effects)
        default: return
        }
    }

    private mutating func requestEnded(
        _ event: Event, now: Instant, _ effects: inout [Effect]
    ) {
        switch event {
        case .searched(let work, _, _) where searching.isLate(work, now: now),
            .fetched(let work, _, _) where searching.isLate(work, now: now):
            searching.refuse(work, "Its time is over", &effects)
        case .searched(let work, let result, let frames):
            searching.answer(
                work, .searchResult(result), on: .query, frames: frames, &effects)
        case .fetched(let work, let result, let frames):
            searching.answer(work, .fetchResult(result), on: .query, frames: frames, &effects)
        case .partRead(let work, let chunk, let frames):
            searching.answer(work, .segmentChunk(chunk), on: .bulk, frames: frames, &effects)
        case .checked(let work, let answer):
            searching.answer(work, .segmentsChecked(answer), on: .control, &effects)
        case .requestFailed(let work, let failure):
            searching.answer(work, .failure(failure), on: .query, &effects)
        case .passedOver(let work): searching.passedOver(work, &effects)
        default: return
        }
    }

    // MARK: Messages

    private mutating func received(
        _ envelope: Envelope, _ lane: Lane, now: Instant, _ effects: inout [Effect]
    ) {
        switch envelope.message {
        case .welcome(let welcome):
            return welcomed(welcome, envelope, lane, now: now, &effects)
        case .failure(let failure) where failure.code == .denied:
            if joining.denied(failure, &effects) { forget(now: now, &effects) }
            return
        case .failure(let failure) where failure.code == .conflict && !joining.isMember:
            return joining.doesNotFit(failure, now: now, &effects)
        default: break
        }
        guard joining.isOfCoordinator(envelope, fencesEpochs: broken != .epochFence) else {
            return
        }
        joining.heard(now: now)
        switch envelope.message {
        case .heartbeatAck: break
        case .failure(let failure):
            if failure.code == .notFound, lane == .control, joining.unknown() {
                forget(now: now, &effects)
            }
            loading.refused(
                requestID: envelope.requestID, failure, now: now, &ids, &effects)
        case .drain, .goodbye: joining.leave(&effects)
        case .leaseGrant, .passageChunk, .commitAck, .leaseRevoke, .prepareEncoder:
            receivedLease(envelope, &effects)
        case .loadGeneration, .unloadGeneration, .segmentChunk:
            receivedLoad(envelope, now: now, &effects)
        case .search, .fetch, .cancel, .segmentRequest, .checkSegments:
            receivedRequest(envelope, now: now, &effects)
        default: effects.append(.notice(.unexpected(envelope.message.type, lane)))
        }
    }

    private mutating func welcomed(
        _ welcome: Welcome, _ envelope: Envelope, _ lane: Lane, now: Instant,
        _ effects: inout [Effect]
    ) {
        let (isTaken, isOther) = joining.judges(envelope, on: lane)
        guard isTaken else { return }
        if isOther { forget(now: now, &effects) }
        joining.welcomed(welcome, envelope, on: lane, now: now, &effects)
    }

    /// What an earlier coordinator asked for is void: its attempts and generations were its own.
    private mutating func forget(now: Instant, _ effects: inout [Effect]) {
        joining.forget()
        encoding.forget(&effects)
        loading.forget(now: now, &ids, &effects)
        searching.forget(&effects)
    }

    private mutating func receivedLease(_ envelope: Envelope, _ effects: inout [Effect]) {
        switch envelope.message {
        case .leaseGrant(let grant): encoding.granted(grant, epoch: envelope.epoch, &effects)
        case .passageChunk(let chunk):
            encoding.received(chunk, envelope.frames, epoch: envelope.epoch, &effects)
        case .commitAck(let ack): encoding.acknowledged(ack)
        case .leaseRevoke(let revoke): encoding.revoked(revoke, &effects)
        case .prepareEncoder(let encoder): encoding.prepare(encoder, &effects)
        default: return
        }
    }

    private mutating func receivedLoad(
        _ envelope: Envelope, now: Instant, _ effects: inout [Effect]
    ) {
        switch envelope.message {
        case .loadGeneration(let load):
            if broken == .loadBeforeServe { effects.append(.loadedBefore(load)) }
            loading.load(load, now: now, &ids, &effects)
        case .unloadGeneration(let unload):
            let key = GenerationKey(
                collection: unload.collection, generation: unload.generation)
            loading.unload(key, now: now, &ids, &effects)
        case .segmentChunk(let chunk):
            loading.received(
                chunk, requestID: envelope.requestID, frames: envelope.frames, now: now, &ids,
                &effects)
        default: return
        }
    }

    private mutating func receivedRequest(
        _ envelope: Envelope, now: Instant, _ effects: inout [Effect]
    ) {
        switch envelope.message {
        case .search(let search):
            let key = searched(
                GenerationKey(collection: search.collection, generation: search.generation))
            let indexes = loading.indexes(of: key, shards: search.shards)
            take(.search, envelope, key, search.generation, now: now, &effects) {
                .search($0, search, frames: envelope.frames, indexes: indexes)
            }
        case .fetch(let fetch):
            let key = searched(
                GenerationKey(collection: fetch.collection, generation: fetch.generation))
            let indexes = (loading.served[key] ?? [:]).values.map(\.index).sorted()
            take(.fetch, envelope, key, fetch.generation, now: now, &effects) {
                .fetch($0, fetch, frames: envelope.frames, indexes: indexes)
            }
        case .segmentRequest(let part):
            take(.part, envelope, nil, 0, now: now, &effects) { .readPart($0, part) }
        case .checkSegments(let page):
            guard page.segments.count <= CheckSegments.pageSize else {
                return effects.append(.notice(.refused(.checkSegments)))
            }
            take(.check, envelope, nil, 0, now: now, &effects) { .checkSegments($0, page) }
        case .cancel(let cancel): searching.cancelled(cancel, &effects)
        default: return
        }
    }

    private mutating func take(
        _ kind: WorkerSearching.Kind, _ envelope: Envelope, _ key: GenerationKey?,
        _ generation: UInt64, now: Instant, _ effects: inout [Effect],
        _ effect: (WorkID) -> Effect
    ) {
        let answering = key.flatMap { loading.served[$0] }.map {
            Set($0.values.map(\.generation)).sorted()
        }
        let request = WorkerSearching.Open(
            kind: kind, requestID: envelope.requestID, epoch: envelope.epoch,
            generation: generation, answering: answering ?? [],
            deadline: envelope.budgetMicroseconds == 0
                ? nil : now + .microseconds(Int64(clamping: envelope.budgetMicroseconds)))
        if let work = searching.take(request, &ids) {
            effects.append(effect(work))
        } else {
            searching.refuse(request, envelope.message, &effects)
        }
    }

    /// The generation that answers for the one asked for: that one, unless a simulation breaks the
    /// rule.
    private func searched(_ key: GenerationKey) -> GenerationKey {
        guard broken == .pinnedAnswer else { return key }
        return loading.served.keys.filter { $0.collection == key.collection }.min() ?? key
    }
}

extension WorkerMachine.Effect {
    /// A report of shards that are not loaded, for simulations that break that rule.
    fileprivate static func loadedBefore(_ load: LoadGeneration) -> WorkerMachine.Effect {
        .message(
            .generationLoaded(
                GenerationLoaded(
                    collection: load.collection, generation: load.generation,
                    shards: load.shards.map(\.shard), loadID: load.loadID)),
            on: .control)
    }
}
