import Foundation
import TestSupport
import Testing

/// The options of an encoder as every command takes them, and the folders that users name.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct EncoderChoiceTests {
    /// A plain BERT without a list of modules.
    private func plain(in folder: String) throws -> String {
        let model = folder + "/plain"
        try FileManager.default.createDirectory(
            atPath: model, withIntermediateDirectories: true)
        for file in ["config.json", "model.safetensors", "tokenizer.json", "vocab.txt"] {
            try FileManager.default.copyItem(
                atPath: Goldens.path("models/st_maxlen/\(file)"), toPath: "\(model)/\(file)")
        }
        return model
    }

    @Test func `a pooling that is assumed is told once by every command, a named one never`() throws
    {
        try withFolder { folder in
            let model = try plain(in: folder)
            let corpus = try Fixtures.corpus(in: folder, count: 20)
            let data = try Fixtures.examples(4, in: folder, corpus: corpus) {
                ("which stone has number \($0)", ["number \($0)"])
            }
            let calls = [
                [
                    "encode", "--model", model, "--input", corpus, "--output", folder + "/v.npy",
                    "-q",
                ],
                [
                    "index", corpus, "--collection", "c", "--model", model, "--workers", "1",
                    "--quiet", "--data",
                ],
                ["predict", "which stone", "--model", model, "--corpus", corpus, "-q"],
                [
                    "mine", "--input", data, "--model", model, "--passages", corpus, "--output",
                    folder + "/mined.json", "-q",
                ],
                ["evaluate-model", "--model", model, "--on", data],
            ]
            let choice = [
                "--pooling", "cls", "--normalize", "--max-length", "16", "--query-prefix", "q: ",
                "--passage-prefix", "p: ",
            ]
            for (number, call) in calls.enumerated() {
                for chosen in [false, true] {
                    let place = call.last == "--data" ? ["\(folder)/data-\(number)-\(chosen)"] : []
                    let run = try Program.run(
                        call + place + (chosen ? choice : []), data: folder + "/data")
                    let told = run.error.split(separator: "\n").filter {
                        $0.contains("does not say how token vectors become one")
                    }
                    #expect(run.status == 0 && told.count == (chosen ? 0 : 1), "\(call): \(run)")
                }
            }
            let described = try Program.run(
                ["collections", "describe", "c", "--json"], data: folder + "/data-1-true")
            for text in [
                "\"pooling\":\"cls\"", "\"normalize\":true", "\"maximum_length\":16",
                "\"question_prefix\":\"q: \"",
            ] {
                #expect(described.output.contains(text), "\(text): \(described)")
            }
        }
    }

    @Test func `train takes the same options as settings`() throws {
        try withFolder { folder in
            let run = try Program.run(
                [
                    "train", "--print", "--pooling", "mean", "--no-normalize", "--max-length",
                    "64", "--query-prefix", "q: ", "--input.maximumQuestionTokens", "32",
                ], data: folder)
            for line in [
                "pooling: \"mean\"", "normalize: \"false\"", "maximumLength: 64",
                "queryPrefix: \"q: \"", "passagePrefix: null", "maximumQuestionTokens: 32",
                "maximumPassageTokens: 64",
            ] {
                #expect(run.output.contains(line), "\(line): \(run)")
            }
            let empty = try Program.run(
                ["train", "--print", "--model.queryPrefix=", "--shuffles=false"], data: folder)
            for line in ["queryPrefix: \"\"", "shuffles: false"] {
                #expect(empty.output.contains(line), "\(line): \(empty)")
            }
            let file = folder + "/train.yaml"
            try run.output.write(toFile: file, atomically: true, encoding: .utf8)
            let again = try Program.run(["train", "--print", "--config", file], data: folder)
            #expect(again.output == run.output, "\(again)")
            let wrong = try Program.run(
                ["predict", "x", "--model", "m", "--corpus", "c", "--pooling", "some"],
                data: folder)
            #expect(wrong.status == 2 && wrong.error.contains("weightedmean"), "\(wrong)")
        }
    }

    @Test func `folders of two towers are inspected, converted and tokenized with`() throws {
        try withFolder { folder in
            let model = try Fixtures.tinyModel(in: folder)
            let inspected = try Program.run(["model", "inspect", model, "--json"], data: folder)
            #expect(inspected.status == 0, "\(inspected)")
            #expect(inspected.output.split(separator: "\n").count == 2)
            let out = folder + "/out"
            let converted = try Program.run(["model", "convert", model, out], data: folder)
            #expect(converted.status == 0, "\(converted)")
            for tower in ["question", "context"] {
                let run = try Program.run(
                    ["tokenize", "--model", out, "--tower", tower], data: folder, input: "a b\n")
                #expect(run.status == 0 && run.output.contains("[CLS]"), "\(run)")
            }
        }
    }

    @Test func `a model that was moved is found under the search path`() throws {
        try withFolder { folder in
            let model = try Fixtures.tinyModel(in: folder)
            let corpus = try Fixtures.corpus(in: folder, count: 20)
            let data = folder + "/data"
            let search = ["search", "river stone", "--collection", "c", "--workers", "1"]
            let made = try Program.run(
                [
                    "index", corpus, "--collection", "c", "--model", model, "--workers", "1",
                    "--quiet",
                ], data: data)
            #expect(made.status == 0, "\(made)")
            let before = try Program.run(search, data: data)
            try FileManager.default.createDirectory(
                atPath: folder + "/models/kept", withIntermediateDirectories: true)
            try FileManager.default.moveItem(atPath: model, toPath: folder + "/models/model")
            let lost = try Program.run(search, data: data)
            #expect(lost.status == 2 && lost.error.contains("--question-model"), "\(lost)")
            let named = try Program.run(
                search, data: data, variables: ["SHEAF_MODELS": "/none:\(folder)/models"])
            #expect(named.status == 0 && named.output == before.output, "\(named)")
            // What proved to be the model is remembered.
            let again = try Program.run(search, data: data)
            #expect(again.status == 0 && again.output == before.output, "\(again)")
            let encoded = try Program.run(
                [
                    "encode", "--model", "model", "--input", corpus, "--output",
                    folder + "/v.npy", "-q",
                ], data: data, variables: ["SHEAF_MODELS": folder + "/models"])
            #expect(encoded.status == 0, "\(encoded)")
        }
    }
}
