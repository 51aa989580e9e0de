import ArgumentParser
import Foundation
import Generation
import Models
import Sheaf

/// How fast questions are answered from passages of given length, and the steps of it.
struct GenerateBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Answer questions from passages of random tokens.",
        discussion: """
            encode: the passages of one question. search: these and an output of each passage. \
            sequence, token: RAG's answers to the question. greedy: tokens of one output, without \
            the encoding of its source of 64 tokens. together: RAG-sequence's answers to many \
            questions at once, and to a few of them one by one. short: the same for greedy \
            RAG-token with one passage of 64 tokens. memory: the most that answering takes beside \
            the weights.
            """)

    @Option(help: "The model folder.") var model: String
    @Option(help: "What to measure; may be given more than once.")
    var kind: [GenerateKind] = [.encode, .search, .sequence, .token, .greedy]
    @Option(help: "Passages of a question.") var passages = 5
    @Option(help: "Tokens of a passage.") var tokens = 300
    @Option(help: "Beams.") var beams = 4
    @Option(help: "New tokens of an output.") var newTokens = 12
    @Option(help: "Questions answered at once.") var questions = 64
    @Option(help: "Threads.") var threads = 1
    @Option(help: "The numbers linear layers compute in: float32 or i16.")
    var precision = "float32"
    @Option(help: "Measured runs, after a short one that is not.") var runs = 1

    func run() throws {
        guard let precision = Precision(rawValue: precision) else {
            throw ValidationError("“\(precision)” is no precision. Name float32 or i16.")
        }
        let generator = try Generator.load(folder: model, precision: precision)
        _ = try generator.generate(
            [RandomTokens(1, 64).rows[0]], options: options(beams: 1, newTokens: 2))
        for _ in 0..<runs {
            for kind in kind { try measure(kind, generator) }
        }
    }

    private func measure(_ kind: GenerateKind, _ generator: Generator) throws {
        let question = contexts(1, passages, tokens)[0]
        let options = options(beams: beams, newTokens: newTokens)
        switch kind {
        case .encode:
            try measure(kind) { _ = try generator.encoded(question.sources, threads: threads) }
        case .search:
            try measure(kind) {
                _ = try generator.generate(question.sources, options: options, threads: threads)
            }
        case .sequence, .token:
            let sum = kind == .token ? RagKind.token : .sequence
            try measure(kind) {
                _ = try generator.answers(
                    from: [question], sum, options: options, threads: threads)
            }
        case .greedy:
            let source = RandomTokens(1, 64).rows
            func spent(_ newTokens: Int) throws -> Spent {
                try Spent.measure {
                    _ = try generator.generate(
                        source, options: self.options(beams: 1, newTokens: newTokens),
                        threads: threads)
                }
            }
            let (short, long) = (try spent(1), try spent(33))
            try line(kind, long - short).printLine()
        case .together: try measureTogether(kind, .sequence, generator, alone: 4)
        case .short: try measureTogether(kind, .token, generator, alone: questions)
        case .memory: try measureMemory(generator, question)
        }
    }

    /// Many questions at once, and the first of them one by one.
    private func measureTogether(
        _ kind: GenerateKind, _ sum: RagKind, _ generator: Generator, alone: Int
    ) throws {
        let isShort = kind == .short
        let contexts = contexts(questions, isShort ? 1 : passages, isShort ? 64 : tokens)
        let options = options(beams: isShort ? 1 : beams, newTokens: newTokens)
        let single = try Spent.measure {
            for question in contexts.prefix(alone) {
                _ = try generator.answers(
                    from: [question], sum, options: options, threads: threads)
            }
        }
        try line(kind, single, questions: 1, of: min(alone, contexts.count)).printLine()
        let all = try Spent.measure {
            _ = try generator.answers(from: contexts, sum, options: options, threads: threads)
        }
        try line(kind, all, questions: questions, of: questions).printLine()
    }

    /// What the process takes at most while a question is answered, beside what it took before.
    private func measureMemory(_ generator: Generator, _ question: RetrievedContexts) throws {
        let peak = try Resident.growth {
            _ = try generator.answers(
                from: [question], .sequence,
                options: options(beams: beams, newTokens: newTokens), threads: threads)
        }
        var line = line(.memory, Spent())
        line.peakBytes = peak
        line.stateBytes =
            try generator.encoded(question.sources, threads: threads).bytes
            + generator.bytesOfDecodedTokens(passages * beams * newTokens)
        try line.printLine()
    }

    private func measure(_ kind: GenerateKind, _ body: () throws -> Void) throws {
        try line(kind, try Spent.measure(body)).printLine()
    }

    /// A line for what answering took, each of `count` questions its share of it.
    private func line(
        _ kind: GenerateKind, _ spent: Spent, questions: Int = 1, of count: Int = 1
    ) -> GenerateMeasurement {
        GenerateMeasurement(
            kind: kind.rawValue, model: URL(fileURLWithPath: model).lastPathComponent,
            threads: threads, precision: precision, questions: questions,
            seconds: spent.seconds / Double(count),
            processorSeconds: spent.processorSeconds / Double(count))
    }

    private func options(beams: Int, newTokens: Int) -> GenerationOptions {
        var options = GenerationOptions()
        (options.beams, options.returns) = (beams, 1)
        (options.minimumNewTokens, options.maximumNewTokens) = (newTokens, newTokens)
        return options
    }

    private func contexts(_ questions: Int, _ passages: Int, _ tokens: Int) -> [RetrievedContexts] {
        let rows = RandomTokens(questions * passages, tokens).rows
        return (0..<questions).map { question in
            RetrievedContexts(
                sources: Array(rows[question * passages..<(question + 1) * passages]),
                scores: (0..<passages).map { 1 - 0.1 * Double($0) })
        }
    }
}

/// What of generation is measured.
enum GenerateKind: String, ExpressibleByArgument, CaseIterable {
    case encode, search, sequence, token, greedy, together, short, memory
}

/// A measurement as it is printed.
struct GenerateMeasurement: Encodable {
    var what = "generate"
    var kind: String
    var model: String
    var threads: Int
    var precision: String
    var questions: Int
    var seconds: Double
    var processorSeconds: Double
    var peakBytes: Int?
    var stateBytes: Int?
}

/// Time by the clock, and that of the processors.
struct Spent {
    var seconds = 0.0
    var processorSeconds = 0.0

    static func measure(_ body: () throws -> Void) rethrows -> Spent {
        let clock = ContinuousClock()
        let began = clock.now
        let busy = busySeconds()
        try body()
        return Spent(
            seconds: (clock.now - began) / .seconds(1), processorSeconds: busySeconds() - busy)
    }

    static func - (a: Spent, b: Spent) -> Spent {
        Spent(
            seconds: a.seconds - b.seconds,
            processorSeconds: a.processorSeconds - b.processorSeconds)
    }

    /// What all threads of the process have computed, in seconds.
    private static func busySeconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// Rows of token ids that scripts/peers/generate.py makes too, far from special ones.
struct RandomTokens {
    private(set) var rows: [[Int32]] = []

    init(_ count: Int, _ length: Int) {
        var state: UInt32 = 1
        for _ in 0..<count {
            rows.append(
                (0..<length).map { _ in
                    state = (1_103_515_245 &* state &+ 12_345) & 0x7fff_ffff
                    return 4 + Int32(state >> 8) % 50_000
                })
        }
    }
}
