import Foundation
import Testing

@testable import Sheaf

struct ErrorTests {
    @Test(arguments: [
        (SheafError.request("no"), SheafError.ExitStatus.input),
        (.corpus(.noPaths), .input),
        (.model(.missingFile(path: "a", purpose: "b")), .input),
        (.cannotWrite(path: "a", reason: "b"), .input),
        (.cluster(.unknownCollection("a", existing: [])), .input),
        (.cluster(.otherSource(collection: "a", indexed: "b", given: "c")), .input),
        (.cluster(.dataFolderLocked(path: "a", holder: "")), .input),
        (.cluster(.unavailable("gone", nil)), .cluster),
        (.cluster(.storage(path: "a", reason: "b", remedy: "c")), .cluster),
        (.cluster(.busy("later")), .cluster),
        (.cluster(.answered(Failure(code: .internal, message: "ours"))), .cluster),
        (.cluster(.answered(Failure(code: .unknown, message: "?"))), .unexpected),
        (.interrupted("go on"), .interrupted),
        (.unexpected("what"), .unexpected),
    ])
    func `every error has its exit status`(error: SheafError, status: SheafError.ExitStatus) {
        #expect(error.exitStatus == status)
    }

    @Test func `a reader that has gone is no failure`() {
        #expect(SheafError.readerGone.exitStatus == nil)
    }

    @Test func `exit statuses are those of the documentation`() {
        #expect(SheafError.ExitStatus.allCases.map(\.rawValue) == [1, 2, 3, 130])
    }
}

struct OrderTests {
    @Test(arguments: ["", ".hidden", "a/b", "naïve", "a b"])
    func `a name that cannot be a folder's is refused`(name: String) {
        let order = IndexOrder(collection: name, corpus: ["c.tsv"], model: "m")
        #expect(throws: SheafError.self) { try order.check() }
    }

    @Test func `an order without a model is refused`() {
        let order = IndexOrder(collection: "c", corpus: ["c.tsv"])
        #expect(throws: SheafError.request("No model is named. Name its folder with --model.")) {
            try order.check()
        }
    }

    @Test(arguments: [0, -1])
    func `numbers below one are refused`(number: Int) {
        var order = IndexOrder(collection: "c", corpus: ["c.tsv"], model: "m")
        order.shards = number
        #expect(throws: SheafError.self) { try order.check() }
        order.shards = nil
        order.batchSize = number
        #expect(throws: SheafError.self) { try order.check() }
    }

    @Test func `paths are made absolute and the format is told`() throws {
        try withFolder { folder in
            let corpus = folder + "/c.tsv"
            try "id\ttext\ttitle\n1\ta\tb\n".write(
                toFile: corpus, atomically: true, encoding: .utf8)
            let order = try IndexOrder(
                collection: "c", corpus: [folder + "/./c.tsv"],
                model: Fixtures.tinyModel(in: folder))
            let request = try order.request()
            #expect(request.paths == [corpus])
            #expect(request.format == "psgs")
            #expect(request.contextModel == folder + "/model/context_encoder")
            #expect(request.questionModel == folder + "/model/question_encoder")
        }
    }
}
