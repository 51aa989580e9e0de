import Corpus
public import Formats
import Foundation
import Models
public import Training

/// A reader to be distilled into a retriever: L = α·T²·KL + (1 − α)·NLL.
///
/// The candidates of a question are its positive and its hard negatives; `MineOrder` finds those in
/// a live index. The reader scores them once, then the retriever trains on the scores.
///
/// Source: Yang & Seo 2020, "Is Retriever Merely an Approximator of Reader?".
public struct DistillOrder: Sendable {
    /// The folder of the reader.
    public var reader: String
    /// The training of the retriever; its data, loss and negatives are set by this order.
    public var training: TrainingOrder
    /// The data with candidates.
    public var data: ConvertOrder
    /// Candidates of a question beside its positive.
    public var candidates = 19
    /// The share of the divergence in the loss.
    public var alpha = 0.5
    /// The temperature of both distributions.
    public var temperature = 1.0
    /// Whether the divergence is multiplied by the square of the temperature.
    public var squaresTemperature = true
    /// Which way the divergence is taken.
    public var direction = LossSettings.Direction.teacherStudent
    /// Compute threads of the reader.
    public var threads = 1

    /// Names reader, retriever's training and data; all else has its default.
    public init(reader: String, training: TrainingOrder, data: ConvertOrder) {
        self.reader = reader
        self.training = training
        self.data = data
    }

    /// Where the scored data are put.
    public var scored: String { training.configuration.output + "/distillation.json" }

    /// The training as this order has it.
    func ordered() -> TrainingOrder {
        var order = training
        order.configuration.kind = .retriever
        order.configuration.data.training = [scored]
        order.configuration.input.hardNegatives = candidates
        order.configuration.input.positiveChoice = .first
        order.configuration.input.negativeChoice = .first
        let base = order.configuration.loss
        order.configuration.loss = .distillation(
            alpha: alpha, temperature: temperature, squaresTemperature: squaresTemperature,
            direction: direction)
        order.configuration.loss.similarity = base.similarity
        order.configuration.loss.temperature = base.temperature
        order.configuration.loss.masksDuplicates = base.masksDuplicates
        order.configuration.loss.masksAnswers = base.masksAnswers
        return order
    }

    /// Scores the candidates, unless a run before did so, and trains; ends where its task is
    /// cancelled.
    ///
    /// - Parameters:
    ///   - scoring: Told how many questions the reader has read, on any thread.
    ///   - told: Told how the training goes, on any thread.
    public func run(
        scoring: @escaping @Sendable (Int) -> Void = { _ in },
        told: @escaping @Sendable (TrainingNews) -> Void = { _ in }
    ) async throws(SheafError) -> TrainingSummary {
        guard (0...1).contains(alpha) else {
            throw .request("The share of the divergence is \(alpha). Name one from 0 to 1.")
        }
        let order = ordered()
        do throws(TrainingError) {
            try order.configuration.validate()
        } catch {
            throw .request("\(error)")
        }
        // Scores of a run before are good as long as reader and data are the same.
        let provenance = try provenance()
        let cuts: TextCuts
        if let kept = keptCuts(of: provenance) {
            cuts = kept
        } else {
            try? FileManager.default.removeItem(atPath: scored + ".from")
            cuts = try await score(scoring)
            let sink = try OutputSink(path: scored + ".from")
            try sink.write(provenance + Self.line(of: cuts))
            try sink.finish()
        }
        let notes = [cuts.sentence.map { "the reader: " + $0 }].compactMap { $0 }
        for note in notes { told(.note(note)) }
        var summary = try await order.run(told: told)
        summary.notes = notes + summary.notes
        return summary
    }

    /// What was cut in the scoring that left its results here; nil where it was another's, or none.
    private func keptCuts(of provenance: String) -> TextCuts? {
        guard FileManager.default.fileExists(atPath: scored),
            let text = try? String(contentsOfFile: scored + ".from", encoding: .utf8),
            text.hasPrefix(provenance)
        else { return nil }
        let rest = text.dropFirst(provenance.count)
        // An earlier release did not count.
        guard !rest.isEmpty else { return TextCuts() }
        let numbers = rest.split(whereSeparator: \.isWhitespace).dropFirst().compactMap { Int($0) }
        guard numbers.count == 4, 0...numbers[0] ~= numbers[1], 0...numbers[2] ~= numbers[3]
        else { return nil }
        var cuts = TextCuts()
        (cuts.texts, cuts.textsCut) = (numbers[0], numbers[1])
        (cuts.tokens, cuts.tokensCut) = (numbers[2], numbers[3])
        return cuts
    }

    private static func line(of cuts: TextCuts) -> String {
        "cuts \(cuts.texts) \(cuts.textsCut) \(cuts.tokens) \(cuts.tokensCut)\n"
    }

    /// What the scores follow from: paths, sizes and times of the files of reader and data.
    private func provenance() throws(SheafError) -> String {
        var lines = ["candidates \(candidates)", "split \(data.split)"]
        for path in [reader, data.input, data.corpus, data.negatives] {
            guard let path else { continue }
            // A file that is written in its place leaves its folder as it was.
            for file in try typed({ try Self.files(path) }) {
                let found = try typed { try FileManager.default.attributesOfItem(atPath: file) }
                let size = found[.size] as? Int ?? 0
                let time = (found[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
                lines.append("\(file) \(size) \(time)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A file, or the files in a folder and the folders in it; those that links lead to.
    private static func files(_ path: String) throws -> [String] {
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let kind = try FileManager.default.attributesOfItem(atPath: path)[.type]
        guard kind as? FileAttributeType == .typeDirectory else { return [path] }
        return try FileManager.default.contentsOfDirectory(atPath: path).sorted().flatMap {
            try files(path + "/" + $0)
        }
    }

    /// Scores on a thread that is no task: it is told of a cancellation by a flag.
    private func score(
        _ scoring: @escaping @Sendable (Int) -> Void
    ) async throws(SheafError) -> TextCuts {
        try await typed(interrupted: "The reader's scores are not kept: it begins again.") {
            try await onOwnThread { stop throws(SheafError) in
                try scoreHere { done in
                    scoring(done)
                    return !stop()
                }
            }
        }
    }

    private func scoreHere(_ progress: (Int) -> Bool) throws(SheafError) -> TextCuts {
        try typed {
            try FileManager.default.createDirectory(
                atPath: training.configuration.output, withIntermediateDirectories: true)
        }
        let source = try data.source()
        let reader = try typed { try DPRReader.load(folder: self.reader) }
        var cuts = TextCuts()
        let teacher = { (question: String, passages: [TrainingPassage]) throws(TrainingError) in
            let texts = passages.map { (title: $0.title, text: $0.text) }
            cuts.add(reader.cuts(question: question, passages: texts))
            return reader.scores(question: question, passages: texts, threads: threads)
                .map { Double($0.relevance) }
        }
        _ = try Sheaf.training { () throws(TrainingError) in
            try TeacherScoring.score(
                source, with: teacher, candidates: candidates, to: scored, progress: progress)
        }
        return cuts
    }
}

extension TrainingEvaluation {
    /// The measures for people: top-k accuracies as a table, then the rest, a line each.
    public var table: String {
        counted(questions, "question") + "\n" + measures
    }

    /// The measures alone.
    public var measures: String {
        let cutOffs = values.keys.compactMap { name in
            name.hasPrefix("top_") ? Int(name.dropFirst(4)) : nil
        }.sorted()
        var text = ""
        if !cutOffs.isEmpty {
            text +=
                TextTable(
                    ["top"] + cutOffs.map { "@\($0)" },
                    [
                        ["accuracy %"]
                            + cutOffs.map { cutOff in
                                Self.rounded(100 * (values["top_\(cutOff)"] ?? 0), 2)
                            }
                    ], right: Set(1...cutOffs.count)
                ).text + "\n"
        }
        let rest = values.filter { !$0.key.hasPrefix("top_") }.sorted { $0.key < $1.key }
        text +=
            TextTable(
                ["measure", "value"], rest.map { [$0.key, Self.rounded($0.value, 4)] }, right: [1]
            ).text
        return text
    }

    private static func rounded(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    /// The measures for programs.
    public var document: JSONValue {
        let document: JSONValue = [
            "questions": .integer(UInt64(questions)),
            "measures": .object(
                values.sorted { $0.key < $1.key }.map {
                    JSONValue.Member($0.key, $0.value.isFinite ? .real($0.value) : .null)
                }),
        ]
        return document.with("cuts", cuts.textsCut > 0 ? cuts.document : nil)
    }
}
