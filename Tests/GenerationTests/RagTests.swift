import Foundation
import TestSupport
import Testing

@testable import Generation

/// What RAG tells of answers, beside plain sums over the scores of each passage.
@Suite("RAG")
struct RagTests {
    private func contexts(_ seed: UInt64, _ vocabulary: Int, passages: Int) -> RetrievedContexts {
        var dice = Dice(seed: seed)
        return RetrievedContexts(
            sources: (0..<passages).map { _ in
                (0..<Int.random(in: 3...9, using: &dice)).map { _ in
                    Int32.random(in: 3..<Int32(vocabulary), using: &dice)
                }
            }, scores: (0..<passages).map { _ in Double.random(in: -1...1, using: &dice) })
    }

    @Test(arguments: RagKind.allCases)
    func `likelihoods are those of the scores along each answer`(_ kind: RagKind) throws {
        let generator = try Generator.load(folder: Goldens.subset + "/models/rag_tiny")
        let context = contexts(1, generator.vocabularySize, passages: 4)
        let answers: [[Int32]] = [[2, 0, 5, 2], [2, 0, 5, 7, 2], [2, 0, 2], [2, 6], [2]]
        let found = try generator.weigh(answers, from: context, kind, threads: 2)
        for (answer, told) in zip(answers, found) {
            let tokens = try context.sources.map { source in
                let scores = try generator.scores(source: source, output: answer)
                let width = generator.vocabularySize
                return answer.indices.dropLast().map { place in
                    logSoftmax(scores[place * width..<(place + 1) * width])[Int(answer[place + 1])]
                }
            }
            let priors = context.scores.map { exp($0) }
            let total = priors.reduce(0, +)
            let joint = zip(priors, tokens).map { $0 / total * exp($1.reduce(0, +)) }
            let expected =
                switch kind {
                case .sequence: joint.reduce(0, +)
                case .token:
                    answer.indices.dropLast().reduce(1) { product, place in
                        product
                            * zip(priors, tokens).reduce(0) { $0 + $1.0 / total * exp($1.1[place]) }
                    }
                }
            #expect(abs(told.logarithm - log(expected)) < 1e-5)
            #expect(agree(told.posteriors, joint.map { $0 / joint.reduce(0, +) }, 1e-5))
            #expect(told.tokenPosteriors.count == answer.count - 1)
        }
    }

    @Test func `fast decoding weighs an answer under the passages that gave it`() throws {
        let generator = try Generator.load(folder: Goldens.subset + "/models/rag_tiny")
        let context = contexts(3, generator.vocabularySize, passages: 4)
        var options = GenerationOptions()
        (options.beams, options.returns, options.maximumLength) = (3, 3, 8)
        let fast = try generator.answers(from: [context], .sequence, .fast, options: options)[0]
        let thorough = try generator.answers(from: [context], .sequence, options: options)[0]
        let lists = try generator.generate(context.sources, options: options)
        #expect(fast.count == 3 && fast.contains { $0.posteriors.contains(0) })
        for answer in fast {
            let joint = zip(context.priors, lists).map { prior, outputs in
                outputs.first { $0.tokens == answer.tokens }
                    .map { exp(prior + $0.logarithms.reduce(0) { $0 + Double($1) }) } ?? 0
            }
            let total = joint.reduce(0, +)
            #expect(abs(answer.logarithm - log(total)) < 1e-6)
            #expect(agree(answer.posteriors, joint.map { $0 / total }, 1e-6))
            #expect(answer.tokenPosteriors.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-6 })
            if let same = thorough.first(where: { $0.tokens == answer.tokens }) {
                #expect(same.logarithm >= answer.logarithm - 1e-6)
            }
        }
    }

    @Test(arguments: RagKind.allCases)
    func `answers do not depend on the questions beside them`(_ kind: RagKind) throws {
        let generator = try Generator.load(folder: Goldens.subset + "/models/rag_tiny")
        let questions = (0..<9).map {
            contexts(UInt64($0 + 10), generator.vocabularySize, passages: $0 % 4 + 1)
        }
        var options = GenerationOptions()
        (options.beams, options.returns, options.maximumLength) = (3, 2, 8)
        let together = try generator.answers(from: questions, kind, options: options, threads: 3)
        for (question, answers) in zip(questions, together) {
            let alone = try generator.answers(from: [question], kind, options: options)
            #expect(alone == [answers])
            #expect(
                try generator.answers(from: [question], kind, options: options, threads: 2)
                    == alone)
            #expect(answers.count <= 2)
            // What is told of an answer is what weighing it tells.
            let weighed = try generator.weigh(answers.map(\.tokens), from: question, kind)
            #expect(weighed.map(\.logarithm) == answers.map(\.logarithm))
        }
    }

    @Test(arguments: RagKind.allCases)
    func `each passage is encoded once and kept once, whatever the beams`(
        _ kind: RagKind
    ) throws {
        let generator = try Generator.load(folder: Goldens.subset + "/models/rag_tiny")
        let questions = (0..<5).map {
            contexts(UInt64($0 + 30), generator.vocabularySize, passages: $0 + 1)
        }
        let lengths = questions.flatMap(\.sources).map(\.count)
        let bytes = lengths.map { SourceState(length: $0, generator.plan.decoder).bytes }
        var options = GenerationOptions()
        (options.beams, options.returns, options.maximumLength) = (4, 4, 7)
        _ = try generator.answers(from: questions, kind, options: options, threads: 2)
        #expect(generator.work.sources == lengths.count)
        #expect(generator.work.sourceTokens == lengths.reduce(0, +))
        #expect(generator.work.stateBytes == bytes.reduce(0, +))
    }

    @Test func `an output's shared beginnings are scored once, and not under its own passage`()
        throws
    {
        let generator = try Generator.load(folder: Goldens.subset + "/models/rag_tiny")
        let context = contexts(3, generator.vocabularySize, passages: 2)
        let answers: [[Int32]] = [[2, 0, 5, 7, 2], [2, 0, 5, 2], [2, 0, 4]]
        _ = try generator.weigh(answers, from: context, .sequence)
        // Beginnings: 2, 20, 205, 2057.
        #expect(generator.work.decodedTokens == 4 * 2)
        var options = GenerationOptions()
        (options.beams, options.returns, options.maximumLength) = (3, 3, 6)
        let single = RetrievedContexts(sources: [context.sources[0]], scores: [0])
        let other = try Generator.load(folder: Goldens.subset + "/models/rag_tiny")
        _ = try other.generate(single.sources, options: options)
        let searched = other.work.decodedTokens
        _ = try other.answers(from: [single], .sequence, options: options)
        #expect(other.work.decodedTokens == 2 * searched)
    }

    @Test func `an output that two passages give is ranked once unless it is asked for`() throws {
        let generator = try Generator.load(folder: Goldens.subset + "/models/rag_tiny")
        let source: [Int32] = [3, 4, 5]
        let context = RetrievedContexts(sources: [source, source], scores: [0, 0])
        var options = GenerationOptions()
        (options.beams, options.returns, options.maximumLength) = (2, 2, 6)
        let once = try generator.answers(from: [context], .sequence, options: options)[0]
        #expect(Set(once.map(\.tokens)).count == once.count)
        let twice = try generator.answers(
            from: [context], .sequence, options: options, removesDuplicates: false)[0]
        #expect(twice[0].tokens == twice[1].tokens)
    }

    @Test func `a constraint names the question, not the passage`() throws {
        let generator = try Generator.load(folder: Goldens.subset + "/models/rag_tiny")
        let questions = (0..<3).map {
            contexts(UInt64($0), generator.vocabularySize, passages: 2)
        }
        var options = GenerationOptions()
        (options.beams, options.maximumLength) = (2, 4)
        for kind in RagKind.allCases {
            let found = try generator.answers(
                from: questions, kind, options: options,
                allowed: { question, tokens in tokens.count == 1 ? [Int32(question + 3)] : [2] })
            #expect(found.map { $0[0].tokens } == (0..<3).map { [2, Int32($0 + 3), 2] })
        }
    }

    @Test func `a question without a passage and tokens of no vocabulary are refused`() throws {
        let generator = try Generator.load(folder: Goldens.subset + "/models/rag_tiny")
        let none = RetrievedContexts(sources: [], scores: [])
        let some = RetrievedContexts(sources: [[3]], scores: [1])
        #expect(throws: GenerationError.noPassages(index: 1)) {
            try generator.answers(from: [some, none], .token)
        }
        #expect(throws: GenerationError.noPassages(index: 0)) {
            try generator.weigh([[2, 3]], from: none, .token)
        }
        #expect(throws: GenerationError.outsideVocabulary(token: 99, vocabulary: 9)) {
            try generator.weigh([[2, 99]], from: some, .token)
        }
    }
}
