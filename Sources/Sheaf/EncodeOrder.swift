import Base
public import Corpus
import Formats
public import Models

/// What is to be encoded in this process, and where the vectors go.
public struct EncodeOrder: Equatable, Sendable {
    /// The model folder, as for indexing.
    public var model: String
    /// The side that encodes.
    public var tower: Tower
    /// A corpus for the context tower, a file of questions for the question tower.
    public var input: String
    /// The NumPy file: float32 `[rows, dimension]`.
    public var output: String
    /// A file for the ids, one a line; nil: none.
    public var ids: String?
    /// The format of a corpus; nil: told by its first record.
    public var format: CorpusFormat?
    /// How the tower encodes.
    public var encoder = EncoderOptions()
    /// Compute threads.
    public var threads = 1

    /// Names model, input and output; all else has its default.
    public init(
        model: String, tower: Tower = .context, input: String, output: String, ids: String? = nil
    ) {
        self.model = model
        self.tower = tower
        self.input = input
        self.output = output
        self.ids = ids
    }
}

/// What an encoding did.
public struct EncodeSummary: Equatable, Sendable {
    /// Vectors written.
    public var rows: Int
    /// Length of each.
    public var dimension: Int
    /// What was cut off the texts.
    public var cuts: TextCuts
    /// Seconds, without loading the model.
    public var seconds: Double
    /// What had to be assumed of the model, as sentences for people.
    public var notes: [String] = []
}

extension EncodeOrder {
    /// Texts that are encoded together: what bounds the memory.
    private static let textsAtOnce = 1024
    /// Bytes of text that are encoded together.
    private static let bytesAtOnce = 8 << 20

    /// Encodes texts into a NumPy file, in memory that does not grow with the input.
    ///
    /// Both files appear when they are complete.
    ///
    /// - Parameters:
    ///   - isCancelled: Looked at a few times a second; ends the run with an interruption.
    ///   - progress: Called with the rows done, and how many there are where that is known.
    public func run(
        isCancelled: () -> Bool = { false }, progress: (UInt64, UInt64?) -> Void = { _, _ in }
    ) throws(SheafError) -> EncodeSummary {
        guard threads > 0 else { throw .request("\(threads) threads: name 1 or more.") }
        let encoder = try typed { try loadEncoder() }
        let clock = ContinuousClock()
        let began = clock.now
        var file = try NumpyFile(OutputSink(path: output), dimension: encoder.dimension)
        let idSink = try ids.map { path throws(SheafError) in try OutputSink(path: path) }
        var texts = try Texts(self)
        var cuts = TextCuts()
        while let (ids, part) = try texts.next(
            count: EncodeOrder.textsAtOnce, bytes: EncodeOrder.bytesAtOnce)
        {
            // A few dozen a thread at a time: progress moves, an interruption is heard.
            let step = max(32 * threads, 64)
            for start in stride(from: 0, to: ids.count, by: step) {
                guard !isCancelled() else {
                    throw .interrupted("Interrupted; \(output) was not written.")
                }
                let range = start..<min(start + step, ids.count)
                let vectors =
                    switch part {
                    case .passages(let list):
                        encoder.encode(
                            passages: Array(list[range]), threads: threads, cuts: &cuts
                        ) { _ in }
                    case .questions(let list):
                        encoder.encode(
                            questions: Array(list[range]), threads: threads, cuts: &cuts)
                    }
                if let row = EncodeOrder.notFinite(vectors, dimension: encoder.dimension) {
                    throw .notFinite(id: ids[start + row])
                }
                try file.append(vectors)
                progress(UInt64(file.rows), texts.count)
            }
            try write(ids, to: idSink)
        }
        try file.finish()
        try idSink?.finish()
        return EncodeSummary(
            rows: file.rows, dimension: encoder.dimension, cuts: cuts,
            seconds: (clock.now - began).seconds,
            notes: [encoder.report.assumption].compactMap { $0 })
    }

    private func loadEncoder() throws -> TextEncoder {
        let folders = try ModelFolders.resolve(model: model)
        guard let folder = tower == .context ? folders.context : folders.question else {
            throw SheafError.request(
                "\(model) holds no \(tower.rawValue) tower. Name the other one with --tower.")
        }
        return try TextEncoder.load(folder: folder, tower: tower, options: encoder)
    }

    private static func notFinite(_ vectors: [Float], dimension: Int) -> Int? {
        vectors.firstIndex { !$0.isFinite }.map { $0 / dimension }
    }

    private func write(_ ids: [String], to sink: OutputSink?) throws(SheafError) {
        guard let sink else { return }
        for id in ids where id.contains(where: \.isNewline) {
            throw .request(
                "The id “\(id)” holds a line break, so a list of ids cannot. Leave --ids out.")
        }
        try sink.write(ids.map { $0 + "\n" }.joined())
    }
}

/// The texts of an input, some at a time.
private struct Texts {
    enum Part {
        case passages([(title: String, text: String)])
        case questions([String])
    }

    /// How many there are, where that is known.
    let count: UInt64?
    private let reader: PassageReader?
    private var questions: ArraySlice<Question> = []

    init(_ order: EncodeOrder) throws(SheafError) {
        switch order.tower {
        case .context:
            count = nil
            reader = try typed {
                try PassageReader(CorpusSource(paths: [order.input], format: order.format))
            }
        case .question:
            let all = try typed { try QuestionFile.read(order.input) }
            questions = all[...]
            count = UInt64(all.count)
            reader = nil
        }
    }

    mutating func next(
        count: Int, bytes: Int
    ) throws(SheafError) -> (ids: [String], texts: Part)? {
        guard let reader else {
            let part = questions.prefix(count)
            questions = questions.dropFirst(count)
            return part.isEmpty ? nil : (part.map(\.id), .questions(part.map(\.text)))
        }
        var ids: [String] = []
        var list: [(title: String, text: String)] = []
        var total = 0
        while ids.count < count, total < bytes, let passage = try typed({ try reader.next() }) {
            ids.append(passage.id)
            list.append((passage.title, passage.text))
            total += passage.title.utf8.count + passage.text.utf8.count
        }
        return ids.isEmpty ? nil : (ids, .passages(list))
    }
}
