import ArgumentParser
import Sheaf

/// Where towers lie whose folders were moved since their collections were made.
struct ModelPlaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where a question tower lies now whose folder was moved.", valueName: "dir"))
    var questionModel: String?

    @Option(
        help: ArgumentHelp(
            "Where a context tower lies now whose folder was moved.", valueName: "dir"))
    var contextModel: String?

    var places: ModelPlaces {
        get throws {
            try ModelPlaces(questionFolder: questionModel, contextFolder: contextModel)
        }
    }
}
