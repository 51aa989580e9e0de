import ArgumentParser
import Sheaf

/// The command tree.
struct SheafCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sheaf",
        abstract: "Index passages on a cluster of workers and search them with dense vectors.",
        discussion: """
            Start with a corpus and a model folder:

              sheaf index corpus.tsv --collection wiki --model all-MiniLM-L6-v2
              sheaf search "who wrote faust" --collection wiki

            Exit status: 0 good, 1 unexpected, 2 the call or its files are at fault, 3
            the cluster is at fault, 130 interrupted. With --json an error is a JSON
            object on the standard error.
            """,
        version: Release.version, subcommands: [TryIndexCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Collections",
                subcommands: [
                    IndexCommand.self, SearchCommand.self, AnswerCommand.self,
                    CollectionsCommand.self, EvaluateCommand.self, CalibrateCommand.self,
                ]),
            CommandGroup(
                name: "Cluster",
                subcommands: [
                    UpCommand.self, DownCommand.self, StatusCommand.self, CoordinatorCommand.self,
                    WorkerCommand.self, KeysCommand.self,
                ]),
            CommandGroup(
                name: "Training",
                subcommands: [
                    TrainCommand.self, TrainerCommand.self, ConvertCommand.self, MineCommand.self,
                    DistillCommand.self, EvaluateModelCommand.self, PredictCommand.self,
                ]),
            CommandGroup(
                name: "Models",
                subcommands: [
                    ModelCommand.self, EncodeCommand.self, ReadCommand.self,
                    GenerateCommand.self, TokenizeCommand.self,
                ]),
        ])
}
