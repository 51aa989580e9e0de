import Foundation
import Testing

@testable import Models
@testable import Training

/// Adafactor against transformers'; `Tests/Fixtures/adafactor` says how the numbers were made.
struct AdafactorTests {
    private struct Fixture: Decodable {
        struct Run: Decodable {
            struct Settings: Decodable {
                var learningRate: Double
                var scalesByParameter: Bool
                var weightDecay: Double
                var clipNorm: Double
            }
            var settings: Settings
            /// By step and tensor.
            var values: [String: [String: [Float]]]
        }
        var shapes: [String: [Int]]
        var starts: [String: [Float]]
        var gradients: [[String: [Float]]]
        var runs: [Run]
    }

    private static func fixture() throws -> Fixture {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(
            contentsOf: folder.appendingPathComponent("Fixtures/adafactor/adafactor.json"))
        return try JSONDecoder().decode(Fixture.self, from: data)
    }

    @Test(arguments: 0..<3)
    func `twenty updates are the reference's`(run: Int) throws {
        let fixture = try Self.fixture()
        let (reference, names) = (fixture.runs[run], fixture.shapes.keys.sorted())
        let set = ParameterSet(names.map { ($0, fixture.shapes[$0] ?? []) })
        for entry in set.entries {
            for (index, value) in zip(entry.range, try #require(fixture.starts[entry.name])) {
                set.values[index] = value
            }
        }
        var settings = OptimizerSettings()
        settings.kind = .adafactor
        settings.learningRate = reference.settings.learningRate
        settings.scalesByParameter = reference.settings.scalesByParameter
        settings.weightDecay = reference.settings.weightDecay
        settings.clipNorm = reference.settings.clipNorm
        let optimizer = Optimizer([set], settings)
        var compared = 0
        for (step, gradients) in fixture.gradients.enumerated() {
            for entry in set.entries {
                for (index, value) in zip(entry.range, try #require(gradients[entry.name])) {
                    set.gradients[index] = value
                }
            }
            optimizer.update(
                step: step + 1, learningRate: settings.learningRate,
                norm: optimizer.gradientNorm())
            guard let expected = reference.values["\(step + 1)"] else { continue }
            for entry in set.entries {
                let distance = relativeDistance(
                    Array(set.values[entry.range]), try #require(expected[entry.name]))
                #expect(distance <= 1e-5, "\(entry.name) after \(step + 1) updates")
                compared += 1
            }
        }
        #expect(compared == 9)
    }
}
