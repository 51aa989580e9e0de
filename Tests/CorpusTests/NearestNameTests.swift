import Testing

@testable import Corpus

/// What somebody has meant who has written another name.
struct NearestNameTests {
    private static let names = [
        "batchSize", "optimizer.learningRate", "optimizer.kind", "schedule.kind", "data.training",
        "--collection", "search", "status",
    ]

    @Test(arguments: [
        ("learning_rate", "optimizer.learningRate"), ("learningrate", "optimizer.learningRate"),
        ("optimizer.learnRate", "optimizer.learningRate"), ("batch-size", "batchSize"),
        ("bacthSize", "batchSize"),
        ("optimizer.knid", "optimizer.kind"), ("--colection", "--collection"),
        ("serch", "search"), ("stauts", "status"), ("lr", nil), ("x", nil), ("", nil),
    ])
    func `the nearest name is found, and none where none is near`(
        written: String, expected: String?
    ) {
        #expect(NearestName.of(written, among: Self.names) == expected)
    }

    @Test func `a long name costs nothing`() {
        let long = String(repeating: "a", count: 100_000)
        #expect(NearestName.of(long, among: Self.names) == nil)
    }

    @Test(arguments: [
        ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("abcd", "acbd", 1),
        ("kitten", "sitting", 3), ("ab", "ba", 1), ("abc", "xyz", 3),
    ])
    func `neighbours that are exchanged are one change`(a: String, b: String, expected: Int) {
        #expect(NearestName.distance(Array(a), Array(b)) == expected)
        #expect(NearestName.distance(Array(b), Array(a)) == expected)
    }
}
