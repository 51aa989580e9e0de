import Base
import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// Where passages come from: in memory, from files, from a collection.
struct RetrieverTests {
    private func questions(_ vectors: [[Float]]) -> [RetrieverQuestion] {
        vectors.enumerated().map {
            RetrieverQuestion(Question(id: "\($0)", text: "which"), vector: $1)
        }
    }

    @Test func `passages in memory come by inner product, of equal ones the earlier first`()
        async throws
    {
        let passages = ["a", "b", "c"].map { Passage(id: $0, title: "T", text: $0) }
        let set = try PassageSet(passages, vectors: [1, 0, 2, 0, 2, 0])
        #expect(set.key == .vector(dimension: 2))
        let found = try await set.retrieve(questions([[1, 5], [-1, 0]]), k: 2)
        #expect(found.map { $0.passages.map(\.id) } == [["b", "c"], ["a", "b"]])
        #expect(found[0].passages.map(\.score) == [2, 2] && found[0].coverage == nil)
        let all = try await set.retrieve(questions([[1, 0]]), k: 9)
        #expect(all[0].passages.count == 3)
    }

    /// Finds a passage for each question but the second.
    private struct Gap: PassageRetriever {
        let key = RetrieverKey.text

        func retrieve(
            _ questions: [RetrieverQuestion], k: Int
        ) async throws(SheafError) -> [RetrievedPassages] {
            questions.map { question in
                let text = question.question.text
                return RetrievedPassages(
                    passages: text == "second"
                        ? [] : [RankedEntry(id: "1", title: "river", text: text, score: 1)])
            }
        }
    }

    @Test func `questions keep their numbers where one has no passages`() async throws {
        let folder = try TemporaryFolder()
        let model = try RagModel.open(try AnswerFixtures.rag(in: folder))
        var settings = AnswerSettings()
        settings.kind = .token
        settings.generation.maximumNewTokens = 6
        settings.generation.samples = true
        settings.generation.topK = 0
        settings.generation.beams = 1
        func asked(_ texts: String...) -> [Question] {
            texts.enumerated().map { Question(id: "\($0)", text: $1) }
        }
        let seen = Locked(Set<Int>())
        let note: ScoreProcessor = { number, _, _ in seen.withLock { _ = $0.insert(number) } }
        let all = try await model.answer(
            asked("first", "second", "third"), from: Gap(), settings, processors: [note])
        #expect(seen.withLock { $0 } == [0, 2])
        #expect(all[1].answers.isEmpty && all[1].abstains)
        // What is drawn follows from the number too.
        for seed in UInt64(0)..<4 {
            settings.generation.seed = seed
            settings.generation.firstSource = 0
            let whole = try await model.answer(
                asked("first", "second", "third"), from: Gap(), settings)
            settings.generation.firstSource = 2
            let alone = try await model.answer(asked("third"), from: Gap(), settings)
            #expect(whole[2].answers == alone[0].answers)
        }
    }

    @Test func `a RAG folder's own encoder finds passages in memory`() async throws {
        let folder = try TemporaryFolder()
        let rag = try AnswerFixtures.rag(in: folder)
        let model = try RagModel.open(rag, questionEncoder: .own)
        let encoder = try #require(model.questions.encoder)
        let asked = ["which river", "the stone ?"]
        let vectors = encoder.encode(questions: asked, threads: 1)
        let width = encoder.dimension
        #expect(vectors.count == 2 * width)
        // The one behind stands as far from both as can be.
        let opposite = (0..<width).map { -(vectors[$0] + vectors[width + $0]) }
        let passages = ["a", "b", "c"].map { Passage(id: $0, title: "river", text: $0) }
        let set = try PassageSet(passages, vectors: vectors + opposite)
        var settings = AnswerSettings()
        settings.passages = 3
        settings.generation.maximumNewTokens = 2
        let questions = asked.enumerated().map { Question(id: "\($0)", text: $1) }
        let answers = try await model.answer(questions, from: set, settings)
        for (number, answer) in answers.enumerated() {
            let own = vectors[number * width..<(number + 1) * width]
            let scores = (0..<3).map { place in
                let other = (vectors + opposite)[place * width..<(place + 1) * width]
                return zip(own, other).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            }
            #expect(answer.passages.map(\.passage.score) == scores.sorted(by: >))
            #expect(answer.passages.last?.passage.id == "c")
            #expect(abs(answer.passages.reduce(0) { $0 + $1.prior } - 1) < 1e-9)
            #expect(!answer.answers.isEmpty)
        }
        let plain = try RagModel.open(rag)
        let error = await #expect(throws: SheafError.self) {
            try await plain.answer(questions, from: set, settings)
        }
        #expect("\(error as Any)".contains("no question encoder is loaded"))
    }

    @Test func `vectors that do not fit are refused`() async throws {
        let passages = [Passage(id: "a", title: "", text: "a")]
        #expect(throws: SheafError.self) { try PassageSet([], vectors: [1]) }
        #expect(throws: SheafError.self) { try PassageSet(passages + passages, vectors: [1]) }
        #expect(throws: SheafError.notFinite(id: "a")) {
            try PassageSet(passages, vectors: [1, .nan])
        }
        let set = try PassageSet(passages, vectors: [1, 1])
        for vectors: [Float] in [[1], [1, .infinity]] {
            await #expect(throws: SheafError.self) {
                try await set.retrieve(questions([vectors]), k: 1)
            }
        }
        await #expect(throws: SheafError.self) {
            try await set.retrieve([RetrieverQuestion(Question(id: "1", text: "t"))], k: 1)
        }
    }

    @Test(arguments: [
        """
        [{"question": "who", "answers": ["x"], "ctxs": [{"id": 7, "title": "T", "text": "a",
        "score": "2.5"}, {"id": "8", "title": "", "text": "b", "score": "1"}]}]
        """,
        """
        {"question_id": "1", "question": "who", "hits": [{"rank": 1, "id": "7", "title": "T",
        "text": "a", "score": 2.5}, {"id": "8", "title": "", "text": "b", "score": 1}]}
        """,
        """
        {"collection": "c", "k": 2, "results": [{"question_id": "1", "question": "who", "hits":
        [{"id": "7", "title": "T", "text": "a", "score": 2.5},
        {"id": "8", "title": "", "text": "b", "score": 1}]}], "notes": []}
        """,
    ])
    func `given contexts are read in every form that search writes`(text: String) async throws {
        let folder = try TemporaryFolder()
        let contexts = try GivenContexts(file: try folder.write("r.json", text))
        #expect(contexts.questions.map(\.id) == ["1"] && contexts.questions[0].text == "who")
        let found = try await contexts.retrieve(
            contexts.questions.map { RetrieverQuestion($0) }, k: 1)
        #expect(found[0].passages == [RankedEntry(id: "7", title: "T", text: "a", score: 2.5)])
        await #expect(throws: SheafError.self) {
            try await contexts.retrieve(
                [RetrieverQuestion(Question(id: "9", text: "who"))], k: 1)
        }
    }

    @Test(arguments: [
        #"[{"question": "who", "ctxs": [{"id": "7", "score": "1"}]}]"#,
        #"[{"question": " ", "ctxs": []}]"#, #"[{"question": "who"}]"#, "[]", "q Q0 7 1 2.5 run",
        """
        {"question_id": "1", "question": "a", "hits": []}
        {"question_id": "1", "question": "b", "hits": []}
        """,
    ])
    func `contexts without text, question or list are refused`(text: String) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("r.json", text)
        let error = #expect(throws: SheafError.self) { try GivenContexts(file: file) }
        #expect("\(error as Any)".contains(file))
    }

    @Test func `an index that others wrote is a retriever`() async throws {
        let folder = TestFiles.fixtures + "/retrieval"
        let legacy = try StoredPassageFiles(index: folder + "/legacy")
        let saved = try StoredPassageFiles(
            index: folder + "/flat.faiss", passages: folder + "/saved")
        let question = questions([[1, 0, -1, 2, 0.5, 0, 1, -2]])
        for files in [legacy, saved] {
            #expect(files.count == 40 && files.key == .vector(dimension: 8))
            let found = try await files.retrieve(question, k: 3)[0].passages
            #expect(found.count == 3 && found[0].score >= found[2].score)
            #expect(found.allSatisfy { $0.text.hasPrefix("Text ") })
            await #expect(throws: SheafError.self) {
                try await files.retrieve(questions([[1]]), k: 1)
            }
        }
        #expect(throws: SheafError.self) { try StoredPassageFiles(index: folder + "/saved") }
    }
}
