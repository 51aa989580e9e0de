import Base
import Foundation
import Models

/// What makes a run the run it is: two with the same go the same way, step by step.
struct RunIdentity: Equatable, Codable {
    /// The settings that decide what is computed, by their names.
    var settings: [String: String]
    /// What the checkpoint of an earlier release means that does not say it.
    private var before: [String: String] = [:]
    /// Digest of the training data.
    var data: String
    /// Digest of the parameters at the start.
    var model: String

    init(_ configuration: TrainingConfiguration, task: any TrainingTask) throws(TrainingError) {
        var deciding = configuration
        // Where things lie, and what is measured or kept, changes no gradient.
        deciding.output = ""
        deciding.checkpoints = CheckpointSettings()
        deciding.evaluation = EvaluationSettings()
        deciding.logEverySteps = 1
        deciding.data = DataSettings()
        deciding.data.rates = configuration.data.rates
        deciding.model = ModelSettings()
        deciding.model.freezesQuestion = configuration.model.freezesQuestion
        deciding.model.freezesContext = configuration.model.freezesContext
        deciding.model.maximumLength = configuration.model.maximumLength
        deciding.model.queryPrefix = configuration.model.queryPrefix
        deciding.model.passagePrefix = configuration.model.passagePrefix
        settings = try deciding.values()
        // How the towers pool, whoever decides it; earlier releases assumed the mean.
        if let pooling = task.pooling {
            settings[Self.poolingName] = pooling.name
            before[Self.poolingName] = pooling.isAssumed ? "mean" : pooling.name
        }
        data = String(try task.dataDigest, radix: 16)
        model = task.parameterSets.map { String($0.valueHash, radix: 16) }.joined(separator: "-")
    }

    private static let poolingName = "model.pooling"

    private enum CodingKeys: String, CodingKey { case settings, data, model }

    /// The parts by name, for comparing and for messages.
    var parts: [(name: String, value: String)] {
        settings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            + [("training data", data), ("initial model", model)]
    }
}

extension RunIdentity {
    /// What differs in the run of a checkpoint: the name, the value here and the one there.
    ///
    /// A setting that the checkpoint's release had not is as if it had its default, and the pooling
    /// is what that release took.
    func difference(
        from other: RunIdentity
    ) throws(TrainingError) -> (name: String, own: String, found: String)? {
        let defaults = try TrainingConfiguration().values()
        for (name, own) in settings.sorted(by: { $0.key < $1.key }) {
            let found = other.settings[name] ?? before[name] ?? defaults[name] ?? ""
            if own != found { return (name, own, found) }
        }
        for name in other.settings.keys.sorted() where settings[name] == nil {
            return (name, "no setting", other.settings[name] ?? "")
        }
        if data != other.data { return ("training data", data, other.data) }
        return model == other.model ? nil : ("initial model", model, other.model)
    }
}

extension ParameterSet {
    /// A number for the bits of all values: equal bits, equal number, on every machine.
    ///
    /// Four lanes, so that a pass over the memory is what it costs.
    var valueHash: UInt64 {
        var lanes = SIMD4<UInt64>(
            SplitMix.step, 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB, FNV.offset)
        let factor = SIMD4<UInt64>(repeating: FNV.prime)
        let values = self.values
        var index = 0
        while index + 4 <= values.count {
            let bits = SIMD4<UInt64>(
                UInt64(values[index].bitPattern), UInt64(values[index + 1].bitPattern),
                UInt64(values[index + 2].bitPattern), UInt64(values[index + 3].bitPattern))
            lanes = (lanes ^ bits) &* factor
            lanes ^= lanes &>> SIMD4<UInt64>(repeating: 29)
            index += 4
        }
        var hash = UInt64(values.count)
        for lane in 0..<4 { hash = SplitMix.mixed(hash ^ lanes[lane]) }
        while index < values.count {
            hash = SplitMix.mixed(hash ^ UInt64(values[index].bitPattern))
            index += 1
        }
        return hash
    }
}
