import Foundation
import TestSupport
import Testing

@testable import Training

/// What `docs/simple-transformers.md` says, beside that library's fields and our settings.
struct SimpleTransformersTests {
    /// The names in a cell: what stands between back quotes.
    private static func names(_ cell: Substring) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    /// The rows of all tables below a heading and above the next, two cells each.
    private static func rows(below heading: String) throws -> [(there: [String], here: [String])] {
        let text = try String(
            contentsOfFile: TestFiles.repository + "/docs/simple-transformers.md", encoding: .utf8)
        let part = try #require(text.components(separatedBy: "\n## \(heading)\n").last)
        let own = part.components(separatedBy: "\n## ")[0]
        return own.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            let cells = line.split(separator: "|")
            return (names(cells[0]), names(cells[1]))
        }
    }

    @Test func `every argument of that library is here or is left out, once`() throws {
        let path = TestFiles.fixtures + "/simple-transformers/arguments.txt"
        let fields = try String(contentsOfFile: path, encoding: .utf8)
            .split(separator: "\n").map(String.init)
        #expect(fields.count == 186)
        let told = try (Self.rows(below: "Arguments") + Self.rows(below: "Left out"))
            .flatMap(\.there)
        #expect(Set(fields).subtracting(told).sorted() == [])
        #expect(Set(told).subtracting(fields).sorted() == [])
        let counts = Dictionary(grouping: told, by: { $0 }).filter { $0.value.count > 1 }
        #expect(counts.keys.sorted() == [])
    }

    @Test func `every setting that it names is one`() throws {
        let settings = try TrainingConfiguration().values()
        let sections = Set(settings.keys.map { $0.split(separator: ".")[0] })
        var seen = 0
        for row in try Self.rows(below: "Arguments") {
            for name in row.here where sections.contains(name.split(separator: ".")[0]) {
                // A folder's name in passing is none.
                guard name != "model" else { continue }
                #expect(settings[name] != nil, "\(name)")
                seen += 1
            }
        }
        #expect(seen > 50)
    }

    @Test(arguments: [
        ("epochs", "1"), ("batchSize", "8"), ("accumulationSteps", "1"), ("maximumSteps", "0"),
        ("optimizer.learningRate", "4e-05"), ("optimizer.kind", "\"adamw-torch\""),
        ("optimizer.epsilon", "1e-08"), ("optimizer.beta1", "0.9"), ("optimizer.beta2", "0.999"),
        ("optimizer.weightDecay", "0"), ("optimizer.clipNorm", "1"),
        ("schedule.kind", "\"linear\""), ("schedule.warmupRatio", "0.06"),
        ("schedule.warmupSteps", "0"), ("schedule.power", "1"),
        ("schedule.endLearningRate", "1e-07"), ("input.maximumQuestionTokens", "128"),
        ("input.maximumPassageTokens", "128"), ("input.usesTitles", "true"),
        ("evaluation.batchSize", "100"), ("evaluation.everySteps", "2000"),
        ("evaluation.measure", "\"nll\""), ("evaluation.minimumDelta", "0"),
        ("evaluation.patience", "0"), ("checkpoints.everySteps", "2000"), ("logEverySteps", "50"),
        ("repeats.highLoss", "0"), ("repeats.window", "10"), ("loss.contrastWeight", "1"),
        ("loss.tripletMargin", "1"), ("loss.similarity", "\"dot\""),
        ("loss.contrastDecayStart", "-1"), ("loss.contrastSkipsHardNegatives", "false"),
        ("model.freezesQuestion", "false"), ("model.freezesContext", "false"),
    ])
    func `the preset has that library's value`(name: String, value: String) throws {
        let found = try #require(try TrainingConfiguration.simpleTransformers.values()[name])
        let (number, expected) = (Double(found), Double(value))
        #expect(number == nil ? found == value : number == expected, "\(name) is \(found)")
    }
}
