import TestSupport
import Testing

@testable import Training

/// Learning rates over the steps.
struct ScheduleTests {
    private static func schedule(
        _ kind: ScheduleSettings.Kind, warmup: Int = 5, total: Int = 20
    ) -> Schedule {
        var settings = ScheduleSettings()
        settings.kind = kind
        settings.warmupSteps = warmup
        return Schedule(settings, peak: 2e-3, total: total)
    }

    @Test(arguments: [
        ("dpr_adamw20_hf", ScheduleSettings.Kind.dpr), ("dpr_adamw20_torch", .linear),
    ])
    func `rates are those of the reference`(name: String, kind: ScheduleSettings.Kind) throws {
        guard Goldens.hasCase(name) else { return }
        let steps = try GoldenCase(name).json["steps"] as? [[String: Any]] ?? []
        let schedule = Self.schedule(kind)
        #expect(steps.count == 20)
        for (index, step) in steps.enumerated() {
            let expected = (step["lr"] as? Double) ?? .nan
            #expect(abs(schedule.learningRate(step: index) - expected) < 1e-12)
        }
    }

    @Test(arguments: ScheduleSettings.Kind.allCases)
    func `warm-up starts at 0, reaches the peak and never leaves it upwards`(
        kind: ScheduleSettings.Kind
    ) {
        let schedule = Self.schedule(kind)
        #expect(schedule.learningRate(step: 0) == 0)
        #expect(abs(schedule.learningRate(step: 5) - 2e-3) < 1e-12)
        var last = 2e-3
        for step in 5..<20 {
            let rate = schedule.learningRate(step: step)
            #expect(rate > 0 && rate <= last + 1e-15)
            last = rate
        }
    }

    @Test func `the shapes end where they say`() {
        #expect(Self.schedule(.dpr).learningRate(step: 30) == 2e-10)
        #expect(Self.schedule(.linear).learningRate(step: 20) == 0)
        #expect(Self.schedule(.polynomial).learningRate(step: 20) == 1e-7)
        #expect(abs(Self.schedule(.cosine).learningRate(step: 20)) < 1e-12)
        #expect(Self.schedule(.constant).learningRate(step: 19) == 2e-3)
        var settings = ScheduleSettings()
        settings.warmupRatio = 0.06
        // 6 % of 101 steps are 7 when rounded up.
        let ratio = Schedule(settings, peak: 7, total: 101)
        #expect(abs(ratio.learningRate(step: 6) - 6) < 1e-12 && ratio.learningRate(step: 7) == 7)
    }
}
