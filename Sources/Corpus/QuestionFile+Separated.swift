extension QuestionFile {
    /// Reads the formats of lines and tab-separated columns.
    static func readSeparated(
        _ path: String, _ format: QuestionFormat, into list: inout QuestionList
    ) throws(CorpusError) {
        let rows = try TableReader(path: path, quoting: format == .dpr)
        while let (place, columns) = try rows.next() {
            let question: Question?
            do throws(Malformation) {
                question = try Self.question(columns, format, line: place.line)
            } catch {
                throw .malformed(place: place, reason: error)
            }
            if let question { try list.add(question, at: place) }
        }
    }

    /// Makes a question of the columns of a row; nil for a blank row or one that names columns.
    private static func question(
        _ columns: [String], _ format: QuestionFormat, line: UInt64
    ) throws(Malformation) -> Question? {
        if columns.count == 1, columns[0].unicodeScalars.allSatisfy(\.properties.isWhitespace) {
            return nil
        }
        let expected =
            switch format {
            case .lines, .json: 1
            case .identified, .dpr: 2
            case .curatedTREC: 4
            }
        guard columns.count == expected else {
            throw .wrongColumnCount(expected: expected, got: columns.count)
        }
        if namesColumns(columns) { return nil }
        switch format {
        case .lines, .json:
            return Question(id: "\(line)", text: columns[0])
        case .identified:
            return Question(id: try identifier(columns[0]), text: columns[1])
        case .dpr:
            return Question(
                id: "\(line)", text: columns[0], answers: try PythonList.parse(columns[1]))
        case .curatedTREC:
            return Question(
                id: try identifier(columns[0]), text: columns[2], answers: [columns[3]])
        }
    }

    private static func identifier(_ column: String) throws(Malformation) -> String {
        guard !column.isEmpty else { throw .missingField("id") }
        return column
    }

    private static func namesColumns(_ columns: [String]) -> Bool {
        let names = columns.map { $0.lowercased() }
        return names.count == 2
            && (["id", "_id", "qid", "query_id", "query-id"].contains(names[0])
                && ["text", "question", "query"].contains(names[1])
                || names == ["question", "answers"])
    }
}
