import Formats
import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// Index kinds that their trial refuses, and one that passes it and still cannot be built.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: Program.isBuilt))
struct LastingFailureTests {
    /// What a failed build and a search after it say.
    private static let reason = "an index of kind “RQ4x4” cannot be built of it: Faiss could not"

    private struct Noted: Decodable { var notes: [String]? }
    private struct Failed: Decodable {
        struct Reason: Decodable { var message: String }
        var error: Reason
    }

    /// A model whose vectors are finite, and so long that the squares of their parts are not.
    private func model(in folder: TemporaryFolder) throws -> String {
        let model = try Fixtures.tinyModel(in: folder.path)
        let path = model + "/context_encoder/model.safetensors"
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length]))
        for end in ["weight", "bias"] {
            let name = "ctx_encoder.bert_model.encoder.layer.1.output.LayerNorm.\(end)"
            let tensor = (header as? [String: Any])?[name] as? [String: Any]
            let range = try #require(tensor?["data_offsets"] as? [Int])
            for place in stride(from: 8 + length + range[0], to: 8 + length + range[1], by: 4) {
                let number = bytes[place..<place + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
                let large = (Float(bitPattern: number) * 1e25).bitPattern
                for byte in 0..<4 { bytes[place + byte] = UInt8(large >> (8 * byte) & 0xFF) }
            }
        }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return model
    }

    @Test func `a kind that takes too much memory is refused before anything is encoded`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let corpus = try Fixtures.corpus(in: folder.path, count: 300)
        let run = try Program.run(
            [
                "index", corpus, "--collection", "c", "--model",
                try Fixtures.tinyModel(in: folder.path), "--index", "OPQ4_60000,PQ4x4",
            ], data: folder.path + "/data")
        #expect(run.status == 2, "\(run)")
        #expect(run.error.contains("takes more than 4 GiB of memory. Choose another"), "\(run)")
    }

    @Test func `a failed build is told at once, and by each search of what was built before`()
        throws
    {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let data = folder.path + "/data"
        let corpus = try Fixtures.corpus(in: folder.path, count: 120)
        let model = try model(in: folder)
        func sheaf(_ arguments: String...) throws -> Program.Outcome {
            try Program.run(arguments, data: data)
        }
        func index(_ kind: String) throws -> Program.Outcome {
            try sheaf(
                "index", corpus, "--collection", "c", "--model", model, "--shards", "1", "--index",
                kind, "--json")
        }
        func search(_ format: String) throws -> Program.Outcome {
            try sheaf("search", "river", "--collection", "c", "-k", "3", "--format", format)
        }
        let up = try sheaf("up", "--workers", "2")
        #expect(up.status == 0, "\(up)")
        defer { _ = try? sheaf("down") }
        #expect(try index("exact").status == 0)
        let before = try search("trec")
        #expect(before.status == 0 && before.error.isEmpty, "\(before)")

        let failed = try index("RQ4x4")
        #expect(failed.status == 2, "\(failed)")
        let line = failed.error.split(separator: "\n").last.map(String.init) ?? ""
        let message = try Program.decode(Failed.self, from: line).error.message
        #expect(message.contains(Self.reason), "\(message)")
        #expect(message.contains("another --index"), "\(message)")

        // What was built before answers as it did, and says why it is not the newest.
        let after = try search("trec")
        #expect(after.status == 0 && after.output == before.output, "\(after)")
        #expect(after.error.components(separatedBy: Self.reason).count == 2, "\(after.error)")
        let list = folder.path + "/questions.txt"
        try "river\nstone\nking\n".write(toFile: list, atomically: true, encoding: .utf8)
        let many = try sheaf(
            "search", "--questions", list, "--collection", "c", "-k", "3", "--format", "json")
        let notes = try Program.decode(Noted.self, from: many.output).notes ?? []
        #expect(notes.count == 1 && notes[0].contains(Self.reason), "\(notes)")
        #expect(notes.first?.contains("Until then generation ") == true, "\(notes)")
        #expect(many.error == "note: \(notes.first ?? "")\n", "\(many.error)")
        let rows = folder.path + "/train.tsv"
        try "query_text\tgold_passage\nriver\tno passage\nstone\tnor this one\n"
            .write(toFile: rows, atomically: true, encoding: .utf8)
        let mined = try sheaf(
            "mine", "--input", rows, "--collection", "c", "--output", folder.path + "/mined.json",
            "--json")
        #expect(mined.status == 0, "\(mined)")
        #expect(try Program.decode(Noted.self, from: mined.output).notes == notes, "\(mined)")
        #expect(mined.error.contains("note: \(notes.first ?? "")\n"), "\(mined.error)")

        // Once a kind can be built, there is nothing more to say.
        #expect(try index("SQ8").status == 0)
        let mended = try search("json")
        #expect(mended.status == 0 && mended.error.isEmpty, "\(mended)")
        #expect(try Program.decode(Noted.self, from: mended.output).notes == nil)
    }
}
