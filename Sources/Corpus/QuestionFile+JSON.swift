package import Formats

extension QuestionFile {
    /// Reads questions that are JSON objects.
    static func readJSON(_ path: String, into list: inout QuestionList) throws(CorpusError) {
        let elements = try JSONElements(path: path)
        var number = 0
        while let (place, value) = try elements.next() {
            number += 1
            let ownNumber = elements.isArray ? "\(number)" : "\(place.line)"
            let questions: [Question]
            do throws(Malformation) {
                if let paragraphs = try SQuADParagraph.paragraphs(of: value) {
                    questions = paragraphs.flatMap(\.questions)
                } else {
                    questions = [try Self.question(value, number: ownNumber)]
                }
            } catch {
                throw .malformed(place: place, reason: error)
            }
            for question in questions { try list.add(question, at: place) }
        }
    }

    private static func question(
        _ value: JSONValue, number: String
    ) throws(Malformation) -> Question {
        guard let text = value.first(of: ["question", "query", "text"]) else {
            throw .missingField("question")
        }
        var question = Question(id: number, text: try text.value.string(field: text.name))
        if let id = value.first(of: identifierNames) {
            question.id = try id.value.identifier(field: id.name)
            if question.id.isEmpty { throw .missingField(id.name) }
        }
        if let answers = value.first(of: ["answers", "answer"]) {
            question.answers = try strings(answers.value, field: answers.name)
        }
        question.goldIDs = try goldIDs(value)
        question.goldTitles = try goldTitles(value)
        return question
    }

    /// The names under which an id is looked for, in this order.
    static let identifierNames = ["qid", "id", "_id", "question_id", "query_id"]

    /// A string, a list of strings, or SQuAD's object with a list under `text`.
    package static func strings(_ value: JSONValue, field: String) throws(Malformation) -> [String]
    {
        switch value {
        case .string(let text), .number(let text):
            return [text]
        case .array(let elements):
            var texts: [String] = []
            for element in elements { texts.append(try element.identifier(field: field)) }
            return texts
        case .object:
            if let texts = value["text"] { return try strings(texts, field: field) }
            throw .wrongType(field: field, expected: "a string or a list of strings")
        default:
            throw .wrongType(field: field, expected: "a string or a list of strings")
        }
    }

    private static func goldIDs(_ value: JSONValue) throws(Malformation) -> [String] {
        var ids: [String] = []
        func add(_ id: String) {
            if !id.isEmpty, !ids.contains(id) { ids.append(id) }
        }
        if let id = value["passage_id"] { add(try id.identifier(field: "passage_id")) }
        if let list = value["passage_ids"] {
            for id in try list.array(field: "passage_ids") {
                add(try id.identifier(field: "passage_ids"))
            }
        }
        if let contexts = value["positive_ctxs"] {
            for context in try contexts.array(field: "positive_ctxs") {
                if let id = context.first(of: ["passage_id", "psg_id"]) {
                    add(try id.value.identifier(field: id.name))
                }
            }
        }
        return ids
    }
    private static func goldTitles(_ value: JSONValue) throws(Malformation) -> [String] {
        var titles: [String] = []
        func add(_ title: JSONValue) throws(Malformation) {
            let title = try title.string(field: "title")
            if !title.isEmpty, !titles.contains(title) { titles.append(title) }
        }
        if let list = value["titles"] {
            for title in try list.array(field: "titles") { try add(title) }
        }
        if let contexts = value["positive_ctxs"] {
            for context in try contexts.array(field: "positive_ctxs") {
                if let title = context["title"] { try add(title) }
            }
        }
        return titles
    }
}
