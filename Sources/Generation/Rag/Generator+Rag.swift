import Base
import Foundation
import Models
import Tensors

extension Generator {
    /// Answers questions from the passages that were retrieved for each.
    ///
    /// RAG-sequence searches for outputs under each passage alone, then ranks all different ones by
    /// what they are worth under all passages; a beginning token that every one opens with counts
    /// nothing then. RAG-token searches once, each next token weighed under all passages. Each
    /// passage is encoded once either way.
    ///
    /// Source: Lewis et al. 2020, §2.5.
    ///
    /// - Parameters:
    ///   - contexts: The passages of each question, at least one.
    ///   - kind: How passages are summed over.
    ///   - decoding: Under which passages RAG-sequence weighs an output.
    ///   - options: How outputs are searched for; `returns` answers are given for each question,
    ///     fewer where fewer different ones were found.
    ///   - removesDuplicates: Whether an output found under several passages is ranked once.
    ///   - allowed: Names the tokens that may come next, by the number of the question.
    ///   - processors: Change the scores of the next token, by the number of the question.
    ///   - threads: Threads to compute on.
    /// - Returns: For each question its answers, the best first.
    public func answers(
        from contexts: [RetrievedContexts], _ kind: RagKind, _ decoding: RagDecoding = .thorough,
        options: GenerationOptions = GenerationOptions(), removesDuplicates: Bool = true,
        allowed: PrefixConstraint? = nil, processors: [ScoreProcessor] = [], threads: Int = 1
    ) throws(GenerationError) -> [[RagAnswer]] {
        for (index, question) in contexts.enumerated() where question.sources.isEmpty {
            throw .noPassages(index: index)
        }
        try check(contexts.flatMap(\.sources))
        let stored = settings(kind)
        let settings = try stored.resolve(
            options, vocabulary: vocabularySize, longest: plan.longestTarget)
        let beginning = try stored.beginning(vocabulary: vocabularySize)
        switch precision {
        case .float32(let network):
            return try RagGeneration(
                network, settings, kind, decoding, removesDuplicates: removesDuplicates,
                allowed: allowed, processors: processors, beginning: beginning
            ).run(contexts, threads: max(1, threads))
        case .i16(let network):
            return try RagGeneration(
                network, settings, kind, decoding, removesDuplicates: removesDuplicates,
                allowed: allowed, processors: processors, beginning: beginning
            ).run(contexts, threads: max(1, threads))
        }
    }

    /// How likely given answers are under the passages of one question.
    ///
    /// - Parameters:
    ///   - answers: Tokens with the start token first, without padding.
    ///   - context: The passages.
    /// - Returns: For each answer what a search tells of those that it finds; its score is its
    ///   logarithm.
    public func weigh(
        _ answers: [[Int32]], from context: RetrievedContexts, _ kind: RagKind, threads: Int = 1
    ) throws(GenerationError) -> [RagAnswer] {
        guard !context.sources.isEmpty else { throw .noPassages(index: 0) }
        try check(context.sources)
        for answer in answers { try checkOutput(answer) }
        func weigh(
            _ network: Network<some WeightMatrix>
        ) throws(GenerationError) -> [RagAnswer] {
            let rules = ScoreRules(
                try settings(kind).resolve(
                    GenerationOptions(), vocabulary: vocabularySize, longest: plan.longestTarget))
            let states = Generation(network, rules).encode(
                context.sources[...], threads: max(1, threads))
            return try network.likelihoods(
                of: answers, under: states, context.priors, first: 0, threads: threads
            ).enumerated().map { index, likelihood in
                RagAnswer(answers[index], likelihood, kind, score: nil)
            }
        }
        switch precision {
        case .float32(let network): return try weigh(network)
        case .i16(let network): return try weigh(network)
        }
    }
}

extension RagAnswer {
    init(
        _ tokens: [Int32], _ likelihood: AnswerLikelihood, _ kind: RagKind, score: Double?
    ) {
        self.tokens = tokens
        logarithm = likelihood.logarithm(kind)
        self.score = score ?? logarithm
        priors = likelihood.priors.map { exp($0) }
        posteriors = likelihood.posteriors
        tokenPosteriors = likelihood.tokenPosteriors
    }
}

extension Network {
    /// The likelihoods of outputs under the passages of one question.
    ///
    /// - Parameter known: Outputs that were found under each passage, whose logarithms the search
    ///   has told: the same ones, bit for bit.
    func likelihoods(
        of outputs: [[Int32]], under states: [SourceState], _ priors: [Double],
        known: [[GeneratedSequence]] = [], first: Int, threads: Int
    ) throws(GenerationError) -> [AnswerLikelihood] {
        let values = try ThreadTeam.with(threads) { team throws(GenerationError) in
            var values: [[[Float]]] = []
            for (passage, state) in states.enumerated() {
                let found = known.isEmpty ? [] : known[passage]
                var told = Dictionary(
                    found.map { ($0.tokens, $0.logarithms) }, uniquingKeysWith: { a, _ in a })
                let others = outputs.filter { told[$0] == nil }
                let scored = try logarithms(
                    of: others, under: state, number: first + passage, team)
                for (output, values) in zip(others, scored) { told[output] = values }
                values.append(outputs.map { told[$0] ?? [] })
            }
            return values
        }
        return outputs.indices.map { output in
            AnswerLikelihood(
                priors: priors, tokens: values.map { $0[output].map(Double.init) })
        }
    }
}

/// One search for the answers to questions.
private struct RagGeneration<Matrix: WeightMatrix>: Sendable {
    private let network: Network<Matrix>
    private let settings: SearchSettings
    private let kind: RagKind
    private let decoding: RagDecoding
    private let removesDuplicates: Bool
    private let allowed: PrefixConstraint?
    private let processors: [ScoreProcessor]
    private let beginning: Int32?

    init(
        _ network: Network<Matrix>, _ settings: SearchSettings, _ kind: RagKind,
        _ decoding: RagDecoding, removesDuplicates: Bool, allowed: PrefixConstraint?,
        processors: [ScoreProcessor],
        beginning: Int32?
    ) {
        self.network = network
        self.settings = settings
        self.kind = kind
        self.decoding = decoding
        self.removesDuplicates = removesDuplicates
        self.allowed = allowed
        self.processors = processors
        self.beginning = beginning
    }

    func run(
        _ contexts: [RetrievedContexts], threads: Int
    ) throws(GenerationError) -> [[RagAnswer]] {
        var answers: [[RagAnswer]] = []
        var start = 0
        while start < contexts.count {
            // As many questions together as their passages allow.
            var end = start + 1
            var passages = contexts[start].sources.count
            while end < contexts.count,
                passages + contexts[end].sources.count <= Generator.sourcesAtOnce
            {
                passages += contexts[end].sources.count
                end += 1
            }
            answers += try run(contexts[start..<end], threads: threads)
            start = end
        }
        return answers
    }

    private func run(
        _ contexts: ArraySlice<RetrievedContexts>, threads: Int
    ) throws(GenerationError) -> [[RagAnswer]] {
        let sources = contexts.flatMap(\.sources)
        let encoded = Generation(network, ScoreRules(settings)).encode(
            sources[...], threads: threads)
        var states: [[SourceState]] = []
        var place = 0
        for question in contexts {
            states.append(Array(encoded[place..<place + question.sources.count]))
            place += question.sources.count
        }
        switch kind {
        case .sequence: return try sequence(Array(contexts), states, contexts.startIndex, threads)
        case .token: return try token(Array(contexts), states, contexts.startIndex, threads)
        }
    }

    private func token(
        _ contexts: [RetrievedContexts], _ states: [[SourceState]], _ first: Int, _ threads: Int
    ) throws(GenerationError) -> [[RagAnswer]] {
        let inputs = zip(contexts, states).map { context, states in
            SearchInput(sources: states, priors: context.priors.map { Float($0) })
        }
        let rules = ScoreRules(settings, allowed: allowed, processors: processors)
        let found = try Generation(network, rules).search(inputs, first: first, threads: threads)
        var answers: [[RagAnswer]] = []
        for (index, outputs) in found.enumerated() {
            let likelihoods = try network.likelihoods(
                of: outputs.map(\.tokens), under: states[index], contexts[index].priors, first: 0,
                threads: threads)
            answers.append(
                zip(outputs, likelihoods).map {
                    RagAnswer($0.tokens, $1, kind, score: $0.score)
                })
        }
        return answers
    }

    private func sequence(
        _ contexts: [RetrievedContexts], _ states: [[SourceState]], _ first: Int, _ threads: Int
    ) throws(GenerationError) -> [[RagAnswer]] {
        // Which question each passage belongs to, for the constraint.
        let owners = states.enumerated().flatMap { index, states in
            Array(repeating: first + index, count: states.count)
        }
        var own = settings
        own.returns = settings.beams
        var constraint: PrefixConstraint?
        if let allowed { constraint = { source, tokens in allowed(owners[source], tokens) } }
        let processors = processors.map { processor -> ScoreProcessor in
            { source, tokens, scores in processor(owners[source], tokens, &scores) }
        }
        let rules = ScoreRules(own, allowed: constraint, processors: processors)
        let found = try Generation(network, rules).search(
            states.joined().map { SearchInput(sources: [$0]) }, first: 0, threads: threads)
        var answers: [[RagAnswer]] = []
        var place = 0
        for (index, states) in states.enumerated() {
            let own = Array(found[place..<place + states.count])
            let outputs = own.joined().map(\.tokens)
            place += states.count
            var seen: Set<[Int32]> = []
            let different =
                removesDuplicates ? outputs.filter { seen.insert($0).inserted } : outputs
            let priors = contexts[index].priors
            let likelihoods =
                switch decoding {
                case .thorough:
                    try network.likelihoods(
                        of: different, under: states, priors, known: own, first: 0,
                        threads: threads)
                case .fast: Self.likelihoods(of: different, asFound: own, priors)
                }
            answers.append(rank(different, likelihoods))
        }
        return answers
    }

    /// The likelihoods of outputs under the passages that they were found under; under all others
    /// they are held for impossible.
    private static func likelihoods(
        of outputs: [[Int32]], asFound found: [[GeneratedSequence]], _ priors: [Double]
    ) -> [AnswerLikelihood] {
        let told = found.map { outputs in
            Dictionary(
                outputs.map { ($0.tokens, $0.logarithms) }, uniquingKeysWith: { first, _ in first })
        }
        return outputs.map { output in
            AnswerLikelihood(
                priors: priors,
                tokens: told.map { passage in
                    passage[output].map { $0.map(Double.init) }
                        ?? [Double](repeating: -.infinity, count: output.count - 1)
                })
        }
    }

    /// The answers worth most, without what a beginning token that all have adds.
    private func rank(
        _ outputs: [[Int32]], _ likelihoods: [AnswerLikelihood]
    ) -> [RagAnswer] {
        let allBegin =
            beginning != nil && outputs.allSatisfy { $0.count > 1 && $0[1] == beginning }
        let answers = zip(outputs, likelihoods).map { tokens, likelihood in
            var counted = likelihood
            if allBegin { counted.tokens = likelihood.tokens.map { Array($0.dropFirst()) } }
            return RagAnswer(tokens, likelihood, kind, score: counted.logarithm(kind))
        }
        let order = answers.indices.sorted {
            (answers[$1].score, $0) < (answers[$0].score, $1)
        }
        return order.prefix(settings.returns).map { answers[$0] }
    }
}
