import ArgumentParser
import Foundation
import Sheaf
import Training

/// Steps of the trainer over rank processes of one thread each: seconds of a step, and the share of
/// it that the rank which waited longest spent waiting for others and for the wire.
struct RankSteps {
    var model: String
    var ranks: Int
    var runs: Int
    var recomputesLayers: Bool

    private static let unmeasured = 2

    private struct Line: Encodable {
        var what = "train step"
        var ranks: Int
        var seconds: Double
        var waitedShare: Double
    }

    /// Runs the ranks to their end.
    func start(_ arguments: [String]) throws {
        try withScratch { folder in
            // One step more than are taken: the last one of a run writes the model.
            try TrainingText(model: model).write(
                examples: 8 * (Self.unmeasured + runs + 1), to: folder + "/train.jsonl")
            let processes = try (0..<ranks).map {
                try ownProcess(arguments + ["--rank", "\($0)", "--scratch", folder])
            }
            for process in processes { process.waitUntilExit() }
            guard processes.allSatisfy({ $0.terminationStatus == 0 }) else {
                throw ValidationError("a rank ended early; see what it said")
            }
        }
    }

    /// Takes the steps as one rank and ends the process.
    func measure(rank: Int, folder: String) throws {
        let group = try localRing(rank: rank, of: ranks, in: folder)
        var settings = TrainingText.settings(model: model, folder: folder)
        settings.memory.recomputesLayers = recomputesLayers
        let trainer = try Trainer(settings, group: group)
        var last = (time: ContinuousClock.now, waited: group.waited)
        var steps: [(seconds: Double, waited: Double)] = []
        var hooks = TrainingHooks()
        hooks.progress = { progress in
            let now = (time: ContinuousClock.now, waited: group.waited)
            steps.append(
                ((now.time - last.time) / .seconds(1), (now.waited - last.waited) / .seconds(1)))
            last = now
            if progress.step == Self.unmeasured + runs { end(steps, group) }
        }
        _ = try trainer.run(hooks)
    }

    private func end(_ steps: [(seconds: Double, waited: Double)], _ group: RingGroup) -> Never {
        do {
            let waited = try group.allGather(
                rows: steps.map { Float($0.waited) }, width: steps.count)
            for index in Self.unmeasured..<steps.count where group.rank == 0 {
                let longest = (0..<ranks).map { waited.values[$0 * steps.count + index] }.max()
                let line = Line(
                    ranks: ranks, seconds: steps[index].seconds,
                    waitedShare: Double(longest ?? 0) / steps[index].seconds)
                try line.printLine()
            }
            try group.barrier()
            group.close()
            exit(0)
        } catch {
            print("\(error)")
            exit(1)
        }
    }
}
