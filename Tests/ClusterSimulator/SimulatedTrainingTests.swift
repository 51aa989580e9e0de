import ClusterCore
import Testing

/// Ranks come together and go on, whatever the network and the processes do.
struct SimulatedTrainingTests {
    private func run(
        _ settings: SimulatedTraining.Settings, seeds: Range<UInt64>,
        check: (SimulatedTraining, UInt64) -> Void = { _, _ in }
    ) {
        for seed in seeds {
            let training = SimulatedTraining(settings, seed: seed)
            training.run()
            #expect(training.failures.isEmpty, "seed \(seed): \(training.failures)")
            check(training, seed)
        }
    }

    @Test func `in peace one generation does all the work`() {
        run(.init(), seeds: 0..<50) { training, seed in
            #expect(training.generations == 1, "seed \(seed)")
        }
    }

    @Test func `messages that are lost, late or repeated do no harm`() {
        var settings = SimulatedTraining.Settings()
        settings.loss = 5
        settings.delay = 1...600
        run(settings, seeds: 0..<100)
    }

    @Test func `ranks that die are started again, and the others hear of it within a second`() {
        var settings = SimulatedTraining.Settings()
        settings.crashes = 120
        run(settings, seeds: 0..<100) { training, seed in
            #expect(training.longestAbort <= .seconds(1), "seed \(seed)")
        }
    }

    @Test func `ranks that stand still are noticed within two seconds`() {
        var settings = SimulatedTraining.Settings()
        settings.halts = 150
        settings.seesExits = false
        run(settings, seeds: 0..<100) { training, seed in
            #expect(training.longestAbort <= .milliseconds(2_500), "seed \(seed)")
        }
    }

    @Test func `everything at once`() {
        var settings = SimulatedTraining.Settings()
        settings.ranks = 4
        settings.minimum = 2
        settings.loss = 12
        settings.delay = 1...120
        settings.crashes = 200
        settings.halts = 400
        run(settings, seeds: 0..<100)
    }
}
