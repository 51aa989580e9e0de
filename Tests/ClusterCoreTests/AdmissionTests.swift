import ClusterCore
import TestSupport
import Testing

@Suite struct AdmissionTests {
    private static func at(_ milliseconds: Int64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }

    private static func pause(_ verdict: Admission<Int>.Verdict) -> Duration? {
        if case .refused(let pause) = verdict { pause } else { nil }
    }

    @Test func `no more than the limit is under way`() {
        var admission = Admission<Int>(limit: 100)
        #expect(admission.admit(60, of: 1, now: Self.at(0)) == .admitted)
        #expect(Self.pause(admission.admit(41, of: 2, now: Self.at(0))) != nil)
        #expect(admission.admit(40, of: 2, now: Self.at(0)) == .admitted)
        admission.finished(60, of: 1, now: Self.at(10))
        #expect(admission.underWay == 40)
        #expect(admission.admit(60, of: 3, now: Self.at(10)) == .admitted)
        #expect(admission.admit(101, of: 4, now: Self.at(10)) == .tooLarge(limit: 100))
    }

    @Test func `one peer does not keep the others out`() {
        var admission = Admission<Int>(limit: 800)
        for _ in 0..<50 { _ = admission.admit(64, of: 1, now: Self.at(0)) }
        #expect(admission.underWay <= admission.share)
        #expect(admission.admit(64, of: 2, now: Self.at(0)) == .admitted)
        // A first request may be as large as the limit.
        var other = Admission<Int>(limit: 100)
        #expect(other.admit(100, of: 1, now: Self.at(0)) == .admitted)
    }

    @Test func `those who are refused come back one behind another, as fast as others finish`() {
        var admission = Admission<Int>(limit: 640)
        var now: Int64 = 0
        for peer in 0..<10 { _ = admission.admit(64, of: peer, now: Self.at(now)) }
        // One request of 64 each 20 ms: 3,200 questions a second.
        for peer in 0..<200 {
            now += 20
            admission.finished(64, of: peer, now: Self.at(now))
            _ = admission.admit(64, of: peer + 10, now: Self.at(now))
        }
        var pauses: [Duration] = []
        for peer in 1000..<1010 {
            let pause = Self.pause(admission.admit(64, of: peer, now: Self.at(now)))
            if let pause { pauses.append(pause) }
        }
        #expect(pauses.count == 10)
        for (number, pause) in pauses.enumerated() {
            let expected = Double(number + 1) * 0.02
            #expect(abs(pause / .seconds(1) - expected) < 0.2 * expected, "\(number): \(pause)")
        }
    }

    @Test func `a pause is bounded, and idle time does not lengthen it`() {
        var admission = Admission<Int>(limit: 64)
        _ = admission.admit(64, of: 1, now: Self.at(0))
        admission.finished(64, of: 1, now: Self.at(250))
        _ = admission.admit(64, of: 1, now: Self.at(3_600_000))
        for _ in 0..<1000 {
            guard let pause = Self.pause(admission.admit(64, of: 2, now: Self.at(3_600_001)))
            else { return }
            #expect(pause >= .milliseconds(10) && pause <= .seconds(2))
        }
        admission.finished(64, of: 1, now: Self.at(3_600_250))
        #expect(admission.admit(64, of: 2, now: Self.at(3_600_251)) == .admitted)
        let pause = Self.pause(admission.admit(64, of: 3, now: Self.at(3_700_000)))
        #expect(pause.map { $0 < .seconds(1) } == true)
    }
}
