package import Formats

/// A paragraph of SQuAD's nested JSON with its questions.
///
/// The form is `{"data": [{"title", "paragraphs": [{"context", "qas": [{"id", "question",
/// "answers": [{"text", "answer_start"}]}]}]}]}`, or the articles by themselves.
package struct SQuADParagraph {
    /// The article's title.
    package var title: String
    /// The paragraph.
    package var context: String
    /// Questions, each with the different texts among its answers.
    package var questions: [Question]
    /// Ids of the questions that the paragraph does not answer (SQuAD 2.0).
    package var unanswerable: Set<String> = []

    /// The paragraphs of an object; nil where it has another form.
    package static func paragraphs(
        of value: JSONValue
    ) throws(Malformation) -> [SQuADParagraph]? {
        var articles = [value]
        if case .array(let elements)? = value["data"] { articles = elements }
        guard articles.contains(where: { $0["paragraphs"] != nil }) else { return nil }
        var found: [SQuADParagraph] = []
        for article in articles {
            let title = try article["title"]?.string(field: "title") ?? ""
            guard let paragraphs = article["paragraphs"] else { throw .missingField("paragraphs") }
            for paragraph in try paragraphs.array(field: "paragraphs") {
                guard let context = paragraph["context"] else { throw .missingField("context") }
                var made = SQuADParagraph(
                    title: title, context: try context.string(field: "context"), questions: [])
                try made.addQuestions(of: paragraph)
                found.append(made)
            }
        }
        return found
    }

    private mutating func addQuestions(of paragraph: JSONValue) throws(Malformation) {
        guard let qas = paragraph["qas"] else { return }
        for qa in try qas.array(field: "qas") {
            guard let text = qa["question"] else { throw .missingField("question") }
            guard let id = qa["id"] else { throw .missingField("id") }
            var question = Question(
                id: try id.identifier(field: "id"), text: try text.string(field: "question"))
            if let answers = qa["answers"] {
                for answer in try answers.array(field: "answers") {
                    let texts = try QuestionFile.strings(answer, field: "answers")
                    question.answers += texts.filter { !question.answers.contains($0) }
                }
            }
            if qa["is_impossible"] == .bool(true) { unanswerable.insert(question.id) }
            questions.append(question)
        }
    }
}
