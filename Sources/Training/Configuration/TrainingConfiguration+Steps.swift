/// How many steps a run has, from its settings and the sizes of its data sets.
extension TrainingConfiguration {
    /// Which examples each step takes.
    func sampler(sizes: [Int]) -> BatchSampler {
        BatchSampler(
            sizes: sizes, rates: data.rates.isEmpty ? sizes.map { _ in 1 } : data.rates,
            batchSize: batchSize, seed: seed, shuffles: shuffles)
    }

    /// Steps of an epoch.
    func stepsPerEpoch(sizes: [Int]) -> Int {
        (sampler(sizes: sizes).batchesPerEpoch + accumulationSteps - 1) / accumulationSteps
    }

    /// Steps of the whole run.
    func totalSteps(sizes: [Int]) -> Int {
        let all = epochs * stepsPerEpoch(sizes: sizes)
        return maximumSteps > 0 ? min(all, maximumSteps) : all
    }
}
