public import Corpus
import Formats
public import Generation
public import Models

/// Texts that outputs are to be generated for.
public struct GenerateOrder: Equatable, Sendable {
    /// The texts, each with an id that stands once.
    public var texts: [Question]
    /// How outputs are searched for.
    public var options = GenerationOptions()
    /// Tokens of a text at most; nil: as many as the model has positions.
    public var limit: Int?
    /// Whether one JSON object a text is written, else its outputs, a line each.
    public var asJSON = false
    /// A file; nil: the standard output.
    ///
    /// One of JSON goes on where a run was ended.
    public var output: String?
    /// Compute threads.
    public var threads = 1

    /// Names the texts.
    public init(_ texts: [Question]) {
        self.texts = texts
    }
}

/// What came of generating.
public struct GenerateSummary: Equatable, Sendable {
    /// Texts that were done before, by a run that was ended.
    public var before = 0
    /// What was cut off the texts.
    public var cuts = TextCuts()

    /// All of it in sentences.
    public var notes: [String] {
        (before > 0 ? ["\(Quantity.count(before, "output")) were there already"] : [])
            + [cuts.sentence].compactMap { $0 }
    }
}

extension GenerateOrder {
    /// Texts that are encoded and decoded together.
    private static let textsAtOnce = 64

    /// Generates outputs, some texts at a time, and writes them in the order of the texts.
    ///
    /// - Parameters:
    ///   - isCancelled: Looked at between tokens.
    ///   - progress: Told how many texts are done.
    public func run(
        _ model: TextGenerator, isCancelled: @escaping @Sendable () -> Bool = { false },
        progress: (Int) -> Void = { _ in }
    ) throws(SheafError) -> GenerateSummary {
        var summary = GenerateSummary()
        let target = try target(model)
        summary.before = target.done
        var start = summary.before
        while start < texts.count {
            let part = Array(texts[start..<min(start + Self.textsAtOnce, texts.count)])
            let lines = Result { () throws(SheafError) in
                try generate(
                    part, first: start, model, ending(where: isCancelled), &summary.cuts)
            }
            guard !isCancelled() else {
                throw .interrupted(
                    "Interrupted after \(Quantity.count(start, "text"))." + target.whatNext)
            }
            try target.write(try lines.get(), first: start)
            start += part.count
            progress(start)
        }
        try target.finish()
        return summary
    }

    private func target(_ model: TextGenerator) throws(SheafError) -> OutputLines {
        let header: JSONValue = [
            "sheaf": .string("outputs"), "model": .string(model.stamp),
            "precision": .string(model.loading.precision.rawValue),
            "weights": .string(model.loading.weights.rawValue),
            "limit": limit.map { .integer($0) } ?? .null, "generation": options.document,
        ]
        return try OutputLines(
            path: output, asJSON ? .jsonl : .table, settings: header,
            questions: texts.map { ($0.id, $0.text) }, member: "input", separator: "")
    }

    private func generate(
        _ part: [Question], first: Int, _ model: TextGenerator, _ end: @escaping ScoreProcessor,
        _ cuts: inout TextCuts
    ) throws(SheafError) -> [OutputLine] {
        var counted = TextCuts()
        func run(_ part: ArraySlice<Question>) throws(SheafError) -> [[GeneratedText]] {
            var options = options
            options.firstSource = first + part.startIndex
            counted = TextCuts()
            return try model.generate(
                part.map(\.text), options: options, limit: limit, processors: [end],
                threads: threads, cuts: &counted)
        }
        let found = try namingFault(in: part.map { ($0.id, $0) }, run)
        cuts.add(counted)
        return zip(part, found).map { text, outputs in
            OutputLine(
                document: Self.document(text, outputs),
                text: outputs.map { $0.text + "\n" }.joined())
        }
    }

    private static func document(_ text: Question, _ outputs: [GeneratedText]) -> JSONValue {
        let document: JSONValue = [
            "id": .string(text.id), "input": .string(text.text),
            "output": .string(outputs.first?.text ?? ""),
            "score": outputs.first.flatMap { .finite($0.score) } ?? .null,
        ]
        let others = outputs.dropFirst().map { output -> JSONValue in
            ["output": .string(output.text), "score": .finite(output.score) ?? .null]
        }
        return document.with("others", others.isEmpty ? nil : .array(others))
    }
}

/// Ends a search once it is to end: no token is allowed then.
func ending(where isOver: @escaping @Sendable () -> Bool) -> ScoreProcessor {
    { _, _, scores in
        guard isOver() else { return }
        for token in scores.indices { scores[token] = -.infinity }
    }
}

/// Generates for all inputs together; of a search that fails at a step the input at fault is looked
/// for, each by itself, and named.
///
/// - Parameter run: Takes inputs whose first has the number of the slice's beginning.
func namingFault<Input, Output>(
    in inputs: [(id: String, input: Input)],
    _ run: (ArraySlice<Input>) throws(SheafError) -> Output
) throws(SheafError) -> Output {
    let all = inputs.map(\.input)
    do throws(SheafError) {
        return try run(all[...])
    } catch {
        guard case .generation(let fault) = error, let step = fault.step else { throw error }
        for number in inputs.indices {
            do throws(SheafError) {
                _ = try run(all[number...number])
            } catch {
                guard case .generation(let own) = error else { throw error }
                throw .question(id: inputs[number].id, step: own.step ?? step, own)
            }
        }
        throw error
    }
}

extension GenerationError {
    /// The step of a search that failed; nil where it failed before.
    var step: Int? {
        switch self {
        case .notFinite(_, let step), .noTokenAllowed(_, let step): step
        default: nil
        }
    }
}
