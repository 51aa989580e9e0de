import Corpus
import Formats
import Foundation

/// Where training examples are, and in which form.
public struct TrainingSource: Hashable, Sendable {
    /// The forms in which the field keeps training data.
    public enum Form: Hashable, Sendable {
        /// DPR's JSON, an array or one object a line: question, answers, positive_ctxs,
        /// hard_negative_ctxs, negative_ctxs.
        case dpr
        /// A table with the columns query_text, gold_passage, and where they are there title,
        /// hard_negative or hard_negative_0, hard_negative_1 and so on, or the same in the plural;
        /// or one of quartets, with query_text_a, query_text_b and so on.
        case simpleTransformers
        /// A folder with corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv.
        case beir(split: String)
        /// A folder with collection.tsv, queries.SPLIT.tsv (or queries.tsv) and qrels.SPLIT.tsv.
        case msmarco(split: String)
        /// Pairs of question and passage: two columns without header, or objects with
        /// `question` (or `query`) and `answer` (or `passage`, `document`).
        case pairs
        /// Questions that name their passages (`passage_id`), a corpus, and where there are any,
        /// lists of negatives: `qid<TAB>passage:score …`.
        case lists(corpus: String, negatives: String?)
        /// SQuAD's nested JSON: each paragraph is the positive of its questions.
        case squad
    }

    /// The file or folder.
    public var path: String
    /// Its form.
    public var form: Form

    /// Names a source.
    public init(path: String, form: Form) {
        self.path = path
        self.form = form
    }

    /// Finds out the form of a file or folder by looking at it.
    ///
    /// - Throws: `TrainingError.unknownFormat` where it cannot be told.
    public static func detect(
        _ path: String, split: String = "train"
    ) throws(TrainingError) -> TrainingSource {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        guard exists else {
            throw .corpus(.cannotOpen(path: path, reason: "no such file or folder"))
        }
        if isFolder.boolValue {
            if file(in: path, ["corpus.jsonl"]) != nil {
                return TrainingSource(path: path, form: .beir(split: split))
            }
            if file(in: path, ["collection.tsv"]) != nil {
                return TrainingSource(path: path, form: .msmarco(split: split))
            }
            throw .unknownFormat(
                path: path, reason: "the folder has neither corpus.jsonl nor collection.tsv")
        }
        return TrainingSource(path: path, form: try formOfFile(path))
    }

    private static func formOfFile(_ path: String) throws(TrainingError) -> Form {
        let byte = try firstVisibleByte(of: path)
        if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") {
            let value = try readingCorpus { () throws(CorpusError) in
                try JSONElements(path: path).next()?.value
            }
            if value?["paragraphs"] != nil { return .squad }
            if case .array? = value?["data"] { return .squad }
            return value?.first(of: ["answer", "passage", "document"]) != nil
                && value?["positive_ctxs"] == nil ? .pairs : .dpr
        }
        let first = try readingCorpus { () throws(CorpusError) in
            try TableReader(path: path).next()?.cells
        }
        guard let first else { throw .noExamples(path: path, dropped: 0) }
        if first.contains("query_text") || first.contains("gold_passage")
            || QuartetColumns.belong(to: first)
        {
            return .simpleTransformers
        }
        if first.count == 2 { return .pairs }
        throw .unknownFormat(
            path: path,
            reason: "the first line has \(first.count) columns and none is query_text")
    }

    /// The first byte of a file that is no white space.
    static func firstVisibleByte(of path: String) throws(TrainingError) -> UInt8? {
        try readingCorpus { () throws(CorpusError) in
            try TableReader.firstVisibleByte(of: path)
        }
    }

    /// The first of several files of a folder that is there, plain or gzip.
    static func file(in folder: String, _ names: [String]) -> String? {
        for name in names {
            for ending in ["", ".gz"] {
                let path = folder + "/" + name + ending
                if FileManager.default.fileExists(atPath: path) { return path }
            }
        }
        return nil
    }
}

extension TrainingSource {
    /// Hands over one by one the rows that can be trained on; only one is held at a time.
    ///
    /// - Returns: What was left out.
    /// - Throws: `TrainingError` with file and line, or what `body` throws.
    public func read(
        _ body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) -> DroppedRows {
        var dropped = DroppedRows()
        let take = { (row: TrainingExample) throws(TrainingError) in
            if let example = row.cleaned(&dropped) { try body(example) }
        }
        var strangers = 0
        var unused: [String] = []
        switch form {
        case .dpr: try readDPR(take)
        case .simpleTransformers: unused = try readTable(take)
        case .pairs: try readPairs(take)
        case .squad: try readSQuAD(take)
        case .beir(let split): try readBEIR(split: split, take)
        case .msmarco(let split): try readMSMARCO(split: split, take)
        case .lists(let corpus, let negatives):
            strangers = try readLists(corpus: corpus, negatives: negatives, take)
        }
        dropped.listsOfOtherQuestions = strangers
        dropped.unusedColumns = unused
        return dropped
    }
}
