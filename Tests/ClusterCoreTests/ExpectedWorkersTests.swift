import ClusterCore
import Testing

@Suite struct ExpectedWorkersTests {
    /// Whether shards may be placed each time that somebody looks.
    private func looks(
        _ names: Set<String>, _ looks: [(here: Set<String>, seconds: Int64)]
    ) -> [Bool] {
        var expected = ExpectedWorkers(names, now: at(0))
        return looks.map { expected.mayPlace(here: $0.here, now: at($0.seconds)) }
    }

    @Test func `shards are placed when the last of those expected has come, and from then on`() {
        let given = looks(
            ["a", "b"], [([], 0), (["a", "c"], 1), (["a", "b"], 1), ([], 1)])
        #expect(given == [false, false, true, true])
    }

    @Test func `whoever does not come is not waited for longer than a moment`() {
        #expect(looks(["a"], [(["b"], 1), (["b"], 2)]) == [false, true])
    }

    @Test func `where nobody is expected nobody is waited for`() {
        #expect(looks([], [([], 0)]) == [true])
    }
}
