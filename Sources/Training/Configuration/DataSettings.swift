/// The data of a run.
public struct DataSettings: Equatable, Sendable, Codable {
    /// Files or folders of training data, in any form that `TrainingSource` knows.
    public var training: [String] = []
    /// How often an epoch goes through each of them; empty: once.
    public var rates: [Double] = []
    /// A file or folder of validation data; empty: the model is not measured.
    public var validation = ""
    /// The split of BEIR and MS MARCO folders that is trained on.
    public var trainingSplit = "train"
    /// The split of BEIR and MS MARCO folders that is measured on.
    public var validationSplit = "dev"
    /// Epochs after which hard negatives are found anew with the model as it is; 0: never.
    ///
    /// Source: Xiong et al. 2021, "Approximate Nearest Neighbor Negative Contrastive Learning".
    public var refreshEveryEpochs = 0
    /// The corpus in which they are found.
    public var refreshCorpus = ""

    /// Nothing named.
    public init() {}

    func validate() throws(TrainingError) {
        if training.isEmpty {
            throw .invalidSetting(name: "data.training", reason: "names no file or folder")
        }
        try WholeNumbers.check([
            ("data.refreshEveryEpochs", refreshEveryEpochs, 0...WholeNumbers.largestCount)
        ])
        if refreshEveryEpochs > 0, refreshCorpus.isEmpty {
            throw .invalidSetting(
                name: "data.refreshCorpus",
                reason: "names no file, and data.refreshEveryEpochs is \(refreshEveryEpochs)")
        }
        if !rates.isEmpty, rates.count != training.count {
            throw .invalidSetting(
                name: "data.rates",
                reason: "has \(rates.count) numbers for \(training.count) files")
        }
        for rate in rates where !(rate > 0 && rate <= 1000) {
            throw .invalidSetting(name: "data.rates", reason: "holds \(rate); rates are above 0")
        }
    }

    /// Reads the training data.
    func trainingStores() throws(TrainingError) -> [ExampleStore] {
        var stores: [ExampleStore] = []
        for path in training {
            stores.append(try .fill(from: .detect(path, split: trainingSplit)))
        }
        return stores
    }

    /// Reads the validation data, where some are named.
    func validationStore() throws(TrainingError) -> ExampleStore? {
        guard !validation.isEmpty else { return nil }
        return try .fill(from: .detect(validation, split: validationSplit))
    }
}
