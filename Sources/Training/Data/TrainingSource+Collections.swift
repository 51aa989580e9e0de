import Corpus
import Foundation

extension TrainingSource {
    /// Reads a BEIR folder: a row per question with judgements above 0 as positives.
    func readBEIR(
        split: String, _ body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        try readJudged(
            corpus: try required(["corpus.jsonl"]), format: .beir,
            questions: try required(["queries.jsonl"]),
            judgements: try required(["qrels/\(split).tsv"]), body)
    }

    /// Reads an MS MARCO folder.
    func readMSMARCO(
        split: String, _ body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        try readJudged(
            corpus: try required(["collection.tsv"]), format: .msmarco,
            questions: try required(["queries.\(split).tsv", "queries.tsv"]),
            judgements: try required(["qrels.\(split).tsv", "qrels.tsv"]), body)
    }

    /// The corpus that the ids of this source's passages are of; nil where they are its own.
    var corpusName: String? {
        switch form {
        case .dpr, .simpleTransformers, .pairs, .squad: nil
        case .beir: Self.file(in: path, ["corpus.jsonl"]).map { CorpusSource.name(of: [$0]) }
        case .msmarco: Self.file(in: path, ["collection.tsv"]).map { CorpusSource.name(of: [$0]) }
        case .lists(let corpus, _):
            (try? CorpusSource(paths: [corpus])).map(\.name)
        }
    }

    private func required(_ names: [String]) throws(TrainingError) -> String {
        guard let file = Self.file(in: path, names) else {
            throw .corpus(
                .cannotOpen(path: path + "/" + names[0], reason: "no such file in the folder"))
        }
        return file
    }

    private func readJudged(
        corpus: String, format: CorpusFormat, questions: String, judgements: String,
        _ body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        let judged = try readingCorpus { () throws(CorpusError) in
            try RelevanceJudgements.read(judgements)
        }
        let asked = try readingCorpus { () throws(CorpusError) in
            try QuestionFile.read(questions)
        }
        var needed: Set<String> = []
        for gains in judged.relevance.values {
            for (id, gain) in gains where gain > 0 { needed.insert(id) }
        }
        let passages = try PassageTable(corpus: corpus, format: format, ids: needed)
        let known = Set(asked.map(\.id))
        func place(of question: String, _ passage: String?) throws(TrainingError) -> SourcePlace {
            try readingCorpus { () throws(CorpusError) in
                try RelevanceJudgements.place(of: question, passage: passage, in: judgements)
            } ?? SourcePlace(path: judgements, line: 1)
        }
        if let stranger = judged.questionIDs.first(where: { !known.contains($0) }) {
            throw .unknownQuestion(id: stranger, place: try place(of: stranger, nil))
        }
        for question in asked {
            guard let gains = judged.relevance[question.id] else { continue }
            // The best judged first; equal ones by id, so that the order is always the same.
            let ranked = gains.filter { $0.value > 0 }.sorted {
                ($1.value, $0.key) < ($0.value, $1.key)
            }
            if let (stranger, _) = ranked.first(where: { !passages.holds($0.key) }) {
                throw .unknownPassage(id: stranger, place: try place(of: question.id, stranger))
            }
            try body(
                TrainingExample(
                    id: question.id, question: question.text, answers: question.answers,
                    positives: try passages.passages(
                        ranked.map { ($0.key, nil) }, place: SourcePlace(path: judgements, line: 1))
                ))
        }
    }

    /// Reads questions that name their passages, with lists of negatives.
    ///
    /// Negatives that the corpus does not hold are an error, as are lists of which none is for a
    /// question that is asked. Of those that are, others may stand beside them.
    ///
    /// - Returns: Lists of questions that are not asked.
    func readLists(
        corpus: String, negatives: String?,
        _ body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) -> Int {
        let path = self.path
        let asked = try readingCorpus { () throws(CorpusError) in
            try QuestionFile.readPlaced(path)
        }
        var lists: [String: (place: SourcePlace, entries: [(id: String, score: Double?)])] = [:]
        var strangers = 0
        if let negatives {
            let known = Set(asked.map(\.question.id))
            var firstStranger: (id: String, place: SourcePlace)?
            try Self.rows(of: negatives) { place, cells throws(TrainingError) in
                guard known.contains(cells[0]) else {
                    firstStranger = firstStranger ?? (cells[0], place)
                    strangers += 1
                    return
                }
                guard cells.count == 2 else {
                    throw .corpus(
                        .malformed(
                            place: place,
                            reason: .wrongColumnCount(expected: 2, got: cells.count)))
                }
                let entries = try Self.entries(cells[1], place: place)
                lists[cells[0], default: (place, [])].entries += entries
            }
            if lists.isEmpty, let firstStranger {
                throw .unknownQuestion(id: firstStranger.id, place: firstStranger.place)
            }
        }
        var needed = Set(asked.flatMap(\.question.goldIDs))
        for list in lists.values { needed.formUnion(list.entries.map(\.id)) }
        let passages = try PassageTable(corpus: corpus, format: nil, ids: needed)
        for (question, place) in asked {
            let list = lists[question.id]
            try body(
                TrainingExample(
                    id: question.id, question: question.text, answers: question.answers,
                    positives: try passages.passages(
                        question.goldIDs.map { ($0, nil) }, place: place),
                    hardNegatives: try passages.passages(
                        list?.entries ?? [], place: list?.place ?? place)))
        }
        return strangers
    }

    /// Splits `passage:score passage:score …`; a score may be missing, an id may hold colons.
    private static func entries(
        _ text: String, place: SourcePlace
    ) throws(TrainingError) -> [(id: String, score: Double?)] {
        var entries: [(id: String, score: Double?)] = []
        for word in text.split(separator: " ") {
            guard let colon = word.lastIndex(of: ":"),
                let score = Double(word[word.index(after: colon)...])
            else {
                entries.append((String(word), nil))
                continue
            }
            guard colon > word.startIndex else {
                throw .corpus(.malformed(place: place, reason: .missingField("passage id")))
            }
            entries.append((String(word[..<colon]), score))
        }
        return entries
    }
}

/// Some passages of a corpus by id: texts in a temporary file, ids and offsets in memory.
final class PassageTable {
    private let spool: SpoolFile
    private var offsets: [String: UInt64] = [:]
    private let name: String

    /// Goes over a corpus once and keeps the passages that are needed.
    init(corpus: String, format: CorpusFormat?, ids: Set<String>) throws(TrainingError) {
        spool = try SpoolFile()
        let source = try readingCorpus { () throws(CorpusError) in
            try CorpusSource(paths: [corpus], format: format)
        }
        name = source.name
        let reader = try readingCorpus { () throws(CorpusError) in try PassageReader(source) }
        while true {
            let passage = try readingCorpus { () throws(CorpusError) in try reader.next() }
            guard let passage else { break }
            guard ids.contains(passage.id) else { continue }
            var record = ByteRecord()
            record.append(passage.title)
            record.append(passage.text)
            offsets[passage.id] = try spool.append(record.bytes)
        }
        try spool.flush()
    }

    /// Whether the corpus has a passage of this id, among those that are needed.
    func holds(_ id: String) -> Bool { offsets[id] != nil }

    /// The passages of some ids with their scores.
    func passages(
        _ entries: [(id: String, score: Double?)], place: SourcePlace
    ) throws(TrainingError) -> [TrainingPassage] {
        var passages: [TrainingPassage] = []
        for (id, score) in entries {
            guard let offset = offsets[id] else { throw .unknownPassage(id: id, place: place) }
            var record = ByteRecord(try spool.read(at: offset))
            passages.append(
                TrainingPassage(
                    id: id, title: record.text(), text: record.text(), score: score, corpus: name))
        }
        return passages
    }
}

extension CorpusSource {
    /// What the corpus is known by among passages of several: the places of its files.
    var name: String { Self.name(of: paths) }

    static func name(of paths: [String]) -> String {
        paths.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }
            .joined(separator: "\n")
    }
}
