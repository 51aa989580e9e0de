import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// What the program does with models and readers, as a user sees it.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct ModelCommandTests {
    private func model(_ name: String, in folder: String) throws -> String {
        let target = folder + "/" + name
        try FileManager.default.createDirectory(
            atPath: target, withIntermediateDirectories: true)
        for part in [name, "wordpiece"] {
            let from = "\(Goldens.folder)/models/\(part)"
            for file in try FileManager.default.contentsOfDirectory(atPath: from) {
                try FileManager.default.copyItem(
                    atPath: "\(from)/\(file)", toPath: "\(target)/\(file)")
            }
        }
        return target
    }

    @Test func `every hostile or broken file of weights is refused with 2`() throws {
        let bad = Goldens.folder + "/formats/bad"
        for file in try FileManager.default.contentsOfDirectory(atPath: bad).sorted() {
            try withFolder { folder in
                let target = try model("dpr_ctx", in: folder)
                try FileManager.default.removeItem(atPath: target + "/model.safetensors")
                let name =
                    file.hasSuffix(".safetensors") ? "model.safetensors" : "pytorch_model.bin"
                try FileManager.default.copyItem(
                    atPath: bad + "/" + file, toPath: target + "/" + name)
                let run = try Program.run(["model", "inspect", target], data: folder)
                #expect(run.status == 2 && run.error.contains(name), "\(file): \(run)")
            }
        }
    }

    @Test func `a good folder is inspected and converted`() throws {
        try withFolder { folder in
            let source = try model("dpr_ctx", in: folder)
            let run = try Program.run(["model", "inspect", source, "--json"], data: folder)
            #expect(run.status == 0 && run.output.contains("\"DPR context encoder\""), "\(run)")
            let out = folder + "/out"
            let converted = try Program.run(
                ["model", "convert", source, out, "--type", "f16", "--json"], data: folder)
            #expect(converted.status == 0, "\(converted)")
            let again = try Program.run(["model", "inspect", out], data: folder)
            #expect(again.status == 0 && again.output.contains("F16"), "\(again)")
        }
    }

    @Test func `a reader finds spans in results and is measured`() throws {
        try withFolder { folder in
            let reader = try model("dpr_reader", in: folder)
            let results = folder + "/results.json"
            try #"""
            [{"question": "what is mars?", "answers": ["the red planet"], "ctxs": [
            {"id": "1", "title": "Mars", "text": "Mars is the red planet.", "score": "1"},
            {"id": "2", "title": "", "text": "A moon.", "score": "0.5"}]}]
            """#.write(toFile: results, atomically: true, encoding: .utf8)
            let run = try Program.run(
                ["read", results, "--model", reader, "--json", "--spans", "3"], data: folder)
            #expect(run.status == 0, "\(run)")
            let lines = run.output.split(separator: "\n")
            #expect(lines.count == 2 && lines[1].contains("\"measured\":1"), "\(run)")
            let plain = try Program.run(["read", results, "--model", reader], data: folder)
            #expect(plain.status == 0 && plain.output.contains("exact match"), "\(plain)")
            let wrong = try Program.run(
                ["read", results, "--model", try model("dpr_ctx", in: folder)], data: folder)
            #expect(wrong.status == 2 && wrong.error.contains("not a DPR reader"), "\(wrong)")
        }
    }

    @Test func `options of encoder and index stay with the collection`() throws {
        try withFolder { folder in
            let model = try Fixtures.tinyModel(in: folder)
            let corpus = try Fixtures.corpus(in: folder, count: 40)
            let call = [
                "index", corpus, "--collection", "c", "--model", model, "--quiet", "--workers",
                "1", "--query-prefix", "query: ", "--passage-prefix", "passage: ", "--vectors",
                "f16", "--weights", "f16",
            ]
            let run = try Program.run(call, data: folder + "/data")
            #expect(run.status == 0, "\(run)")
            let other = try Program.run(
                ["index", corpus, "--collection", "c", "--model", model, "--workers", "1"],
                data: folder + "/data")
            #expect(other.status == 2 && other.error.contains("encoder"), "\(other)")
            let described = try Program.run(
                ["collections", "describe", "c", "--json"], data: folder + "/data")
            for text in [
                "\"question_prefix\":\"query: \"", "\"vectors\":\"f16\"", "\"weights\":\"f16\"",
                "\"index\":\"exact\"",
            ] {
                #expect(described.output.contains(text), "\(text): \(described)")
            }
            let found = try Program.run(
                ["search", "river stone", "--collection", "c", "--workers", "1"],
                data: folder + "/data")
            #expect(found.status == 0 && found.output.contains("p"), "\(found)")
        }
    }
}
