/// Generations: which shards are loaded, which answer, and which files they read.
///
/// States of a load and what moves it:
///
///     waiting ─its turn─▶ opening a segment ⇄ receiving it, part by part ─▶ storing it
///                              │ all segments of the shard
///                              ▼
///     answered ◀─last shard─ building the index ─▶ next shard
///
/// Invariants:
/// 1. Loads are carried out one at a time, in the order in which they came; of one generation one
///    waits, the last. At most `waitingLimit` wait: the oldest goes.
/// 2. A load names the whole set of shards. What it does not name is dropped when its turn comes,
///    what is held stays, and the rest is loaded in its order.
/// 3. A later load, or the end of the generation, overtakes the one under way: that one stops,
///    except that it finishes a shard that the later one names too, and is not answered.
/// 4. A shard answers searches of a generation from the moment its index is built, and is reported
///    then, never before; it ends with its generation, with a load that does not name it, or with
///    damage of a file that it reads.
/// 5. A segment stays open while a served shard reads it, or the load under way.
/// 6. One part of one segment is asked for at a time; it is given up after `partPatience`. What
///    comes must be of the announced size, and is kept only as it comes.
struct WorkerLoading: Sendable {
    typealias Effect = WorkerMachine.Effect

    /// Loads that wait for their turn at most.
    static let waitingLimit = 256
    /// Time after which a part of a segment is given up.
    static let partPatience: Duration = .seconds(10)

    /// A shard that answers.
    struct Served: Hashable, Sendable {
        /// The work that built its index.
        var index: WorkID
        var segments: [SegmentKey]
        var rows: UInt64
        /// The generation that the index was built for.
        var generation: UInt64
    }

    /// The load under way.
    struct Current: Sendable {
        /// What is awaited.
        enum Step: Equatable, Sendable {
            case nothing
            case opens(WorkID)
            case receives(requestID: UInt64, since: Instant, bytes: UInt64)
            case stores(WorkID)
            case builds(WorkID)
        }

        var load: LoadGeneration
        /// The shard that is being loaded, by its place in the load, and its segments so far.
        var position = 0
        var segments: [SegmentKey] = []
        var step = Step.nothing
        var isOvertaken = false
        var failure = ""
        var isLasting = false

        var shard: ShardSpec { load.shards[position] }
        var reference: SegmentRef { shard.segments[segments.count] }
        var segment: SegmentKey {
            SegmentKey(collection: load.collection, sha256: reference.sha256)
        }
    }

    private(set) var waiting: [LoadGeneration] = []
    private(set) var current: Current?
    private(set) var served: [GenerationKey: [UInt32: Served]] = [:]
    /// The load of each served generation that was carried out last.
    private var carriedOut: [GenerationKey: UInt64] = [:]
    private(set) var open: Set<SegmentKey> = []
    private var lastRequest: UInt64 = 0

    /// The indexes that answer for `shards` of a generation; shards that are not here are left out.
    func indexes(of key: GenerationKey, shards: [UInt32]) -> [UInt32: WorkID] {
        guard let held = served[key] else { return [:] }
        return shards.reduce(into: [:]) { $0[$1] = held[$1]?.index }
    }

    // MARK: What the coordinator asks for

    mutating func load(
        _ load: LoadGeneration, now: Instant, _ ids: inout WorkCounter, _ effects: inout [Effect]
    ) {
        forgetLoads(of: load.key)
        waiting.append(load)
        if waiting.count > WorkerLoading.waitingLimit { waiting.removeFirst() }
        stopUnwanted(&effects)
        proceed(now: now, &ids, &effects)
    }

    mutating func unload(
        _ key: GenerationKey, now: Instant, _ ids: inout WorkCounter, _ effects: inout [Effect]
    ) {
        forgetLoads(of: key)
        carriedOut[key] = nil
        if let dropped = served.removeValue(forKey: key) { drop(dropped, &effects) }
        stopUnwanted(&effects)
        closeUnused(&effects)
        proceed(now: now, &ids, &effects)
    }

    /// All that an earlier coordinator asked for is void.
    mutating func forget(
        now: Instant, _ ids: inout WorkCounter, _ effects: inout [Effect]
    ) {
        waiting.removeAll()
        carriedOut.removeAll()
        current?.isOvertaken = true
        for key in served.keys.sorted() {
            if let dropped = served.removeValue(forKey: key) { drop(dropped, &effects) }
        }
        stopUnwanted(&effects)
        closeUnused(&effects)
        proceed(now: now, &ids, &effects)
    }

    private mutating func forgetLoads(of key: GenerationKey) {
        waiting.removeAll { $0.key == key }
        if current?.load.key == key { current?.isOvertaken = true }
    }

    /// A part that nobody wants any more is not waited for; other steps end by themselves.
    private mutating func stopUnwanted(_ effects: inout [Effect]) {
        guard let load = current, !isWanted(load), case .receives = load.step else { return }
        effects.append(.dropCopy(load.segment))
        current?.step = .nothing
    }

    /// Whether the shard under way shall be loaded still.
    private func isWanted(_ load: Current) -> Bool {
        guard load.isOvertaken else { return true }
        let shard = load.shard.shard
        return waiting.contains { later in
            later.key == load.load.key && later.shards.contains { $0.shard == shard }
        }
    }

    private func drop(_ shards: [UInt32: Served], _ effects: inout [Effect]) {
        let indexes = shards.values.map(\.index).sorted()
        if !indexes.isEmpty { effects.append(.dropIndexes(indexes)) }
    }

    // MARK: What has been done

    mutating func opened(
        _ work: WorkID, _ facts: WorkerMachine.OpenedSegment, now: Instant,
        _ ids: inout WorkCounter, _ effects: inout [Effect]
    ) {
        guard let load = current, load.step == .opens(work) else { return }
        open.insert(load.segment)
        guard facts.dimension == Int(load.load.dimension),
            facts.fingerprint == load.load.fingerprint
        else {
            let reason = """
                \(facts.path): belongs to another encoder. Remove it; the batch is encoded again.
                """
            return failShard(reason, isLasting: false, now: now, &ids, &effects)
        }
        current?.segments.append(load.segment)
        current?.step = .nothing
        proceed(now: now, &ids, &effects)
    }

    /// The segment is elsewhere: it is copied, part by part, through the coordinator.
    mutating func absent(
        _ work: WorkID, now: Instant, _ ids: inout WorkCounter, _ effects: inout [Effect]
    ) {
        guard let load = current, load.step == .opens(work) else { return }
        guard isWanted(load) else {
            current?.step = .nothing
            return proceed(now: now, &ids, &effects)
        }
        ask(for: load, from: 0, now: now, &effects)
    }

    private mutating func ask(
        for load: Current, from offset: UInt64, now: Instant, _ effects: inout [Effect]
    ) {
        lastRequest += 1
        current?.step = .receives(requestID: lastRequest, since: now, bytes: offset)
        effects.append(
            .message(
                .segmentRequest(
                    SegmentRequest(
                        collection: load.segment.collection, sha256: load.segment.sha256,
                        offset: offset)),
                on: .control, requestID: lastRequest))
    }

    mutating func received(
        _ chunk: SegmentChunk, requestID: UInt64, frames: [[UInt8]], now: Instant,
        _ ids: inout WorkCounter, _ effects: inout [Effect]
    ) {
        guard let load = current, case .receives(requestID, _, let kept) = load.step else {
            return
        }
        let bytes = frames.first ?? []
        let (count, size) = (UInt64(bytes.count), load.reference.bytes)
        guard !chunk.missing, count > 0, chunk.total == size, count <= size - min(kept, size)
        else {
            return failShard(
                """
                No reachable worker holds segment \(load.segment.sha256) of \
                \(load.segment.collection).
                """, isLasting: false, now: now, &ids, &effects)
        }
        effects.append(.keepPart(load.segment, bytes))
        guard kept + count == size else {
            return ask(for: load, from: kept + count, now: now, &effects)
        }
        let work = ids.next()
        current?.step = .stores(work)
        effects.append(.storeCopy(work, load.segment))
    }

    mutating func stored(
        _ work: WorkID, now: Instant, _ ids: inout WorkCounter, _ effects: inout [Effect]
    ) {
        guard current?.step == .stores(work) else { return }
        current?.step = .nothing
        proceed(now: now, &ids, &effects)
    }

    mutating func built(
        _ work: WorkID, now: Instant, _ ids: inout WorkCounter, _ effects: inout [Effect]
    ) {
        guard let load = current, load.step == .builds(work) else { return }
        let (key, shard) = (load.load.key, load.shard)
        if isWanted(load) {
            served[key, default: [:]][shard.shard] = Served(
                index: work, segments: load.segments,
                rows: shard.segments.reduce(0) { $0 &+ $1.rows }, generation: key.generation)
        } else {
            effects.append(.dropIndexes([work]))
        }
        nextShard()
        proceed(now: now, &ids, &effects)
    }

    /// A step has failed: the shard is left out, the others are loaded.
    mutating func failed(
        _ work: WorkID, _ reason: String, isLasting: Bool, now: Instant,
        _ ids: inout WorkCounter, _ effects: inout [Effect]
    ) {
        switch current?.step {
        case .opens(work)?, .stores(work)?, .builds(work)?:
            failShard(reason, isLasting: isLasting, now: now, &ids, &effects)
        default: return
        }
    }

    /// A request was answered with a failure.
    mutating func refused(
        requestID: UInt64, _ failure: Failure, now: Instant, _ ids: inout WorkCounter,
        _ effects: inout [Effect]
    ) {
        guard case .receives(requestID, _, _)? = current?.step else { return }
        failShard(failure.message, isLasting: false, now: now, &ids, &effects)
    }

    /// Time passes: a part that does not come is given up.
    mutating func tick(now: Instant, _ ids: inout WorkCounter, _ effects: inout [Effect]) {
        guard case .receives(_, let since, _)? = current?.step,
            now - since >= WorkerLoading.partPatience
        else { return }
        failShard(
            "A segment did not arrive in 10 s.", isLasting: false, now: now, &ids, &effects)
    }

    private mutating func failShard(
        _ reason: String, isLasting: Bool, now: Instant, _ ids: inout WorkCounter,
        _ effects: inout [Effect]
    ) {
        guard let load = current else { return }
        if case .receives = load.step { effects.append(.dropCopy(load.segment)) }
        current?.failure = reason
        current?.isLasting = isLasting
        effects.append(
            .notice(
                .shardFailed(load.shard.shard, collection: load.load.collection, reason)))
        nextShard()
        proceed(now: now, &ids, &effects)
    }

    private mutating func nextShard() {
        current?.position += 1
        current?.segments = []
        current?.step = .nothing
    }

    /// Does what can be done next.
    private mutating func proceed(
        now: Instant, _ ids: inout WorkCounter, _ effects: inout [Effect]
    ) {
        while let load = next(&effects) {
            guard load.step == .nothing else { return }
            let isOver = load.position == load.load.shards.count
            guard !isOver, isWanted(load), !(load.isOvertaken && isStarting(load)) else {
                finish(load, &effects)
                continue
            }
            guard served[load.load.key]?[load.shard.shard] == nil else {
                nextShard()
                continue
            }
            let work = ids.next()
            if load.segments.count < load.shard.segments.count {
                current?.step = .opens(work)
                effects.append(.openSegment(work, load.segment))
            } else {
                current?.step = .builds(work)
                let settings = load.load.index
                effects.append(.buildShard(work, settings, load.segments))
            }
            return
        }
    }

    /// Whether nothing of the shard in turn was done; an overtaken load begins no shard.
    private func isStarting(_ load: Current) -> Bool { load.segments.isEmpty }

    /// The load under way, or the next one in turn.
    private mutating func next(_ effects: inout [Effect]) -> Current? {
        guard current == nil, !waiting.isEmpty else { return current }
        let load = waiting.removeFirst()
        let wanted = Set(load.shards.map(\.shard))
        let dropped = (served[load.key] ?? [:]).filter { !wanted.contains($0.key) }
        for shard in dropped.keys { served[load.key]?[shard] = nil }
        drop(dropped, &effects)
        current = Current(load: load)
        return current
    }

    private mutating func finish(_ load: Current, _ effects: inout [Effect]) {
        current = nil
        let key = load.load.key
        if !load.isOvertaken { carriedOut[key] = load.load.loadID }
        let answer = report(key, load.failure, load.isLasting)
        forgetEmpty(key)
        closeUnused(&effects)
        // Whoever was overtaken is not answered: the later load is.
        if !load.isOvertaken { effects.append(answer) }
    }

    /// A generation of which nothing is held need not be remembered.
    private mutating func forgetEmpty(_ key: GenerationKey) {
        guard served[key]?.isEmpty != false else { return }
        served[key] = nil
        carriedOut[key] = nil
    }

    private func report(
        _ key: GenerationKey, _ failure: String, _ isLasting: Bool = false
    ) -> Effect {
        .message(
            .generationLoaded(
                GenerationLoaded(
                    collection: key.collection, generation: key.generation,
                    shards: served[key]?.keys.sorted() ?? [], failure: failure,
                    lasting: isLasting, loadID: carriedOut[key] ?? 0)),
            on: .control)
    }

    /// Segments stay open while a shard reads them; the maps of the others are returned.
    private mutating func closeUnused(_ effects: inout [Effect]) {
        guard !open.isEmpty else { return }
        var used = Set(served.values.flatMap { $0.values.flatMap(\.segments) })
        used.formUnion(current?.segments ?? [])
        let unused = open.subtracting(used)
        guard !unused.isEmpty else { return }
        open.formIntersection(used)
        effects.append(.closeSegments(unused.sorted()))
    }

    // MARK: Damage

    /// Serves no longer what reads a damaged file, and says so; all other shards stay.
    mutating func damaged(
        _ shards: [WorkerMachine.DamagedShard], _ effects: inout [Effect]
    ) {
        let files = Dictionary(
            shards.map { ($0.index, $0.files) }, uniquingKeysWith: { first, _ in first })
        for key in served.keys.sorted() {
            let damaged = (served[key] ?? [:]).filter { files[$0.value.index] != nil }
            guard !damaged.isEmpty else { continue }
            let reasons = damaged.values.reduce(into: [String: String]()) {
                $0.merge(files[$1.index] ?? [:]) { first, _ in first }
            }
            let paths = reasons.keys.sorted()
            let failure = paths.compactMap { reasons[$0] }.joined(separator: " ")
            for shard in damaged.keys { served[key]?[shard] = nil }
            effects.append(.setAside(paths))
            drop(damaged, &effects)
            effects.append(
                .notice(
                    .shardsDropped(damaged.keys.sorted(), collection: key.collection, failure)))
            effects.append(report(key, failure))
            if current?.load.key != key { forgetEmpty(key) }
        }
    }
}
