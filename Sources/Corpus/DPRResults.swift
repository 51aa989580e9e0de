import Formats

/// DPR's JSON form of results.
public enum DPRResults {
    /// Reads a result file, an array or one object a line, handing over one list at a time.
    ///
    /// The id of a question is its own where there is one (`qid`, `id`, `_id`), else its number
    /// from 1. Entries keep the order of the file, which is that of their rank.
    ///
    /// - Throws: a `CorpusError` with file and line of a malformed element, or what `body` throws.
    public static func read(
        _ path: String, _ body: (RankedList) throws(CorpusError) -> Void
    ) throws(CorpusError) {
        let elements = try JSONElements(path: path)
        var number = 0
        var places: [[UInt8]: SourcePlace] = [:]
        while let (place, value) = try elements.next() {
            number += 1
            let list: RankedList
            do throws(Malformation) {
                list = try Self.list(value, number: number)
            } catch {
                throw .malformed(place: place, reason: error)
            }
            if let first = places.updateValue(place, forKey: Array(list.questionID.utf8)) {
                throw .duplicateEntry(id: list.questionID, first: first, second: place)
            }
            try list.checkScores()
            try body(list)
        }
        if number == 0 { throw .noQuestions(path: path) }
    }

    /// Reads a whole result file.
    ///
    /// - Throws: a `CorpusError` with file and line of a malformed element.
    public static func read(_ path: String) throws(CorpusError) -> [RankedList] {
        var lists: [RankedList] = []
        try read(path) { list throws(CorpusError) in lists.append(list) }
        return lists
    }

    /// One element; `field` is the member that holds its passages.
    static func list(
        _ value: JSONValue, number: Int, field: String = "ctxs"
    ) throws(Malformation) -> RankedList {
        guard let contexts = value[field] else { throw .missingField(field) }
        var list = RankedList(questionID: "\(number)", entries: [])
        if let id = value.first(of: QuestionFile.identifierNames) {
            list.questionID = try id.value.identifier(field: id.name)
        }
        if let question = value["question"] {
            list.question = try question.string(field: "question")
        }
        if let answers = value["answers"] {
            list.answers = try QuestionFile.strings(answers, field: "answers")
        }
        for context in try contexts.array(field: field) {
            list.entries.append(try entry(context))
        }
        return list
    }

    private static func entry(_ value: JSONValue) throws(Malformation) -> RankedEntry {
        guard let id = value.first(of: ["id", "passage_id", "psg_id"]) else {
            throw .missingField("id")
        }
        var entry = RankedEntry(id: try id.value.identifier(field: id.name), score: 0)
        if let title = value["title"] { entry.title = try title.string(field: "title") }
        if let text = value["text"] { entry.text = try text.string(field: "text") }
        guard let score = value["score"] else { throw .missingField("score") }
        let literal = try score.identifier(field: "score")
        guard let number = Double(literal) else {
            throw .badNumber(field: "score", value: literal)
        }
        entry.score = number
        if let hasAnswer = value["has_answer"] {
            guard case .bool(let flag) = hasAnswer else {
                throw .wrongType(field: "has_answer", expected: "true or false")
            }
            entry.hasAnswer = flag
        }
        return entry
    }

    /// One element of a result file as JSON text, without line end or comma.
    ///
    /// `has_answer` is left out where it is not known.
    ///
    /// - Throws: `CorpusError.nonFiniteScore`.
    public static func text(of list: RankedList) throws(CorpusError) -> String {
        try list.checkScores()
        let contexts = list.entries.map { entry -> JSONValue in
            var members: [JSONValue.Member] = [
                .init("id", .string(entry.id)), .init("title", .string(entry.title)),
                .init("text", .string(entry.text)), .init("score", .string("\(entry.score)")),
            ]
            if let hasAnswer = entry.hasAnswer {
                members.append(.init("has_answer", .bool(hasAnswer)))
            }
            return .object(members)
        }
        let value: JSONValue = [
            "question": .string(list.question), "answers": .strings(list.answers),
            "ctxs": .array(contexts),
        ]
        return value.text(.spaced)
    }
}
