import ClusterCore
import TestSupport
import Testing

@Suite struct RequestWindowTests {
    private static let start = Instant(nanoseconds: 0)
    private static let deadline = start + .seconds(30)

    private static func window(_ numbers: Range<Int> = 0..<3) -> RequestWindow {
        var window = RequestWindow(most: 3)
        for number in numbers { window.begin(number, deadline: deadline) }
        return window
    }

    @Test func `a refused request waits for what it was told, and a part of a span`() throws {
        var window = Self.window(0..<1)
        let isAgain = window.refused(
            0, hint: .milliseconds(300), now: Self.start, random: .max)
        #expect(isAgain)
        let next = try #require(window.nextDue)
        #expect(next - Self.start >= .milliseconds(300))
        #expect(next - Self.start <= .milliseconds(300) + RequestWindow.firstSpan)
        #expect(window.due(now: Self.start + .milliseconds(299)).isEmpty)
        #expect(window.due(now: next).map(\.number) == [0])
        #expect(window.nextDue == nil && window.due(now: next).isEmpty)
    }

    @Test func `the span doubles up to a second`() {
        var window = Self.window(0..<1)
        var (now, longest) = (Self.start, Duration.zero)
        for _ in 0..<20 {
            let isAgain = window.refused(0, hint: .zero, now: now, random: .max)
            #expect(isAgain)
            guard let next = window.nextDue else { return }
            #expect(next - now >= longest)
            longest = next - now
            now = next
            _ = window.due(now: now)
        }
        #expect(longest > .milliseconds(999) && longest <= RequestWindow.longestSpan)
    }

    @Test func `a request is not asked again at or after its deadline`() {
        var window = Self.window()
        let late = Self.deadline + .milliseconds(-100)
        let isAgain = [
            window.refused(0, hint: .milliseconds(100), now: late, random: 0),
            window.refused(1, hint: .milliseconds(99), now: late, random: 0),
            window.refused(7, hint: .zero, now: Self.start, random: 0),
        ]
        #expect(isAgain == [false, true, false])
    }

    @Test func `who is refused asks for one at a time, the oldest first`() {
        var window = Self.window()
        for number in [2, 0, 1] {
            let isAgain = window.refused(number, hint: .zero, now: Self.start, random: 0)
            #expect(isAgain)
        }
        #expect(window.width == 1 && !window.hasRoom)
        let now = Self.start + .seconds(1)
        #expect(window.due(now: now).map(\.number) == [0])
        #expect(window.due(now: now).isEmpty)
        window.end(0, isAnswered: true)
        #expect(window.width == 2)
        #expect(window.due(now: now).map(\.number) == [1, 2])
    }

    @Test func `nothing is due while those under way fill the window`() {
        var window = Self.window()
        _ = window.refused(2, hint: .zero, now: Self.start, random: 0)
        #expect(window.width == 1 && window.nextDue == nil)
        window.end(0, isAnswered: false)
        #expect(window.nextDue == nil)
        window.end(1, isAnswered: false)
        #expect(window.nextDue != nil)
    }

    @Test func `a failure makes room but does not widen`() {
        var window = Self.window()
        _ = window.refused(2, hint: .zero, now: Self.start, random: 0)
        window.end(0, isAnswered: false)
        #expect(window.width == 1)
        #expect(window.due(now: Self.start + .seconds(1)).isEmpty)
        window.end(1, isAnswered: false)
        #expect(window.due(now: Self.start + .seconds(1)).map(\.number) == [2])
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `every request ends, in any run of refusals and answers`(seed: UInt64) {
        var dice = Dice(seed: seed)
        var window = RequestWindow(most: 3)
        var now = Self.start
        var (next, underWay, ended) = (0, Set<Int>(), 0)
        while ended < 40 {
            while next < 40, window.hasRoom {
                window.begin(next, deadline: now + .seconds(5))
                underWay.insert(next)
                next += 1
            }
            for (number, deadline) in window.due(now: now) {
                #expect(!underWay.contains(number) && deadline > Self.start)
                underWay.insert(number)
            }
            #expect(underWay.count <= 3)
            if let number = underWay.sorted().randomElement(using: &dice) {
                underWay.remove(number)
                let isRefused = dice.below(4) > 0
                if !isRefused
                    || !window.refused(
                        number, hint: .milliseconds(dice.below(50)), now: now,
                        random: dice.next())
                {
                    window.end(number, isAnswered: !isRefused)
                    ended += 1
                }
            } else {
                guard let due = window.nextDue else {
                    Issue.record("seed \(seed): nothing is under way, and nothing is due")
                    return
                }
                now = max(now, due)
            }
        }
        #expect(window.nextDue == nil)
    }
}
