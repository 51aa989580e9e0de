import Base
import Formats
import Tensors
import Tokenizers

/// DPR's reader: scores passages for a question and finds answer spans in them.
///
///     let reader = try DPRReader.load(folder: "dpr-reader-single-nq-base")
///     let best = reader.answers(to: "where is bonn?", in: [("Bonn", "Bonn is in Germany.")])
///
/// Reads `[CLS] question [SEP] title [SEP] text`, segment ids 0, cut at the end to
/// `maximumLength`. Parameters: `span_predictor.*`.
public final class DPRReader: Sendable {
    /// Longest sequence in tokens.
    public let maximumLength: Int
    /// What the load found besides the parameters.
    public let report: LoadReport

    let bert: BertEncoder
    private let outputs: Linear
    private let classifier: Linear
    private let tokenizer: any TextTokenizer
    private let kernels: EncoderKernels
    private let arenas = ArenaPool()

    /// Loads the reader in `folder`.
    ///
    /// Throws: `ModelError`, also where the folder holds an encoder.
    public static func load(folder: String) throws(ModelError) -> DPRReader {
        try DPRReader(folder: folder, kernels: .best)
    }

    private init(folder: String, kernels: EncoderKernels) throws(ModelError) {
        let checkpoint = try Checkpoint.open(folder: folder)
        try checkpoint.verifyChecksums()
        let architecture = Architecture(checkpoint.tensors.keys)
        guard architecture == .reader else {
            throw .wrongTower(
                folder: folder, expected: "a DPR reader", found: architecture.description)
        }
        let json = try JSONFile(folder + "/config.json", purpose: "the model's dimensions")
        let configuration = try BertConfiguration(json)
        let width = configuration.hiddenSize
        let prefix = Self.encoderPrefix
        let heads = Self.headNames
        bert = try BertEncoder(
            checkpoint, prefix: prefix, configuration: configuration, kernels: kernels)
        outputs = try Linear(checkpoint, heads[0], outputs: 2, inputs: width)
        classifier = try Linear(checkpoint, heads[1], outputs: 1, inputs: width)
        tokenizer = try OpenedModel.tokenizer(folder, rows: configuration.vocabularySize)
        maximumLength = configuration.positions
        self.kernels = kernels
        var used = Set(configuration.parameters(prefix: prefix).map(\.name))
        for head in heads { used.formUnion([head + ".weight", head + ".bias"]) }
        report = LoadReport(
            weightFiles: checkpoint.files.map(\.path),
            unusedTensors: checkpoint.tensors.keys.filter { !used.contains($0) }.sorted(),
            notes: [])
    }

    /// The logits of each passage, in the order given.
    public func scores(
        question: String, passages: [(title: String, text: String)], threads: Int = 1
    ) -> [ReaderScores] {
        var results = [ReaderScores?](repeating: nil, count: passages.count)
        let workers = max(1, min(threads, passages.count))
        results.withUnsafeMutableBufferPointer { results in
            let out = results.baseAddress
            Threads.run(count: workers) { worker in
                let arena = arenas.take()
                for index in stride(from: worker, to: passages.count, by: workers) {
                    out?[index] = scores(sequence(question, passages[index]), arena)
                }
                arenas.give(arena)
            }
        }
        return results.compactMap { $0 }
    }

    /// The best spans of all passages: passages by relevance, spans by score.
    ///
    /// Passages are taken until `options.spans` are found.
    public func answers(
        to question: String, in passages: [(title: String, text: String)],
        options: SpanOptions = SpanOptions(), threads: Int = 1
    ) -> [AnswerSpan] {
        answers(scores(question: question, passages: passages, threads: threads), options)
    }

    func answers(_ scores: [ReaderScores], _ options: SpanOptions) -> [AnswerSpan] {
        let order = scores.indices.sorted {
            (scores[$1].relevance, $0) < (scores[$0].relevance, $1)
        }
        var answers: [AnswerSpan] = []
        for passage in order where answers.count < options.spans {
            for span in scores[passage].bestSpans(options) {
                let ids = Array(scores[passage].ids[span.range])
                answers.append(
                    AnswerSpan(
                        passage: passage, start: span.range.lowerBound,
                        end: span.range.upperBound, spanScore: span.score,
                        relevanceScore: scores[passage].relevance,
                        text: tokenizer.decode(ids, skipSpecialTokens: false)))
            }
        }
        return Array(answers.prefix(options.spans))
    }

    private func sequence(
        _ question: String, _ passage: (title: String, text: String)
    ) -> [Int32] {
        Self.sequence(question, passage, tokenizer, maximumLength: maximumLength)
    }

    /// The ids of a question with a passage.
    static func sequence(
        _ question: String, _ passage: (title: String, text: String),
        _ tokenizer: any TextTokenizer, maximumLength: Int
    ) -> [Int32] {
        var ids: [Int32] = []
        var segments: [Int32] = []
        tokenizer.encodeIDs(
            question, pair: passage.title, maximumLength: .max, into: &ids, typeIDs: &segments)
        if ids.count < maximumLength {
            tokenizer.appendTokens(
                of: passage.text, limit: maximumLength - ids.count, to: &ids)
        }
        return Array(ids.prefix(maximumLength))
    }

    /// Tokens that did not fit into a sequence of which `kept` did.
    static func tokensCut(
        from kept: Int, _ question: String, _ passage: (title: String, text: String),
        _ tokenizer: any TextTokenizer, maximumLength: Int
    ) -> Int {
        // A text that does not fill its room has lost nothing.
        guard kept == maximumLength else { return 0 }
        let whole = sequence(
            question, passage, tokenizer, maximumLength: max(kept, TextCuts.countedTokens))
        return whole.count - kept
    }

    /// What is cut off a question with each of some passages.
    public func cuts(
        question: String, passages: [(title: String, text: String)]
    ) -> TextCuts {
        var cuts = TextCuts()
        for passage in passages {
            let kept = sequence(question, passage).count
            cuts.add(
                kept: kept,
                cut: Self.tokensCut(
                    from: kept, question, passage, tokenizer, maximumLength: maximumLength))
        }
        return cuts
    }

    /// The logits of one sequence.
    func scores(_ ids: [Int32], _ arena: BertArena) -> ReaderScores {
        var batch = TokenBatch()
        batch.ids = ids
        batch.segments = [Int32](repeating: 0, count: ids.count)
        batch.closeSequence()
        bert.forward(batch, arena)
        let width = bert.configuration.hiddenSize
        var logits = [Float](repeating: 0, count: 2 * ids.count)
        kernels.product(
            rows: ids.count, a: arena.hidden.start, stride: width, weights: outputs.weights,
            bias: outputs.bias?.start, into: &logits, stride: 2)
        var relevance: Float = 0
        kernels.product(
            rows: 1, a: arena.hidden.start, stride: width, weights: classifier.weights,
            bias: classifier.bias?.start, into: &relevance, stride: 1)
        return ReaderScores(
            ids: ids, passageStart: Self.passageStart(ids, tokenizer),
            starts: ids.indices.map { logits[2 * $0] },
            ends: ids.indices.map { logits[2 * $0 + 1] }, relevance: relevance)
    }

    /// The first token after the question.
    static func passageStart(_ ids: [Int32], _ tokenizer: any TextTokenizer) -> Int {
        // The question may be empty, so the first separator counts from the third token on.
        let separator = tokenizer.template.separator.flatMap { id in
            ids.dropFirst(2).firstIndex(of: id)
        }
        return min((separator ?? ids.count) + 1, ids.count)
    }
}
