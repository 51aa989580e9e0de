import Foundation
import TestSupport
import Testing

@testable import Models
@testable import Training

/// A model of a few numbers that are drawn to those of the examples: trains in no time.
final class NumberTask: TrainingTask {
    let parameterSets: [ParameterSet]
    private(set) var stores: [ExampleStore]
    private let group: any CollectiveGroup
    /// The step whose loss is not a number.
    var brokenStep = -1
    var values: [Double] = []
    /// Batches seen: step and examples.
    private(set) var seen: [[Int]] = []

    init(_ stores: [ExampleStore], group: any CollectiveGroup) {
        let set = ParameterSet([("a.weight", [3, 5]), ("a.bias", [5])])
        for index in set.values.indices { set.values[index] = Float(index) / 7 }
        parameterSets = [set]
        self.stores = stores
        self.group = group
    }

    var canEvaluate: Bool { !values.isEmpty }

    func gradients(
        of batches: [[ExampleNumber]], epoch: Int, step: Int
    ) throws(TrainingError) -> StepStatistics {
        let set = parameterSets[0]
        set.zeroGradients()
        var statistics = StepStatistics()
        for batch in batches {
            seen.append(batch.map(\.index))
            let share = BatchSampler.share(of: batch.count, rank: group.rank, world: group.world)
            for number in batch[share] {
                for index in set.values.indices {
                    let target = Float((number.index + index) % 11) / 11
                    let difference = set.values[index] - target
                    set.gradients[index] += difference / Float(batch.count)
                    statistics.loss += Double(difference * difference) / Double(batch.count)
                }
                statistics.questions += 1
            }
        }
        if step == brokenStep, group.rank == group.world - 1 { statistics.loss = .nan }
        let sum = GradientSum(parameterSets, over: group)
        statistics = try statistics.sum(
            over: group, step: step, examples: try ids(of: batches.flatMap { $0 }))
        try exchanging(step: step) { () throws(CollectiveError) in try sum.finish() }
        return statistics
    }

    func evaluate(step: Int) throws(TrainingError) -> TrainingEvaluation {
        TrainingEvaluation(questions: 1, values: ["nll": values.removeFirst()])
    }

    func save(to folder: String) throws(TrainingError) {
        try DurableFolder.create(folder)
        try DurableFolder.write(Array(parameterSets[0].values), to: folder + "/values")
    }

    func replaceData(_ stores: [ExampleStore]) {
        self.stores = stores
    }
}

/// A run from start to end, interrupted and resumed.
struct TrainerTests {
    /// Settings of a run of three epochs of four steps.
    static func settings(_ folder: TemporaryFolder) throws -> TrainingConfiguration {
        let rows = (1...10).map {
            "{\"question\": \"q\($0)\", \"positive_ctxs\": [{\"text\": \"p\($0)\"}]}\n"
        }
        var settings = TrainingConfiguration()
        settings.data.training = [try folder.write("train.jsonl", rows.joined())]
        settings.output = folder.path + "/run"
        settings.epochs = 3
        settings.batchSize = 3
        settings.optimizer.learningRate = 0.1
        settings.optimizer.weightDecay = 0.01
        settings.schedule.warmupSteps = 2
        settings.checkpoints.everySteps = 1
        settings.checkpoints.keep = 3
        return settings
    }

    private static func trainer(
        _ settings: TrainingConfiguration, _ group: any CollectiveGroup = SoloGroup()
    ) throws -> (Trainer, NumberTask) {
        let task = NumberTask(try settings.data.trainingStores(), group: group)
        return (try Trainer(settings, group: group, task: task), task)
    }

    private static func bits(_ task: NumberTask) -> [UInt32] {
        task.parameterSets[0].values.map(\.bitPattern)
    }

    /// Runs until `step` steps are done, then is stopped.
    static func run(
        _ settings: TrainingConfiguration, until step: Int, notes: Notes = Notes()
    ) throws -> [UInt32] {
        let (trainer, task) = try trainer(settings)
        var done = 0
        var hooks = TrainingHooks()
        hooks.shouldStop = {
            done = trainer.state.step
            return done >= step
        }
        hooks.note = { notes.texts.append($0) }
        do {
            _ = try trainer.run(hooks)
        } catch TrainingError.interrupted {
        }
        return bits(task)
    }

    final class Notes {
        var texts: [String] = []
    }

    @Test func `a run ends with a model, a log and a picture, and its loss falls`() throws {
        let folder = try TemporaryFolder()
        let settings = try Self.settings(folder)
        let (trainer, task) = try Self.trainer(settings)
        var steps: [TrainingProgress] = []
        var hooks = TrainingHooks()
        hooks.progress = { steps.append($0) }
        let report = try trainer.run(hooks)
        #expect(trainer.stepsPerEpoch == 3 && report.steps == 9 && steps.count == 9)
        #expect(steps.map(\.step) == Array(1...9) && steps.last?.secondsLeft == 0)
        #expect((steps.last?.loss ?? 0) < (steps.first?.loss ?? 0))
        #expect(task.seen.joined().sorted() == (0..<30).map { $0 / 3 })
        #expect(try folder.read("run/train_log.jsonl").split(separator: "\n").count == 9)
        #expect(try folder.read("run/train_curves.svg").contains("<polyline"))
        #expect(FileManager.default.fileExists(atPath: report.model + "/values"))
        #expect(trainer.checkpoints.steps == [9, 8, 7])
    }

    @Test(arguments: 1...8)
    func `a run stopped after any step goes on with the same bits`(step: Int) throws {
        let whole = try TemporaryFolder()
        let expected = try Self.run(try Self.settings(whole), until: 100)
        let folder = try TemporaryFolder()
        let settings = try Self.settings(folder)
        _ = try Self.run(settings, until: step)
        let notes = Notes()
        #expect(try Self.run(settings, until: 100, notes: notes) == expected)
        #expect(notes.texts.count == 1)
        let log = try folder.read("run/train_log.jsonl").split(separator: "\n")
        #expect(log.count == 9)
    }

    @Test func `a damaged newest checkpoint is told, and the one before it used`() throws {
        let whole = try TemporaryFolder()
        let expected = try Self.run(try Self.settings(whole), until: 100)
        for damage in 0..<3 {
            let folder = try TemporaryFolder()
            let settings = try Self.settings(folder)
            _ = try Self.run(settings, until: 5)
            let path = folder.path + "/run/checkpoints/step-000000005/"
            switch damage {
            case 0:
                try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path + "moments-0-first.f32"))
            case 1: try Data("{}".utf8).write(to: URL(fileURLWithPath: path + "state.json"))
            default:
                let url = URL(fileURLWithPath: path + "parameters-0.f32")
                var bytes = try Data(contentsOf: url)
                bytes[17] ^= 1
                try bytes.write(to: url)
            }
            let notes = Notes()
            #expect(try Self.run(settings, until: 100, notes: notes) == expected)
            #expect(notes.texts.count == 2 && notes.texts[0].contains("000000005 is damaged"))
            #expect(notes.texts[1].contains("step-000000004"))
        }
    }

    @Test func `a folder of another run is refused, and what differs is named`() throws {
        let folder = try TemporaryFolder()
        var settings = try Self.settings(folder)
        _ = try Self.run(settings, until: 2)
        func refusal(_ settings: TrainingConfiguration) throws -> String {
            do {
                _ = try Self.run(settings, until: 100)
            } catch TrainingError.checkpointOfAnotherRun(_, let what, _, _) {
                return what
            }
            return ""
        }
        settings.optimizer.learningRate = 0.2
        #expect(try refusal(settings) == "optimizer.learningRate")
        settings.optimizer.learningRate = 0.1
        try folder.write(
            "b.jsonl", "{\"question\": \"q\", \"positive_ctxs\": [{\"text\": \"p\"}]}\n")
        settings.data.training = [folder.path + "/b.jsonl"]
        #expect(try refusal(settings) == "training data")
    }

    @Test func `a loss that is no number stops every rank, naming step, rank and examples`() throws
    {
        let folder = try TemporaryFolder()
        let settings = try Self.settings(folder)
        let outcomes = asRanks(2) { group in
            let (trainer, task) = try Self.trainer(settings, group)
            task.brokenStep = 4
            _ = try trainer.run()
        }
        for outcome in outcomes {
            guard case .failure(let error) = outcome,
                case .notFinite(_, let step, let rank, let examples, let checkpoint)? = error
                    as? TrainingError
            else {
                Issue.record("\(outcome)")
                continue
            }
            #expect(step == 4 && rank == 1 && examples.count == 3)
            #expect(checkpoint?.hasSuffix("step-000000004") == true)
        }
    }

    @Test(arguments: [1, 2, 3, 5])
    func `ranks see one order and end with the same bits`(world: Int) throws {
        let folder = try TemporaryFolder()
        let settings = try Self.settings(folder)
        let outcomes = asRanks(world) { group in
            let (trainer, task) = try Self.trainer(settings, group)
            _ = try trainer.run()
            return (Self.bits(task), task.seen, task.parameterSets[0].values.map { $0 })
        }
        let results = try outcomes.map { try $0.get() }
        #expect(results.allSatisfy { $0.0 == results[0].0 && $0.1 == results[0].1 })
        let other = try TemporaryFolder()
        let (alone, task) = try Self.trainer(try Self.settings(other))
        _ = try alone.run()
        #expect(task.seen == results[0].1)
        #expect(relativeDistance(results[0].2, Array(task.parameterSets[0].values)) < 1e-5)
    }

    @Test func `ranks with other data or settings are refused`() throws {
        let folder = try TemporaryFolder()
        let settings = try Self.settings(folder)
        let outcomes = asRanks(2) { group in
            var settings = settings
            if group.rank == 1 { settings.seed = 5 }
            _ = try Self.trainer(settings, group)
        }
        for outcome in outcomes {
            guard case .failure(let error) = outcome,
                case .ranksDisagree("seed", ["12345", "5"])? = error as? TrainingError
            else {
                Issue.record("\(outcome)")
                continue
            }
        }
    }

    @Test func `training ends early, and the best model and its checkpoint stay`() throws {
        let folder = try TemporaryFolder()
        var settings = try Self.settings(folder)
        settings.evaluation.everySteps = 1
        settings.evaluation.patience = 4
        settings.checkpoints.keep = 1
        let (trainer, task) = try Self.trainer(settings)
        task.values = [3, 2, 2.5, 2, 2.1, 9]
        let report = try trainer.run()
        #expect(report.endedEarly && report.steps == 6 && report.modelStep == 2)
        #expect(report.evaluation?.values == ["nll": 2])
        #expect(trainer.checkpoints.steps == [6, 2])
    }

    @Test func `a checkpoint that cannot be written leaves the ones before it`() throws {
        let error = failure { () throws(TrainingError) in
            try DurableFolder.write([UInt8](repeating: 0, count: 1 << 16), to: "/dev/full")
        }
        #expect(error == .cannotWrite(path: "/dev/full", reason: "No space left on device"))
        let whole = try TemporaryFolder()
        let expected = try Self.run(try Self.settings(whole), until: 100)
        let folder = try TemporaryFolder()
        let settings = try Self.settings(folder)
        let path = settings.output + "/checkpoints"
        let files = FileManager.default
        let (trainer, _) = try Self.trainer(settings)
        var hooks = TrainingHooks()
        hooks.progress = { progress in
            guard progress.step == 3 else { return }
            // Nothing can be made below a file.
            try? files.moveItem(atPath: path, toPath: path + ".kept")
            _ = files.createFile(atPath: path, contents: nil)
        }
        let unwritten = failure { () throws(TrainingError) in try trainer.run(hooks) }
        guard case .checkpointUnwritten(let place, _, let last) = unwritten else {
            Issue.record("\(String(describing: unwritten))")
            return
        }
        #expect(place.contains("step-000000004") && last == path + "/step-000000003")
        try files.removeItem(atPath: path)
        try files.moveItem(atPath: path + ".kept", toPath: path)
        #expect(trainer.checkpoints.steps == [3, 2, 1])
        #expect(try Self.run(settings, until: 100) == expected)
    }
}
