import Foundation
import TestSupport
import Testing

@testable import Training

/// Batches that are trained on again, lines of the log for several steps, and checkpoints of a
/// release that had neither.
struct RepeatTests {
    private static func trainer(_ settings: TrainingConfiguration) throws -> (Trainer, NumberTask) {
        let task = NumberTask(try settings.data.trainingStores(), group: SoloGroup())
        return (try Trainer(settings, group: SoloGroup(), task: task), task)
    }

    private static func lines(_ folder: TemporaryFolder) throws -> [TrainingLog.Line] {
        try folder.read("run/train_log.jsonl").split(separator: "\n").map {
            try JSONDecoder().decode(TrainingLog.Line.self, from: Data($0.utf8))
        }
    }

    @Test func `a batch of a high loss is trained on again, at most as often as allowed`() throws {
        let folder = try TemporaryFolder()
        var settings = try TrainerTests.settings(folder)
        settings.shuffles = false
        settings.optimizer.learningRate = 0.01
        settings.repeats.highLoss = 2
        settings.repeats.window = 3
        let (trainer, task) = try Self.trainer(settings)
        #expect(try trainer.run().steps == 9)
        let lines = try Self.lines(folder)
        var repeats = 0
        for (step, line) in lines.enumerated() {
            let own = line.repeats ?? 0
            let recent = lines[max(0, step - 3)..<step].compactMap(\.loss)
            guard recent.count == 3 else {
                #expect(own == 0)
                continue
            }
            let mean = recent.reduce(0, +) / 3
            // Either it came down to the mean, or was given up.
            #expect((line.loss ?? 0) <= mean || own == 2)
            repeats += own
        }
        #expect(repeats > 0)
        #expect(task.seen.count == 9 + repeats)
        #expect(trainer.state.repeats == repeats)
    }

    @Test(arguments: 1...8)
    func `repeats and sums of the log outlast an interruption`(step: Int) throws {
        func settings(_ folder: TemporaryFolder) throws -> TrainingConfiguration {
            var settings = try TrainerTests.settings(folder)
            settings.optimizer.learningRate = 0.01
            settings.repeats.highLoss = 1
            settings.repeats.window = 2
            settings.logEverySteps = 4
            return settings
        }
        let whole = try TemporaryFolder()
        let expected = try TrainerTests.run(try settings(whole), until: 100)
        let folder = try TemporaryFolder()
        _ = try TrainerTests.run(try settings(folder), until: step)
        #expect(try TrainerTests.run(try settings(folder), until: 100) == expected)
        let (found, wanted) = (try Self.lines(folder), try Self.lines(whole))
        #expect(wanted.map(\.step) == [4, 8, 9])
        #expect(found.map(\.step) == wanted.map(\.step))
        #expect(found.map(\.loss) == wanted.map(\.loss))
        #expect(found.map(\.questions) == wanted.map(\.questions))
        #expect(found.map(\.repeats) == wanted.map(\.repeats))
    }

    @Test func `a line for several steps has their mean`() throws {
        let (each, some) = (try TemporaryFolder(), try TemporaryFolder())
        _ = try TrainerTests.run(try TrainerTests.settings(each), until: 100)
        var settings = try TrainerTests.settings(some)
        settings.logEverySteps = 3
        _ = try TrainerTests.run(settings, until: 100)
        let steps = try Self.lines(each)
        for (number, line) in try Self.lines(some).enumerated() {
            let own = steps[3 * number..<3 * number + 3]
            #expect(line.step == 3 * number + 3)
            #expect(line.questions == own.reduce(0) { $0 + ($1.questions ?? 0) })
            let mean = own.reduce(0) { $0 + ($1.loss ?? 0) } / 3
            #expect(abs((line.loss ?? 0) - mean) < 1e-12)
        }
    }

    @Test func `a checkpoint of a release without a setting is of the same run by default`() throws
    {
        let folder = try TemporaryFolder()
        let settings = try TrainerTests.settings(folder)
        let task = NumberTask(try settings.data.trainingStores(), group: SoloGroup())
        let identity = try RunIdentity(settings, task: task)
        var older = identity
        for name in ["loss.binaryWeight", "repeats.highLoss", "repeats.window"] {
            #expect(older.settings.removeValue(forKey: name) != nil)
        }
        #expect(try identity.difference(from: older) == nil)
        var changed = settings
        changed.repeats.highLoss = 3
        let own = try RunIdentity(changed, task: task)
        #expect(try own.difference(from: older)?.name == "repeats.highLoss")
        older.settings["ofAnotherRelease"] = "1"
        #expect(try identity.difference(from: older)?.name == "ofAnotherRelease")
    }

    @Test func `a decay that begins after the run is told`() throws {
        let folder = try TemporaryFolder()
        var settings = try TrainerTests.settings(folder)
        settings.loss.contrastDecayStart = 9
        let (trainer, _) = try Self.trainer(settings)
        #expect(try trainer.run().notes.contains { $0.contains("loss.contrastDecayStart is 9") })
    }
}
