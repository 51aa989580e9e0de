import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// What users get wrong with `sheaf answer` and `sheaf generate`, and what they are told.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct AnswerFaultTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run(arguments, data: folder.path + "/data")
    }

    private func expect(
        _ arguments: [String], status: Int32 = 2, says words: String...,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let outcome = try run(arguments)
        #expect(outcome.status == status, "\(outcome)", sourceLocation: location)
        for word in words {
            #expect(
                outcome.error.contains(word), "\(word): \(outcome)", sourceLocation: location)
        }
    }

    @Test func `settings of generation that cannot be meant are refused`() throws {
        let model = try AnswerFixtures.bart(in: folder)
        let call = [
            "answer", "--contexts", try AnswerFixtures.results(1, in: folder), "--model", model,
        ]
        let plain = ["generate", "who has salt", "--model", model]
        for call in [call, plain] {
            try expect(
                call + ["--returns", "3", "--beams", "2"], says: "num_return_sequences",
                "num_beams 2")
            try expect(
                call + ["--max-length", "4", "--min-length", "9"], says: "min_length",
                "max_length 4")
            try expect(call + ["--forced-bos", "60"], says: "60", "vocabulary of 60")
            try expect(call + ["--forced-eos", "-1"], says: "forced-eos")
            try expect(call + ["--forced-eos=-1"], says: "-1", "vocabulary")
            try expect(call + ["--max-length", "49"], says: "49", "48")
            try expect(call + ["--temperature", "0"], says: "temperature")
            try expect(call + ["--early-stopping", "maybe"], says: "early-stopping")
            try expect(call + ["--beams", "0"], says: "num_beams")
        }
        try expect(call + ["-k", "0"], says: "--passages")
        try expect(call + ["--abstain-below", "2"], says: "--abstain-below")
        try expect(call + ["--kind", "both"], says: "--kind")
    }

    @Test func `calls without question, passages or model are refused`() throws {
        let results = try AnswerFixtures.results(1, in: folder)
        let model = try AnswerFixtures.bart(in: folder)
        try expect(["answer", "who", "--model", model], says: "--collection")
        try expect(["answer", "--collection", "c", "--model", model], says: "--questions")
        try expect(
            ["answer", "who", "--contexts", results, "--model", model], says: "--contexts")
        try expect(["answer", "--contexts", results], says: "--model", "--prompt-only")
        let prompts = ["answer", "--contexts", results, "--prompt-only"]
        try expect(prompts + ["--format", "table"], says: "--prompt-only", "--format")
        for option in [
            ["--beams", "2"], ["--kind", "token"], ["--decoding", "thorough"],
            ["--token-posteriors"], ["--abstain-below", "0.5"], ["--precision", "i16"],
            ["--truncate", "end"],
        ] {
            try expect(prompts + option, says: option[0], "--prompt-only")
        }
        for option in [["--workers", "1"], ["--allow-partial"], ["--question-model", model]] {
            let call = ["answer", "--contexts", results, "--model", model]
            try expect(call + option, says: option[0], "--contexts")
        }
        try expect(["answer", " ", "--collection", "c", "--model", model], says: "no collections")
        try expect(["generate", " ", "--model", model], says: "empty")
        try expect(["generate", "--model", model], says: "--input")
        let blank = try folder.write("blank.json", #"[{"question": "", "ctxs": []}]"#)
        try expect(
            ["answer", "--contexts", blank, "--model", model], says: "blank.json:1",
            "the question is empty")
        let bare = try folder.write(
            "bare.json", #"[{"question": "who", "ctxs": [{"id": "7", "score": "1"}]}]"#)
        try expect(
            ["answer", "--contexts", bare, "--model", model], says: "passage 7", "no text",
            "--format dpr")
    }

    @Test func `a question without passages is told, not answered`() throws {
        let model = try AnswerFixtures.bart(in: folder)
        let none = try folder.write(
            "none.json",
            """
            [{"question": "who", "ctxs": []}, {"question": "which", "ctxs": [{"id": "1", \
            "title": "", "text": "salt", "score": "1"}]}]
            """)
        let outcome = try run([
            "answer", "--contexts", none, "--model", model, "--format", "jsonl", "-k", "2",
        ])
        #expect(outcome.status == 0, "\(outcome)")
        let answers = try WrittenAnswer.lines(outcome.output)
        #expect(answers[0].abstained == true && answers[0].notes == ["no passage was found"])
        #expect(answers[1].notes?.first == "1 of 2 passages were found")
        #expect(outcome.error.contains("1 question without a passage"))
        #expect(outcome.error.contains("1 question with fewer passages than the 2 asked for"))
    }

    @Test func `folders that hold no generator with its tokenizer are refused`() throws {
        let results = try AnswerFixtures.results(1, in: folder)
        func call(_ model: String) -> [String] {
            ["answer", "--contexts", results, "--model", model]
        }
        let bare = try AnswerFixtures.bart(in: folder, name: "bare")
        try folder.remove("bare/vocab.txt")
        try expect(call(bare), says: "bare", "no tokenizer found")
        let other = try AnswerFixtures.bart(in: folder, name: "other")
        try folder.edit("other/vocab.txt") { $0 + "more\nwords\n" }
        try expect(call(other), says: "62 pieces", "60 rows")
        let small = try AnswerFixtures.bart(in: folder, name: "small")
        try folder.edit("small/config.json") {
            $0.replacing(#""model_type": "bart""#, with: #""model_type": "pegasus""#)
        }
        try expect(call(small), says: "pegasus", "BART or T5")
        try expect(call(folder.path + "/nowhere/at/all"), says: "nowhere")
        try expect(
            call(try Fixtures.tinyModel(in: folder.path) + "/context_encoder"),
            says: "model_type dpr", "BART or T5")
    }

    @Test func `a base checkpoint is named in a warning`() throws {
        for (name, edit) in [
            ("bart-base", { $0 }),
            (
                "mine",
                { (text: String) in
                    text.replacing("BartForConditionalGeneration", with: "BartModel")
                }
            ),
        ] as [(String, (String) -> String)] {
            let model = try AnswerFixtures.bart(in: folder, name: name)
            try folder.edit("\(name)/config.json", edit)
            let outcome = try run(["generate", "who has salt", "--model", model])
            #expect(outcome.status == 0)
            #expect(outcome.error.contains("“\(name)” looks like a base checkpoint"))
        }
        let tuned = try run([
            "generate", "who has salt", "--model", try AnswerFixtures.bart(in: folder),
        ])
        #expect(tuned.status == 0 && tuned.error.isEmpty, "\(tuned)")
    }

    /// Makes the bias of one token NaN.
    private func spoil(_ name: String) throws {
        let path = "\(name)/model.safetensors"
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + path)))
        let size = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try #require(
            try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + size])) as? [String: Any])
        let tensor = try #require(header["final_logits_bias"] as? [String: Any])
        let start = try #require((tensor["data_offsets"] as? [Int])?.first)
        bytes.replaceSubrange(
            8 + size + start + 20..<8 + size + start + 24, with: [0, 0, 0xC0, 0x7F])
        try folder.write(path, bytes)
    }

    @Test func `scores that are no numbers name question and step`() throws {
        let model = try AnswerFixtures.bart(in: folder)
        try spoil("bart")
        let results = try AnswerFixtures.results(3, in: folder)
        for kind in ["sequence", "token"] {
            let call = ["answer", "--contexts", results, "--model", model, "--kind", kind]
            try expect(call, says: "final_logits_bias")
            try expect(
                call + ["--allow-nonfinite"], says: "Question 1", "step 0", "not numbers")
        }
        try expect(
            ["generate", "salt", "--model", model, "--allow-nonfinite"], says: "Question 1",
            "step 0")
    }

    @Test func `a file of answers that cannot be written is named`() throws {
        let model = try AnswerFixtures.bart(in: folder)
        let results = try AnswerFixtures.results(1, in: folder)
        try expect(
            [
                "answer", "--contexts", results, "--model", model, "--output",
                folder.path + "/none/a.jsonl",
            ], says: "none/a.jsonl", "cannot be written")
        let null = try run([
            "answer", "--contexts", results, "--model", model, "--output", "/dev/null", "-q",
        ])
        #expect(null.status == 0, "\(null)")
    }
}
