import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// `sheaf answer` from given contexts and from a collection, as a user calls it.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct AnswerCommandTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run(arguments, data: folder.path + "/data")
    }

    private func isWhole(_ values: [Double]) -> Bool { abs(values.reduce(0, +) - 1) < 1e-6 }

    @Test(arguments: ["sequence", "token"])
    func `an answer tells what each passage has to do with it`(kind: String) throws {
        let model = try AnswerFixtures.bart(in: folder)
        let results = try AnswerFixtures.results(5, in: folder)
        let outcome = try run([
            "answer", "--contexts", results, "--model", model, "--kind", kind, "-k", "2", "--beams",
            "3", "--returns", "2", "--max-new-tokens", "5", "--format", "jsonl",
            "--token-posteriors",
        ])
        #expect(outcome.status == 0, "\(outcome)")
        let answers = try WrittenAnswer.lines(outcome.output)
        #expect(answers.map(\.id) == ["1", "2", "3", "4", "5"])
        #expect(answers.map { $0.passages.map(\.id) }[1] == ["p1-0", "p1-1"])
        for answer in answers {
            // Of scores 3 and 2.
            #expect(abs(answer.passages[0].prior - 1 / (1 + exp(-1))) < 1e-9)
            #expect(isWhole(answer.passages.map { $0.posterior ?? 0 }), "\(answer)")
            let probability = try #require(answer.probability)
            #expect(probability > 0 && probability <= 1)
            #expect(answer.tokens?.isEmpty == false && answer.others?.count == 1)
            #expect(answer.tokens?.allSatisfy { isWhole($0.posteriors) } == true, "\(answer)")
            #expect(answer.others?.allSatisfy { isWhole($0.posteriors) } == true)
        }
    }

    @Test func `answers are those of the library, whose numbers follow from the model's`()
        async throws
    {
        let model = try RagModel.open(try AnswerFixtures.bart(in: folder))
        let contexts = try GivenContexts(file: try AnswerFixtures.results(4, in: folder))
        var settings = AnswerSettings()
        settings.generation.beams = 2
        settings.passages = 3
        let answers = try await model.answer(contexts.questions, from: contexts, settings)
        let outcome = try run([
            "answer", "--contexts", folder.path + "/results.json", "--model",
            folder.path + "/bart", "-k", "3", "--beams", "2", "--format", "jsonl",
        ])
        let written = try WrittenAnswer.lines(outcome.output)
        #expect(written.map(\.answer) == answers.map { $0.answers[0].text })
        for (answer, line) in zip(answers, written) {
            let found = try await contexts.retrieve([RetrieverQuestion(answer.question)], k: 3)
            var cuts = TextCuts()
            let sources = found[0].passages.map {
                model.source(
                    title: $0.title, text: $0.text, question: answer.question.text, .end, &cuts)
            }
            let context = RetrievedContexts(
                sources: sources, scores: found[0].passages.map(\.score))
            let best = try model.generator.generator.answers(
                from: [context], .sequence, options: settings.generation)[0][0]
            #expect(line.probability == min(1, exp(best.logarithm)))
            #expect(line.passages.compactMap(\.posterior) == best.posteriors)
            #expect(line.passages.map(\.prior) == best.priors)
            #expect(
                line.score == best.score && line.answer == model.generator.text(of: best.tokens))
        }
    }

    @Test func `a RAG folder is answered with as its configuration says`() throws {
        let model = try AnswerFixtures.rag(in: folder)
        let results = try AnswerFixtures.results(2, passages: 5, in: folder)
        let outcome = try run([
            "answer", "--contexts", results, "--model", model, "--max-new-tokens", "4", "--format",
            "json",
        ])
        #expect(outcome.status == 0, "\(outcome)")
        let answers = try Program.decode([WrittenAnswer].self, from: outcome.output)
        #expect(answers.map(\.passages.count) == [3, 3], "n_docs of the folder")
        // 24 positions do not hold passage and question, unless the passage is cut.
        let whole = try run([
            "answer", "--contexts", results, "--model", model, "--max-new-tokens", "4",
            "--truncate", "passage", "--question-text", "original",
        ])
        #expect(whole.status == 0 && whole.output.contains("cited"), "\(whole)")
    }

    @Test func `a context longer than the model's positions is cut and counted`() throws {
        let model = try AnswerFixtures.bart(in: folder)
        let long = String(repeating: "stone ", count: 100)
        let results = try folder.write(
            "long.json",
            """
            [{"question": "who has salt", "answers": [], "ctxs": [{"id": "1", "title": "river", \
            "text": "\(long)", "score": "1"}, {"id": "2", "title": "", "text": "salt", \
            "score": "1"}]}]
            """)
        for truncation in ["end", "passage"] {
            let outcome = try run([
                "answer", "--contexts", results, "--model", model, "--format", "jsonl",
                "--truncate", truncation,
            ])
            #expect(outcome.status == 0, "\(outcome)")
            let answer = try WrittenAnswer.lines(outcome.output)[0]
            #expect(
                answer.tokensCut ?? 0 > 50
                    && answer.notes?.contains("1 of 2 contexts were cut") == true)
            #expect(outcome.error.contains("1 of 2 contexts were cut to the model's length"))
        }
        let opened = try RagModel.open(model)
        func source(_ truncation: ContextTruncation) -> [Int32] {
            var cuts = TextCuts()
            return opened.source(
                title: "river", text: long, question: "who has salt", truncation, &cuts)
        }
        var none = TextCuts()
        let salt = opened.generator.source(of: "salt", limit: nil, &none)[1]
        #expect(source(.end).count == 48 && !source(.end).contains(salt))
        #expect(source(.passage).count == 48 && source(.passage).suffix(2).first == salt)
    }

    @Test func `what answer writes is measured and calibrated`() throws {
        let model = try AnswerFixtures.bart(in: folder)
        let results = try AnswerFixtures.results(30, in: folder)
        let output = folder.path + "/answers.jsonl"
        let answered = try run([
            "answer", "--contexts", results, "--model", model, "--output", output,
            "--max-new-tokens", "6", "-q",
        ])
        #expect(answered.status == 0 && answered.output.isEmpty, "\(answered)")
        let evaluated = try run(["evaluate", output, "--json"])
        #expect(evaluated.status == 0, "\(evaluated)")
        for part in ["\"questions\":30", "exact_match", "calibration_error", "in_cited_passage"] {
            #expect(evaluated.output.contains(part), "\(evaluated)")
        }
        let calibrated = try run(["calibrate", output, "--wrong-costs", "0.001", "--json"])
        #expect(
            calibrated.status == 0 || calibrated.error.contains("No threshold"), "\(calibrated)")
        let array = folder.path + "/answers.json"
        _ = try run([
            "answer", "--contexts", results, "--model", model, "--output", array, "--format",
            "json", "--max-new-tokens", "6", "-q",
        ])
        #expect(try run(["evaluate", array, "--json"]).output == evaluated.output)
    }

    @Test func `an answer that is too unlikely is withheld`() throws {
        let model = try AnswerFixtures.bart(in: folder)
        let results = try AnswerFixtures.results(2, in: folder)
        let call = ["answer", "--contexts", results, "--model", model, "--format", "jsonl"]
        let given = try WrittenAnswer.lines(try run(call).output)
        let limit = try #require(given.compactMap(\.probability).max())
        let outcome = try run(call + ["--abstain-below", "\(limit)"])
        let answers = try WrittenAnswer.lines(outcome.output)
        for (answer, before) in zip(answers, given) {
            #expect(answer.probability == before.probability)
            if before.probability == limit {
                #expect(answer == before)
            } else {
                #expect(answer.abstained == true && answer.answer.isEmpty)
                #expect(answer.withheld == before.answer)
            }
        }
    }

    @Test func `tokens that are streamed are the answer`() throws {
        let model = try AnswerFixtures.bart(in: folder)
        let results = try AnswerFixtures.results(1, in: folder)
        let call = ["answer", "--contexts", results, "--model", model, "--kind", "token"]
        let answer = try WrittenAnswer.lines(try run(call + ["--format", "jsonl"]).output)[0]
        let stream = try run(call + ["--stream"])
        #expect(stream.status == 0 && !answer.answer.isEmpty, "\(stream)")
        #expect(stream.output.split(separator: "\n").last.map(String.init) == answer.answer)
        let drawn = try run(call + ["--stream", "--sample", "--seed", "7"])
        #expect(try run(call + ["--stream", "--sample", "--seed", "7"]).output == drawn.output)
        for (more, word) in [
            (["--kind", "sequence"], "RAG-token"), (["--beams", "2"], "--beams"),
            (["--returns", "2"], "--returns"), (["--format", "json"], "--format"),
        ] {
            let refused = try run(call + ["--stream"] + more)
            #expect(refused.status == 2 && refused.error.contains(word), "\(refused)")
        }
    }

    @Test func `prompts hold the passages for generators elsewhere`() throws {
        let results = try AnswerFixtures.results(3, in: folder)
        let outcome = try run([
            "answer", "--contexts", results, "--prompt-only", "-k", "2", "--format", "jsonl",
        ])
        #expect(outcome.status == 0, "\(outcome)")
        struct Prompt: Decodable {
            struct Context: Decodable {
                var id: String
                var prior: Double
                var input: String
            }
            var id: String
            var prompt: String
            var contexts: [Context]
        }
        let prompts = try outcome.output.split(separator: "\n").map {
            try Program.decode(Prompt.self, from: "\($0)")
        }
        #expect(prompts.map(\.id) == ["1", "2", "3"])
        #expect(
            prompts[0].prompt == """
                [1] river
                the river has number 0

                [2] stone
                the stone has number 0

                Question: which river has number 0 ?
                Answer:
                """)
        #expect(
            prompts[0].contexts[0].input
                == "river / the river has number 0 // which river has number 0 ?")
        #expect(isWhole(prompts[0].contexts.map(\.prior)))
    }

    @Test func `a prompt's inputs hold the question as the model reads it`() throws {
        let rag = try AnswerFixtures.rag(in: folder)
        let results = try folder.write(
            "r.json",
            """
            [{"question": "Which  RIVER has it ?", "answers": [], "ctxs": [{"id": "1", "title": \
            "Stone", "text": "salt", "score": "1"}]}]
            """)
        for (form, question) in [
            ([], "which river has?"), (["--question-text", "original"], "Which RIVER has it ?"),
        ] {
            let outcome = try run(
                ["answer", "--contexts", results, "--prompt-only", "--model", rag] + form)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(
                outcome.output.contains("\"input\":\"Stone / salt // \(question)\""),
                "\(outcome.output)")
            #expect(outcome.output.contains("\"question\":\"Which  RIVER has it ?\""))
        }
    }
}
