import Foundation

/// The fixtures of this target.
let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/evaluation").path

/// A folder of real data, where there is one.
let realData = ProcessInfo.processInfo.environment["SHEAF_TEST_DATA"]

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

/// SplitMix64: the same numbers from one seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
