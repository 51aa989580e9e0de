import TestSupport
import Testing

@testable import Models
@testable import Tensors
@testable import Training

/// What a batch that is encoded in chunks takes of memory.
@Suite(.enabled(if: TinyModels.areThere, "the tiny DPR models are not among the goldens"))
struct GradientCacheTests {
    /// The most floats that the arenas of both towers held in a step of a batch.
    private static func peak(
        _ settings: TrainingConfiguration, batch: Int
    ) throws -> (floats: Int, statistics: StepStatistics) {
        let task = try RetrieverTask(
            try settings.model.towers(seed: 1), stores: try settings.data.trainingStores(),
            validation: nil, settings: settings, group: SoloGroup())
        let statistics = try task.gradients(of: settings.batches([batch]), epoch: 0, step: 0)
        let arenas = [task.towers.question.arenas, task.towers.context.arenas]
        return (arenas.reduce(0) { $0 + $1.largestCapacity }, statistics)
    }

    @Test(arguments: zip([8, 16], [false, true]))
    func `a batch of 256 takes hardly more memory than its chunk alone`(
        chunk: Int, recomputes: Bool
    ) throws {
        let tokenizer = try TinyModels.single("dpr_ctx")
        let folder = try TemporaryFolder()
        var settings = try TinyModels.settings(folder, model: tokenizer, rows: 256, negatives: 0)
        // Large enough that a chunk fills several slabs of an arena.
        settings.model.folder = ""
        settings.model.random.tokenizer = tokenizer.path
        settings.model.random.hiddenSize = 192
        settings.model.random.layers = 3
        settings.model.random.heads = 3
        settings.model.random.positions = 64
        // All texts are cut, so that no chunk is longer than another.
        settings.input.maximumQuestionTokens = 8
        settings.input.maximumPassageTokens = 16
        settings.memory.chunkSize = chunk
        settings.memory.recomputesLayers = recomputes
        let alone = try Self.peak(settings, batch: chunk)
        let all = try Self.peak(settings, batch: 256)
        #expect(alone.statistics.ownTokens == 24 * chunk)
        #expect(all.statistics.ownTokens == 24 * 256)
        #expect(Double(all.floats) <= 1.3 * Double(alone.floats), "\(all), \(alone)")
        settings.memory.chunkSize = 0
        let whole = try Self.peak(settings, batch: 4 * chunk)
        #expect(whole.floats > 2 * alone.floats, "\(whole), \(alone)")
    }
}
