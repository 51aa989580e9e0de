import Foundation
import TestSupport

/// The fixtures of this target.
let fixtures = TestFiles.fixtures + "/evaluation"

/// One row of an answer-match file.
struct AnswerRow: Decodable {
    var answers: [String]
    var text: String
    var hasAnswer: Bool

    enum CodingKeys: String, CodingKey {
        case answers, text
        case hasAnswer = "has_answer"
    }

    /// Reads a file of rows, whose lines end with LF only.
    static func read(_ path: String) throws -> [AnswerRow] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        return try data.split(separator: 0x0A).map {
            try JSONDecoder().decode(AnswerRow.self, from: $0)
        }
    }
}
