import Corpus
import Formats

extension TrainingSource {
    /// Reads DPR's JSON.
    func readDPR(
        _ body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        try readElements { value, number throws(Malformation) in
            guard let question = value["question"] else { throw .missingField("question") }
            var example = TrainingExample(
                id: try value.first(of: ["id", "qid", "_id", "question_id"])?.value
                    .identifier(field: "id") ?? "\(number)",
                question: try question.string(field: "question"), positives: [])
            if let answers = value.first(of: ["answers", "answer"]) {
                example.answers = try QuestionFile.strings(answers.value, field: answers.name)
            }
            example.positives = try Self.passages(value, "positive_ctxs")
            example.hardNegatives = try Self.passages(value, "hard_negative_ctxs")
            example.negatives = try Self.passages(value, "negative_ctxs")
            return [example]
        } body: { example throws(TrainingError) in
            try body(example)
        }
    }

    /// Reads the passages under a name; none where it is absent.
    private static func passages(
        _ value: JSONValue, _ name: String
    ) throws(Malformation) -> [TrainingPassage] {
        guard let list = value[name] else { return [] }
        var passages: [TrainingPassage] = []
        for element in try list.array(field: name) {
            guard case .object = element else {
                throw .wrongType(field: name, expected: "a list of objects")
            }
            guard let text = element["text"] else { throw .missingField("\(name).text") }
            var passage = TrainingPassage(text: try text.string(field: "\(name).text"))
            if let title = element["title"] {
                passage.title = try title.string(field: "\(name).title")
            }
            if let id = element.first(of: ["passage_id", "psg_id", "id", "docid"]) {
                passage.id = try id.value.identifier(field: "\(name).\(id.name)")
            }
            if let score = element["score"] {
                let literal = try score.identifier(field: "\(name).score")
                guard let number = Double(literal) else {
                    throw .badNumber(field: "\(name).score", value: literal)
                }
                passage.score = number.isFinite ? number : nil
            }
            passages.append(passage)
        }
        return passages
    }

    /// Hands over the objects of the file, made into examples.
    private func readElements(
        _ examples: (JSONValue, Int) throws(Malformation) -> [TrainingExample],
        body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        let path = self.path
        let elements = try readingCorpus { () throws(CorpusError) in
            try JSONElements(path: path)
        }
        var number = 0
        while true {
            let element = try readingCorpus { () throws(CorpusError) in try elements.next() }
            guard let element else { return }
            number += 1
            let made: [TrainingExample]
            do throws(Malformation) {
                made = try examples(element.value, number)
            } catch {
                throw .corpus(.malformed(place: element.place, reason: error))
            }
            for example in made { try body(example) }
        }
    }

    /// Reads SQuAD's nested JSON.
    func readSQuAD(
        _ body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        try readElements { value, _ throws(Malformation) in
            guard let paragraphs = try SQuADParagraph.paragraphs(of: value) else {
                throw .missingField("paragraphs")
            }
            return paragraphs.flatMap { paragraph in
                paragraph.questions.map { question in
                    TrainingExample(
                        id: question.id, question: question.text, answers: question.answers,
                        positives: paragraph.unanswerable.contains(question.id)
                            ? []
                            : [TrainingPassage(title: paragraph.title, text: paragraph.context)])
                }
            }
        } body: { example throws(TrainingError) in
            try body(example)
        }
    }

    /// Reads pairs, from a table without header or from objects.
    func readPairs(
        _ body: (TrainingExample) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        let byte = try Self.firstVisibleByte(of: path)
        guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") else {
            try readTwoColumns(body)
            return
        }
        try readElements { value, number throws(Malformation) in
            guard let question = value.first(of: ["question", "query"]) else {
                throw .missingField("question")
            }
            guard let passage = value.first(of: ["answer", "passage", "document"]) else {
                throw .missingField("answer")
            }
            let title = try value["title"]?.string(field: "title") ?? ""
            return [
                TrainingExample(
                    id: try value.first(of: ["id", "qid", "_id"])?.value.identifier(field: "id")
                        ?? "\(number)",
                    question: try question.value.string(field: question.name),
                    positives: [
                        TrainingPassage(
                            title: title, text: try passage.value.string(field: passage.name))
                    ])
            ]
        } body: { example throws(TrainingError) in
            try body(example)
        }
    }
}
