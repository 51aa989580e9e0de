import Foundation
import TestSupport
import Testing

@testable import Training

/// Losses of Simple Transformers by that library's own code, from a table to the gradients of both
/// towers; `Tests/Fixtures/simple-transformers` says how the numbers were made.
struct SimpleTransformersLossTests {
    private struct Fixture: Decodable {
        struct Run: Decodable {
            var loss: Double
            /// By tower and tensor.
            var norms: [String: Double]
            var gradients: [String: [Float]]
        }
        /// A text or a number of a row.
        enum Cell: Decodable {
            case text(String)
            case number(Double)

            init(from decoder: any Decoder) throws {
                let cell = try decoder.singleValueContainer()
                if let text = try? cell.decode(String.self) {
                    self = .text(text)
                } else {
                    self = .number(try cell.decode(Double.self))
                }
            }

            var written: String {
                switch self {
                case .text(let text): text
                case .number(let number): String(number)
                }
            }
        }
        var length: Int
        var quartets: [[Cell]]
        var pairs: [[String]]
        var runs: [String: Run]
    }

    private static func fixture() throws -> Fixture {
        let path = TestFiles.fixtures + "/simple-transformers/losses.json"
        return try JSONDecoder().decode(
            Fixture.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    private static func table(_ columns: [String], _ rows: [[String]]) -> String {
        ([columns] + rows).map { $0.joined(separator: "\t") + "\n" }.joined()
    }

    private static func settings(
        _ folder: TemporaryFolder, _ model: TemporaryFolder, _ fixture: Fixture, table: String,
        negatives: Int
    ) throws -> TrainingConfiguration {
        try Goldens.copyTowers(to: model.path, from: Goldens.subset)
        var settings = try TinyModels.settings(folder, model: model, negatives: negatives)
        settings.data.training = [try folder.write("table.tsv", table)]
        settings.input.maximumPassageTokens = fixture.length
        settings.input.maximumQuestionTokens = fixture.length
        return settings
    }

    private static func expect(_ found: StepGradients, toBe run: Fixture.Run) throws {
        #expect(relativeDifference(found.statistics.loss, run.loss) < 1e-5)
        var gradients: [String: [Float]] = [:]
        for (name, values) in found.tensors {
            let tower = name.hasPrefix("0 ") ? "question" : "context"
            let tensor = name.components(separatedBy: "bert_model.").last ?? name
            gradients["\(tower) \(tensor)"] = values
        }
        for (name, norm) in run.norms {
            let own = StepGradients.norm(try #require(gradients[name], "\(name)"))
            // In theory zero are those of the passages' last bias: a softmax does not see it.
            #expect(abs(own - norm) <= 1e-4 * norm + 1e-5, "\(name): \(own), \(norm)")
        }
        for (name, values) in run.gradients {
            #expect(relativeDistance(try #require(gradients[name]), values) < 1e-4, "\(name)")
        }
    }

    @Test(arguments: [
        ("quartet", 0.0, 2.0), ("quartet and nll", 1.0, 2.0), ("quartets, nll alone", 1.0, 0.0),
    ])
    func `quartets have that library's loss and gradients`(
        name: String, contrastWeight: Double, quartetWeight: Double
    ) throws {
        let fixture = try Self.fixture()
        let folder = try TemporaryFolder()
        let model = try TemporaryFolder()
        let columns = [
            "query_text_a", "query_text_b", "passage_text_a", "passage_text_b", "aa_score",
            "ab_score", "ba_score", "bb_score",
        ]
        var settings = try Self.settings(
            folder, model, fixture,
            table: Self.table(columns, fixture.quartets.map { $0.map(\.written) }), negatives: 1)
        settings.loss.contrastWeight = contrastWeight
        settings.loss.quartetWeight = quartetWeight
        let found = try StepGradients(
            settings, over: SoloGroup(), batches: settings.batches([2 * fixture.quartets.count]))
        try Self.expect(found, toBe: try #require(fixture.runs[name]))
    }

    @Test(arguments: [("binary", 0.0), ("binary and nll", 1.0)])
    func `the binary loss has that library's value and gradients`(
        name: String, contrastWeight: Double
    ) throws {
        let fixture = try Self.fixture()
        let folder = try TemporaryFolder()
        let model = try TemporaryFolder()
        var settings = try Self.settings(
            folder, model, fixture,
            table: Self.table(["query_text", "gold_passage"], fixture.pairs), negatives: 0)
        settings.loss.contrastWeight = contrastWeight
        settings.loss.binaryWeight = 1
        // Beside the binary loss a copy of a question's passage is its negative there.
        settings.loss.masksDuplicates = false
        let found = try StepGradients(
            settings, over: SoloGroup(), batches: settings.batches([fixture.pairs.count]))
        try Self.expect(found, toBe: try #require(fixture.runs[name]))
    }
}
