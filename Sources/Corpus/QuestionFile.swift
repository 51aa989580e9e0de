/// Reads files of questions.
public enum QuestionFile {
    /// Reads all questions of a file, its format told by its first record unless it is named.
    ///
    /// Of a BEIR folder its queries.jsonl is meant. Ids are the source's own (`qid`, `id`, `_id`,
    /// or the first column), else the number of the line, or of the element of a JSON array, from
    /// 1. Rows that name columns are passed over.
    ///
    /// - Throws: a `CorpusError`: an empty question or malformed line with file and line, two
    ///   questions with one id, or a file without a question.
    public static func read(
        _ path: String, format: QuestionFormat? = nil
    ) throws(CorpusError) -> [Question] {
        try list(path, format).questions
    }

    /// The same with the place of each question.
    package static func readPlaced(
        _ path: String
    ) throws(CorpusError) -> [(question: Question, place: SourcePlace)] {
        let list = try list(path, nil)
        return zip(list.questions, list.places).map { ($0, $1) }
    }

    private static func list(
        _ path: String, _ format: QuestionFormat?
    ) throws(CorpusError) -> QuestionList {
        let path = try file(of: path)
        let known: QuestionFormat
        if let format { known = format } else { known = try QuestionFormat.detect(path) }
        var list = QuestionList()
        switch known {
        case .json: try readJSON(path, into: &list)
        case .lines, .identified, .dpr, .curatedTREC:
            try readSeparated(path, known, into: &list)
        }
        guard !list.questions.isEmpty else { throw .noQuestions(path: path) }
        return list
    }

    /// The file to read for a path: the path itself, or the questions inside a BEIR folder.
    static func file(of path: String) throws(CorpusError) -> String {
        try CorpusSource.file(of: path, inside: ["queries.jsonl", "queries.jsonl.gz"])
    }
}

/// Questions with their places; ids must be unique.
struct QuestionList {
    private(set) var questions: [Question] = []
    /// The place of each question.
    private(set) var places: [SourcePlace] = []
    /// The number of each question by its id.
    private var numbers: [[UInt8]: Int] = [:]

    mutating func add(_ question: Question, at place: SourcePlace) throws(CorpusError) {
        guard question.text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            throw .malformed(place: place, reason: .emptyQuestion)
        }
        if let first = numbers.updateValue(questions.count, forKey: Array(question.id.utf8)) {
            throw .duplicateEntry(id: question.id, first: places[first], second: place)
        }
        questions.append(question)
        places.append(place)
    }
}
