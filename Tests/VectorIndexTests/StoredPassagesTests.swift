import Corpus
import Foundation
import TestSupport
import Testing

@testable import VectorIndex

/// Indexes that others wrote, beside what transformers' RagRetriever finds in them.
@Suite("Stored indexes")
struct StoredPassagesTests {
    private static let folder = TestFiles.fixtures + "/retrieval"

    private struct Expected: Decodable {
        struct Entry: Decodable {
            var id: String
            var title: String
            var text: String
            var score: Double
        }
        var questions: [[Float]]
        var asked: Int
        var kinds: [String: [[Entry]]]
    }

    private func expected() throws -> Expected {
        try JSONDecoder().decode(
            Expected.self,
            from: Data(contentsOf: URL(fileURLWithPath: Self.folder + "/expected.json")))
    }

    private func check(
        _ kind: String, _ search: ([Float], Int) throws -> [RankedEntry]
    ) throws {
        let expected = try expected()
        let rows = try #require(expected.kinds[kind])
        #expect(rows.count == expected.questions.count && rows.count > 4)
        for (question, row) in zip(expected.questions, rows) {
            let found = try search(question, expected.asked)
            let best = row.sorted { $0.score > $1.score }
            #expect(found.map(\.id) == best.map(\.id), "\(kind)")
            #expect(found.map(\.title) == best.map(\.title), "\(kind)")
            #expect(found.map(\.text) == best.map(\.text), "\(kind)")
            for (entry, wanted) in zip(found, best) {
                #expect(abs(entry.score - wanted.score) < 1e-5, "\(kind)")
            }
        }
    }

    @Test func `DPR's own files give the reference's passages and scores`() throws {
        let passages = try LegacyPassages(folder: Self.folder + "/legacy")
        #expect((passages.count, passages.dimension) == (40, 8))
        try check("legacy") { try passages.search($0, k: $1) }
    }

    @Test(arguments: ["flat", "hnsw", "ivf", "ivfflat", "ivfpq", "pq", "rotated", "sq"])
    func `a saved data set gives them with any index`(kind: String) throws {
        let passages = try SavedPassages(
            folder: Self.folder + "/saved", index: Self.folder + "/\(kind).faiss")
        #expect((passages.count, passages.dimension) == (40, 8))
        try check(kind) { try passages.search($0, k: $1) }
    }

    @Test func `no more passages are found than there are, and none twice`() throws {
        let passages = try SavedPassages(
            folder: Self.folder + "/saved", index: Self.folder + "/flat.faiss")
        let found = try passages.search([Float](repeating: 1, count: 8), k: 1_000)
        #expect(found.count == 40 && Set(found.map(\.id)).count == 40)
        #expect(throws: IndexError.self) { try passages.search([1, 2], k: 3) }
        #expect(throws: IndexError.nonFiniteQuestion(index: 0)) {
            try passages.search([Float](repeating: .nan, count: 8), k: 3)
        }
    }

    @Test func `files that do not go together are refused by name`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let index = Self.folder + "/flat.faiss"
        func message(_ body: () throws -> Void) -> String {
            do { try body() } catch { return "\(error)" }
            return "it was taken"
        }
        #expect(message { _ = try LegacyPassages(folder: folder.path) }.contains(".index.dpr"))
        let legacy = message {
            _ = try LegacyPassages(
                index: index, ids: Self.folder + "/legacy/psgs_w100.tsv.pkl",
                passages: Self.folder + "/legacy/psgs_w100.tsv.pkl")
        }
        #expect(legacy.contains("is no list of ids"))
        #expect(
            message { _ = try SavedPassages(folder: folder.path, index: index) }
                .contains("state.json"))
        let code = try folder.write("code.pkl", "\u{80}\u{2}cos\nsystem\n")
        #expect(
            message {
                _ = try LegacyPassages(index: index, ids: code, passages: code)
            }.contains("pickle"))
        #expect(message { _ = try StoredIndex(path: code) }.contains("faiss.write_index"))
    }

    @Test(arguments: ["flat", "hnsw", "ivf", "ivfflat", "ivfpq", "pq", "rotated", "sq", "legacy"])
    func `a damaged index is searched or refused`(kind: String) throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let name =
            kind == "legacy"
            ? "legacy/hf_bert_base.hnswSQ8_correct_phi_128.c_index.index.dpr" : kind + ".faiss"
        let whole = try Data(contentsOf: URL(fileURLWithPath: Self.folder + "/" + name))
        let path = folder.path + "/index"
        var dice = Dice(seed: 4_711)
        var refused = 0
        for round in 0..<400 {
            var bytes = whole
            if round % 4 == 0 {
                bytes.removeLast(dice.number(1...bytes.count))
            } else {
                for _ in 0..<dice.number(1...3) {
                    let place = dice.number(0...bytes.count - 1)
                    bytes[bytes.startIndex + place] = UInt8(dice.number(0...255))
                }
            }
            try bytes.write(to: URL(fileURLWithPath: path))
            do {
                let index = try StoredIndex(path: path)
                let question = (0..<index.dimension).map { Float($0) - 3 }
                for row in try index.search(question, k: 5) {
                    #expect((0..<index.rows).contains(row))
                    if index.givesVectors { _ = try index.vector(row) }
                }
            } catch {
                refused += 1
                #expect(!"\(error)".isEmpty)
            }
        }
        #expect(refused >= 100)
    }
}
