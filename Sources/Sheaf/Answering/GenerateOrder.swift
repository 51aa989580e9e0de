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
    ///   - isCancelled: Looked at between parts.
    ///   - progress: Told how many texts are done.
    public func run(
        _ model: TextGenerator, isCancelled: () -> Bool = { false },
        progress: (Int) -> Void = { _ in }
    ) throws(SheafError) -> GenerateSummary {
        var summary = GenerateSummary()
        let file = try growingFile(model)
        let sink = file == nil ? try OutputSink(path: output) : nil
        summary.before = file?.done ?? 0
        var start = summary.before
        while start < texts.count {
            guard !isCancelled() else {
                throw .interrupted(
                    "Interrupted after \(Quantity.count(start, "text"))."
                        + (file == nil ? "" : " The same call goes on from there."))
            }
            let part = Array(texts[start..<min(start + Self.textsAtOnce, texts.count)])
            let lines = try generate(part, model, &summary.cuts)
            if let file {
                try file.append(lines.map(\.document))
            } else {
                try sink?.write(lines.map { asJSON ? $0.document.text + "\n" : $0.text }.joined())
            }
            start += part.count
            progress(start)
        }
        try file?.finish(asArray: false)
        try sink?.finish()
        return summary
    }

    private func growingFile(_ model: TextGenerator) throws(SheafError) -> GrowingFile? {
        guard let output, asJSON, GrowingFile.canBe(at: output) else { return nil }
        let header: JSONValue = [
            "sheaf": .string("outputs"), "model": .string(model.stamp),
            "limit": limit.map { .integer($0) } ?? .null, "generation": options.document,
        ]
        return try GrowingFile(
            output, settings: header, questions: texts.map { ($0.id, $0.text) }, member: "input")
    }

    private func generate(
        _ part: [Question], _ model: TextGenerator, _ cuts: inout TextCuts
    ) throws(SheafError) -> [(document: JSONValue, text: String)] {
        func run(_ part: [Question], _ cuts: inout TextCuts) throws(SheafError) -> [[GeneratedText]]
        {
            try model.generate(
                part.map(\.text), options: options, limit: limit, threads: threads, cuts: &cuts)
        }
        let found: [[GeneratedText]]
        do throws(SheafError) {
            found = try run(part, &cuts)
        } catch {
            guard case .generation(let fault) = error, let step = fault.step else { throw error }
            for text in part {
                var none = TextCuts()
                do throws(SheafError) {
                    _ = try run([text], &none)
                } catch {
                    throw .question(id: text.id, step: step, fault)
                }
            }
            throw error
        }
        return zip(part, found).map { text, outputs in
            (Self.document(text, outputs), outputs.map { $0.text + "\n" }.joined())
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

extension GenerationError {
    /// The step of a search that failed; nil where it failed before.
    var step: Int? {
        switch self {
        case .notFinite(_, let step), .noTokenAllowed(_, let step): step
        default: nil
        }
    }
}
