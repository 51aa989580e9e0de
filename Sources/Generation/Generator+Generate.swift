import Base
import Models
import Synchronization
import Tensors

extension Generator {
    /// Sources whose states are in memory at the same time.
    static let sourcesAtOnce = 64
    /// Tokens of a batch of the encoder; see `TextEncoder.batchTokens`.
    static let batchTokens = 384

    /// Generates outputs for sources, each a list of token ids with its special tokens.
    ///
    /// - Parameters:
    ///   - sources: Token ids.
    ///   - options: How outputs are searched for.
    ///   - allowed: Names the tokens that may come next; nil: all.
    ///   - processors: Change the scores of the next token, after all else.
    ///   - threads: Threads to compute on, the calling one included.
    /// - Returns: For each source its outputs, the best first, drawn ones as they were drawn.
    public func generate(
        _ sources: [[Int32]], options: GenerationOptions = GenerationOptions(),
        allowed: PrefixConstraint? = nil, processors: [ScoreProcessor] = [], threads: Int = 1
    ) throws(GenerationError) -> [[GeneratedSequence]] {
        let settings = try settings.resolve(
            options, vocabulary: vocabularySize, longest: plan.longestTarget)
        try check(sources)
        let rules = ScoreRules(settings, allowed: allowed, processors: processors)
        switch precision {
        case .float32(let network):
            return try Generation(network, rules).run(sources, threads: threads)
        case .i16(let network):
            return try Generation(network, rules).run(sources, threads: threads)
        }
    }

    func check(_ sources: [[Int32]]) throws(GenerationError) {
        for (index, source) in sources.enumerated() {
            if source.isEmpty { throw .emptySource(index: index) }
            if let longest = longestSource, source.count > longest {
                throw .sourceTooLong(index: index, tokens: source.count, positions: longest)
            }
            try checkVocabulary(source)
        }
    }

    func checkVocabulary(_ tokens: [Int32]) throws(GenerationError) {
        for token in tokens where !(0..<vocabularySize).contains(Int(token)) {
            throw .outsideVocabulary(token: Int(token), vocabulary: vocabularySize)
        }
    }

    /// Throws where a given output is none that this model can have written.
    func checkOutput(_ output: [Int32]) throws(GenerationError) {
        try checkVocabulary(output)
        if let longest = plan.longestTarget, output.count > longest {
            throw .invalidOption(
                name: "output",
                reason: "has \(output.count) tokens, and the model \(longest)"
                    + " positions", remedy: "Cut it")
        }
    }

    /// The scores of every next token along a given output: `[output, vocabulary]`, row i being
    /// what follows `output[0...i]`.
    ///
    /// Throws: `GenerationError` for what cannot be a source or an output of this model.
    public func scores(source: [Int32], output: [Int32]) throws(GenerationError) -> [Float] {
        try check([source])
        try checkOutput(output)
        guard !output.isEmpty else { return [] }
        switch precision {
        case .float32(let network): return network.scores(source: source, output: output)
        case .i16(let network): return network.scores(source: source, output: output)
        }
    }
}

extension Network {
    /// The scores along an output, computed in one call.
    fileprivate func scores(source: [Int32], output: [Int32]) -> [Float] {
        let space = Workspace()
        let states = sourceStates([source], space)
        let store = TokenStore(plan.decoder, slots: output.count)
        let slots = output.map { _ in store.take() }
        decode(
            [DecodingRun(source: states[0], slots: slots, tokens: output)], store, space)
        let count = output.count * plan.vocabularySize
        return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
            if let out = buffer.baseAddress {
                scores(space.hidden.start, count: output.count, space, into: out)
            }
            filled = count
        }
    }

    /// Encodes sources side by side.
    func sourceStates(_ sources: some Sequence<[Int32]>, _ space: Workspace) -> [SourceState] {
        var batch = SourceBatch()
        for source in sources { batch.append(source) }
        encode(batch, space)
        return sourceStates(batch, space)
    }
}

/// One call of `generate`.
struct Generation<Matrix: WeightMatrix>: Sendable {
    let network: Network<Matrix>
    private let rules: ScoreRules

    init(_ network: Network<Matrix>, _ rules: ScoreRules) {
        self.network = network
        self.rules = rules
    }

    func run(
        _ sources: [[Int32]], threads: Int
    ) throws(GenerationError) -> [[GeneratedSequence]] {
        var outputs: [[GeneratedSequence]] = []
        for start in stride(from: 0, to: sources.count, by: Generator.sourcesAtOnce) {
            let part = start..<min(start + Generator.sourcesAtOnce, sources.count)
            let states = encode(sources[part], threads: max(1, threads))
            outputs += try search(
                states.map { SearchInput(sources: [$0]) }, first: start, threads: max(1, threads))
        }
        return outputs
    }

    /// The states of sources, in their order; each thread takes the next batch.
    func encode(_ sources: ArraySlice<[Int32]>, threads: Int) -> [SourceState] {
        let batches = Self.batches(sources)
        let results = Locked([[SourceState]](repeating: [], count: batches.count))
        let next = Atomic(0)
        // What does not go round is shared by all.
        let whole = batches.count / threads * threads
        if whole > 0 {
            Threads.run(count: threads) { _ in
                let space = Workspace()
                while true {
                    let index = next.add(1, ordering: .relaxed).oldValue
                    guard index < whole else { break }
                    let states = network.sourceStates(sources[batches[index]], space)
                    results.withLock { $0[index] = states }
                }
            }
        }
        if whole < batches.count {
            ThreadTeam.with(threads) { team in
                let space = Workspace(team)
                for index in whole..<batches.count {
                    let states = network.sourceStates(sources[batches[index]], space)
                    results.withLock { $0[index] = states }
                }
            }
        }
        return results.withLock { Array($0.joined()) }
    }

    /// Runs of sources whose tokens together are few enough, or one source.
    private static func batches(_ sources: ArraySlice<[Int32]>) -> [Range<Int>] {
        var batches: [Range<Int>] = []
        var start = sources.startIndex
        var tokens = 0
        for (index, source) in zip(sources.indices, sources) {
            if index > start, tokens + source.count > Generator.batchTokens {
                batches.append(start..<index)
                (start, tokens) = (index, 0)
            }
            tokens += source.count
        }
        if start < sources.endIndex { batches.append(start..<sources.endIndex) }
        return batches
    }

    /// The outputs of encoded sources.
    ///
    /// Threads search for shares of them where there are many, else for all of them together.
    func search(
        _ inputs: [SearchInput], first: Int, threads: Int
    ) throws(GenerationError) -> [[GeneratedSequence]] {
        guard inputs.count >= 4 * threads else {
            return try ThreadTeam.with(threads) { team throws(GenerationError) in
                var loop = SearchLoop(network, rules, inputs[...], first: first, team)
                return try loop.run()
            }
        }
        let workers = threads
        let results = Locked(
            [Result<[[GeneratedSequence]], GenerationError>?](repeating: nil, count: workers))
        Threads.run(count: workers) { worker in
            let share = worker * inputs.count / workers..<(worker + 1) * inputs.count / workers
            let result = Result { () throws(GenerationError) in
                var loop = SearchLoop(network, rules, inputs[share], first: first, .alone)
                return try loop.run()
            }
            results.withLock { $0[worker] = result }
        }
        var outputs: [[GeneratedSequence]] = []
        for case let result? in results.withLock({ $0 }) { outputs += try result.get() }
        return outputs
    }
}
