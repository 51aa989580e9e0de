import Foundation
import Training

/// Training data of random words, long enough to fill every question and passage.
struct TrainingText {
    private let words: [String]

    /// Takes the whole words of a model's vocabulary.
    init(model: String) throws {
        let vocabulary = try String(contentsOfFile: model + "/vocab.txt", encoding: .utf8)
        words = vocabulary.split(separator: "\n").map(String.init).filter { word in
            word.count > 2 && word.allSatisfy { ("a"..."z").contains($0) }
        }
    }

    /// Writes examples, each with a positive and a hard negative.
    func write(examples: Int, to path: String) throws {
        var rows = ""
        for _ in 0..<examples {
            rows += """
                {"question": "\(text(40))", "positive_ctxs": [{"text": "\(text(140))"}], \
                "hard_negative_ctxs": [{"text": "\(text(140))"}]}

                """
        }
        try rows.write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func text(_ count: Int) -> String {
        (0..<count).map { _ in words.randomElement() ?? "word" }.joined(separator: " ")
    }

    /// Settings of a run over such data in `folder`: two separate towers from one model, questions
    /// of 32 tokens, passages of 128, dropout as the model has it, AdamW.
    static func settings(model: String, folder: String) -> TrainingConfiguration {
        var settings = TrainingConfiguration()
        settings.output = folder + "/run"
        settings.data.training = [folder + "/train.jsonl"]
        settings.model.folder = model
        settings.model.separatesTowers = true
        settings.epochs = 1
        settings.batchSize = 8
        settings.input.maximumQuestionTokens = 32
        settings.input.maximumPassageTokens = 128
        settings.optimizer.kind = .adamWTorch
        settings.optimizer.weightDecay = 0.01
        settings.schedule.warmupSteps = 0
        return settings
    }
}
