import Foundation
import TestSupport

@testable import Models
@testable import Training

/// Folders of the golden tiny models together with their tokenizer.
enum TinyModels {
    static let areThere = Goldens.has("models/dpr_question") && Goldens.has("models/dpr_ctx")

    /// A folder with `question_encoder` and `context_encoder`.
    static func dpr() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try Goldens.copyTowers(to: folder.path)
        return folder
    }

    /// A folder with one model.
    static func single(_ name: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try Goldens.copyModel(name, to: folder.path)
        return folder
    }

    /// Rows of training data about cities; `negatives` of each row's own.
    static func data(_ folder: TemporaryFolder, rows: Int, negatives: Int) throws -> String {
        let places = [
            "paris", "berlin", "madrid", "rome", "vienna", "lisbon", "athens", "oslo", "dublin",
            "prague", "warsaw", "helsinki",
        ]
        var text = ""
        for row in 0..<rows {
            let place = places[row % places.count]
            func passage(_ number: Int) -> String {
                let other = places[number % places.count]
                return "{\"title\": \"\(other)\", \"text\": \"\(other) has \(number) rivers and a"
                    + " tower of the year \(1000 + number)\"}"
            }
            let hard = (0..<negatives).map { passage(row + 5 + 7 * $0) }
            text +=
                "{\"question\": \"which town has \(row) rivers like \(place)\", \"answers\":"
                + " [\"\(row) rivers\"], \"positive_ctxs\": [\(passage(row))],"
                + " \"hard_negative_ctxs\": [\(hard.joined(separator: ", "))]}\n"
        }
        return try folder.write("train-\(rows)-\(negatives).jsonl", text)
    }

    /// Settings of a short run of the tiny pair, without dropout.
    static func settings(
        _ folder: TemporaryFolder, model: TemporaryFolder, rows: Int = 12, negatives: Int = 1
    ) throws -> TrainingConfiguration {
        var settings = TrainingConfiguration()
        settings.data.training = [try data(folder, rows: rows, negatives: negatives)]
        settings.model.folder = model.path
        settings.output = folder.path + "/run"
        settings.epochs = 2
        settings.batchSize = 6
        settings.input.hardNegatives = negatives
        settings.input.maximumPassageTokens = 32
        settings.input.maximumQuestionTokens = 24
        settings.optimizer.learningRate = 1e-3
        settings.schedule.warmupSteps = 1
        settings.dropout.hidden = 0
        settings.dropout.attention = 0
        return settings
    }
}

/// The gradients of one step, by tensor.
struct StepGradients: Sendable {
    var statistics = StepStatistics()
    var tensors: [String: [Float]] = [:]

    init(
        _ settings: TrainingConfiguration, over group: any CollectiveGroup,
        batches: [[ExampleNumber]], step: Int = 3
    ) throws {
        let task = try RetrieverTask(
            try settings.model.towers(seed: settings.seed),
            stores: try settings.data.trainingStores(), validation: nil, settings: settings,
            group: group)
        statistics = try task.gradients(of: batches, epoch: 0, step: step)
        for (index, set) in task.parameterSets.enumerated() {
            for entry in set.entries {
                tensors["\(index) \(entry.name)"] = Array(set.gradients[entry.range])
            }
        }
    }

    /// The largest distance of a tensor, relative to its norm.
    ///
    /// Two kinds are zero in theory and hold noise: key biases, since a softmax does not see them,
    /// and the passages' last bias, since the rows of ∂L/∂S add up to 0. They are measured by the
    /// norm of their siblings.
    func distance(to other: StepGradients) -> Double {
        tensors.map { name, values in
            let reference = name.replacing("key.bias", with: "query.bias")
                .replacing("LayerNorm.bias", with: "LayerNorm.weight")
            let scale = Self.norm(other.tensors[reference] ?? [])
            let difference = zip(values, other.tensors[name] ?? []).map { $0 - $1 }
            guard other.tensors[name]?.count == values.count else { return .infinity }
            return scale > 0 ? Self.norm(difference) / scale : Self.norm(difference)
        }.max() ?? .infinity
    }

    static func norm(_ values: [Float]) -> Double {
        values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
}

extension TrainingConfiguration {
    /// Batches of consecutive examples.
    func batches(_ sizes: [Int]) -> [[ExampleNumber]] {
        var next = 0
        return sizes.map { size in
            next += size
            return (next - size..<next).map { ExampleNumber(dataset: 0, index: $0) }
        }
    }
}
