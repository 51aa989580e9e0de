import Corpus
import Models

/// The settings that are one of several words, and these.
enum SettingChoices {
    /// By the setting's name.
    static let all: [String: [String]] = [
        "kind": names(TrainingConfiguration.Kind.self),
        "input.layout": names(InputSettings.Layout.self),
        "input.negativeChoice": names(InputSettings.Choice.self),
        "input.positiveChoice": names(InputSettings.Choice.self),
        "loss.contrast": names(LossSettings.Contrast.self),
        "loss.direction": names(LossSettings.Direction.self),
        "loss.scaling": names(LossSettings.Scaling.self),
        "loss.similarity": names(Similarity.self),
        "optimizer.kind": names(OptimizerSettings.Kind.self),
        "schedule.kind": names(ScheduleSettings.Kind.self),
    ]

    private static func names<Choice: CaseIterable & RawRepresentable<String>>(
        _ choice: Choice.Type
    ) -> [String] {
        choice.allCases.map(\.rawValue)
    }

    /// Why a value does not fit.
    static func reason(_ value: Any, for name: String) -> String {
        guard let choices = all[name] else {
            return "is “\(value)”, which is beyond its range, or no whole number"
        }
        let nearest = NearestName.of("\(value)", among: choices).map { "; did you mean \($0)?" }
        return "is “\(value)”; it is one of \(choices.joined(separator: ", "))\(nearest ?? "")"
    }
}
