import TestSupport
import Testing

@testable import Training

/// Settings from files and flags.
struct ConfigurationTests {
    @Test func `a file and overrides change what they name`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "train.yaml",
            """
            # A comment.
            output: run
            batchSize: 32
            optimizer:
              kind: adamw-torch
              learningRate: 1e-4
            data:
              training: [a.json, b.tsv]
              rates: [1, 0.5]
            model: {freezesQuestion: yes}
            """)
        let read = try TrainingConfiguration.read(
            file: path,
            overrides: [("batchSize", "64"), ("loss.contrast", "bidirectional"), ("epochs", "3")])
        var expected = TrainingConfiguration()
        expected.output = "run"
        expected.batchSize = 64
        expected.epochs = 3
        expected.optimizer.kind = .adamWTorch
        expected.optimizer.learningRate = 1e-4
        expected.data.training = ["a.json", "b.tsv"]
        expected.data.rates = [1, 0.5]
        expected.model.freezesQuestion = true
        expected.loss.contrast = .bidirectional
        #expect(read == expected)
    }

    @Test func `flags count where the file says nothing`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("train.yaml", "# nothing yet\n")
        let read = try TrainingConfiguration.read(file: path, overrides: [("batchSize", "64")])
        #expect(read.batchSize == 64)
    }

    @Test func `what is written as YAML is read as the same settings`() throws {
        let folder = try TemporaryFolder()
        for configuration in [.init(), TrainingConfiguration.simpleTransformers, .reader] {
            let path = try folder.write("train.yaml", try configuration.yaml())
            #expect(try TrainingConfiguration.read(file: path, base: .init()) == configuration)
        }
    }

    @Test(arguments: [
        ("learningRate", "1", "learningRate"), ("optimizer.rate", "1", "optimizer.rate"),
        ("batchSize", "many", "batchSize"), ("shuffles", "7", "shuffles"),
        ("optimizer", "1", "optimizer"), ("loss.contrast", "other", "loss.contrast"),
        ("data.rates", "1,x", "data.rates"), ("epochs", "1.5", "epochs"), ("seed", "-1", "seed"),
        ("batchSize", "99999999999999999999", "batchSize"),
    ])
    func `an unknown name or a value that does not fit is refused by name`(
        name: String, value: String, named: String
    ) {
        let error = failure { () throws(TrainingError) in
            try TrainingConfiguration.read(overrides: [(name, value)])
        }
        guard case .invalidSetting(let found, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found == named)
    }

    @Test(arguments: [
        ("learning_rate", "did you mean optimizer.learningRate"),
        ("optimizer.learningrate", "did you mean optimizer.learningRate"),
        ("batch_size", "did you mean batchSize"), ("lr", "here are accumulationSteps"),
        ("optimizer.speed", "here are beta1"),
    ])
    func `a name that is near to a setting's is told which`(name: String, told: String) {
        let error = failure { () throws(TrainingError) in
            try TrainingConfiguration.read(overrides: [(name, "1")])
        }
        #expect(error.map { "\($0)" }?.contains(told) == true, "\(String(describing: error))")
    }

    @Test func `a word that is no choice is told all of them, for every such setting`() throws {
        for (name, value) in try TrainingConfiguration().values() where value.hasPrefix("\"") {
            let error = failure { () throws(TrainingError) in
                try TrainingConfiguration.read(overrides: [(name, "nonsense")])
            }
            let choices = SettingChoices.all[name]
            #expect((error != nil) == (choices != nil), "\(name)")
            for choice in choices ?? [] {
                #expect("\(error.map { "\($0)" } ?? "")".contains(choice))
                let known = failure { () throws(TrainingError) in
                    try TrainingConfiguration.read(overrides: [(name, choice)])
                }
                #expect(known == nil, "\(name) \(choice)")
            }
        }
        let near = failure { () throws(TrainingError) in
            try TrainingConfiguration.read(overrides: [("optimizer.kind", "adamw_torch")])
        }
        #expect("\(near.map { "\($0)" } ?? "")".contains("did you mean adamw-torch"))
    }

    @Test func `a batch of one without negatives is refused`() {
        var configuration = TrainingConfiguration()
        configuration.output = "run"
        configuration.data.training = ["a"]
        configuration.model.folder = "m"
        configuration.batchSize = 1
        configuration.input.hardNegatives = 0
        let error = failure { () throws(TrainingError) in try configuration.validate() }
        guard case .invalidSetting("batchSize", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        configuration.input.hardNegatives = 1
        #expect(failure { () throws(TrainingError) in try configuration.validate() } == nil)
    }
}
