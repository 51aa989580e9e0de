import Testing

@testable import Corpus

struct CountedTests {
    @Test(arguments: [
        ("row", "rows"), ("batch", "batches"), ("rank process", "rank processes"),
        ("query", "queries"), ("key", "keys"), ("index", "indexes"),
    ])
    func `one thing is named in the singular, more or none in the plural`(
        one: String, many: String
    ) {
        #expect(counted(1, one) == "1 " + one)
        #expect(counted(0, one) == "0 " + many)
        #expect(counted(UInt64(2), one) == "2 " + many)
    }
}
