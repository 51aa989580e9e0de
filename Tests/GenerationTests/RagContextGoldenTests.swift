import Foundation
import Models
import TestSupport
import Testing
import Tokenizers

@testable import Generation

/// RAG from the text of a question on, beside transformers 4.41.2: what the whole set of goldens
/// holds, which SHEAF_GOLDENS names.
@Suite("Golden RAG from text")
struct RagContextGoldenTests {
    private static let cases = [
        "rag_more_ndocs", "rag_more_punctuation", "rag_more_generation_keys",
    ]
    private static let areThere =
        cases.allSatisfy(Goldens.hasCase) && Goldens.has("corpus.json")
        && Goldens.has("models/dpr_question_trained")

    /// A joined folder of the goldens' parts, and the passages of the goldens.
    private struct Bench {
        let folder: TemporaryFolder
        let rag: String
        let encoder: TextEncoder
        let words: any TextTokenizer
        let pieces: any TextTokenizer
        let configuration: RagConfiguration
        let passages: [(title: String, text: String)]
        let vectors: [Float]

        init(generator: String) throws {
            folder = try TemporaryFolder()
            rag = folder.path + "/rag"
            let (question, writer) = (folder.path + "/question", folder.path + "/writer")
            try Goldens.copyModel("dpr_question_trained", to: question)
            for part in [generator, "bpe"] {
                let source = Goldens.path("models/\(part)")
                for file in try FileManager.default.contentsOfDirectory(atPath: source) {
                    try folder.copy("\(source)/\(file)", "writer/\(file)")
                }
            }
            var join = RagJoin(questionEncoder: question, generator: writer, target: rag)
            join.passages = 3
            join.maximumCombinedLength = 112
            configuration = try join.run().configuration
            encoder = try TextEncoder.load(folder: rag, tower: .question)
            words = try FolderTokenizer.open(rag + "/question_encoder_tokenizer")
            pieces = try FolderTokenizer.open(rag + "/generator_tokenizer")
            let corpus =
                try JSONSerialization.jsonObject(
                    with: Data(contentsOf: URL(fileURLWithPath: Goldens.path("corpus.json"))))
                as? [[String: Any]] ?? []
            passages = corpus.map {
                ($0["title"] as? String ?? "", $0["text"] as? String ?? "")
            }
            vectors = try GoldenTensors(Goldens.path("cases/retrieval.safetensors"))
                .floats("passage_embeddings")
        }

        /// The question as the reference's retriever reads it: decoded from its tokens.
        func decoded(_ question: String, cleans: Bool = true) -> String {
            var (ids, types): ([Int32], [Int32]) = ([], [])
            words.encodeIDs(question, maximumLength: 32, into: &ids, typeIDs: &types)
            return words.decode(ids, skipSpecialTokens: true, cleansSpaces: cleans)
        }

        /// Joined texts of a question with the passages that are nearest.
        func contexts(
            _ question: String, _ count: Int, scale: Float = 1, cleans: Bool = true
        ) -> (texts: [String], contexts: RetrievedContexts) {
            let vector = encoder.encode(questions: [question])
            let width = vector.count
            let scores = passages.indices.map { row in
                (0..<width).reduce(0.0) {
                    $0 + Double(vector[$1]) * Double(vectors[row * width + $1] * scale)
                }
            }
            let best = scores.indices.sorted { scores[$0] > scores[$1] }.prefix(count)
            let texts = best.map {
                configuration.context(
                    title: passages[$0].title, text: passages[$0].text,
                    question: decoded(question, cleans: cleans))
            }
            let sources = texts.map { text in
                var (ids, types): ([Int32], [Int32]) = ([], [])
                pieces.encodeIDs(
                    text, maximumLength: configuration.maximumCombinedLength, into: &ids,
                    typeIDs: &types)
                return ids
            }
            return (texts, RetrievedContexts(sources: sources, scores: best.map { scores[$0] }))
        }
    }

    @Test(.enabled(if: areThere))
    func `questions are cleaned and joined as the reference's are`() throws {
        let golden = try GoldenCase("rag_more_punctuation")
        let bench = try Bench(generator: "bart_trained")
        let generator = try Generator.load(folder: bench.rag)
        let questions = try #require(golden.json["questions"] as? [String])
        let runs = try #require(golden.json["runs"] as? [String: [String: Any]])
        for (name, run) in runs {
            let isClean = name == "clean"
            let decoded = try #require(run["decoded_questions"] as? [String])
            #expect(questions.map { bench.decoded($0, cleans: isClean) } == decoded, "\(name)")
            let found = questions.map { bench.contexts($0, 3, cleans: isClean) }
            // Those of the other run are the same texts again; its ids are its own.
            if isClean {
                let texts = try #require(run["context_strings"] as? [String])
                #expect(found.flatMap(\.texts) == texts)
            }
            let ids = try golden.integers(name + ".context_input_ids")
            let width = golden.shape(name + ".context_input_ids")[1]
            let rows = stride(from: 0, to: ids.count, by: width).map { row in
                trimmed(Array(ids[row..<row + width]), padding: 1)
            }
            #expect(found.flatMap(\.contexts.sources) == rows, "\(name)")
            let outputs = try #require(run["generate"] as? [String: [String: Any]])
            for kind in RagKind.allCases {
                var options = GenerationOptions()
                options.beams = 4
                options.maximumLength = 16
                let answers = try generator.answers(
                    from: found.map(\.contexts), kind, options: options, threads: 2)
                let own = try #require(outputs["rag_\(kind.rawValue)"])
                let expected = try #require(own["beam4"] as? [[Int]])
                #expect(
                    answers.compactMap(\.first?.tokens)
                        == expected.map { trimmed($0, padding: 1) }, "\(name) \(kind)")
            }
        }
    }

    @Test(.enabled(if: areThere))
    func `answers are ranked under all passages that were asked for`() throws {
        let golden = try GoldenCase("rag_more_ndocs")
        let rows = try #require(golden.json["rows"] as? [[String: Any]])
        #expect(rows.count >= 5)
        for name in Set(rows.compactMap { $0["generator"] as? String }) {
            let bench = try Bench(generator: name)
            let generator = try Generator.load(folder: bench.rag)
            for row in rows where row["generator"] as? String == name {
                let question = try #require(row["question"] as? String)
                let count = try #require(row["n_docs"] as? Int)
                let scale = Float(try #require(row["embedding_scale"] as? Double))
                let found = bench.contexts(question, count, scale: scale).contexts
                var options = GenerationOptions()
                options.beams = 4
                options.maximumLength = 12
                let answers = try generator.answers(from: [found], .sequence, options: options)
                let expected = try #require(row["all_documents"] as? [Int])
                #expect(answers[0][0].tokens == trimmed(expected, padding: 1), "\(question)")
            }
        }
    }

    @Test(.enabled(if: areThere))
    func `keys act where they act in the reference`() throws {
        let golden = try GoldenCase("rag_more_generation_keys")
        let bench = try Bench(generator: "bart_partial")
        let questions = try #require(golden.json["questions"] as? [String])
        let scale = Float(golden.number("embedding_scale"))
        let contexts = questions.map { bench.contexts($0, 3, scale: scale).contexts }
        try FileManager.default.removeItem(atPath: bench.rag + "/generation_config.json")
        let path = URL(fileURLWithPath: bench.rag + "/config.json")
        let original = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
        let runs = try #require(golden.json["runs"] as? [String: [String: Any]])
        #expect(runs.count >= 12)
        for (name, run) in runs {
            let parts = name.split(separator: ".").map(String.init)
            let kind: RagKind = parts[0] == "rag_token" ? .token : .sequence
            var options = GenerationOptions()
            var json = original
            if let call = run["call"] as? [String: Any] {
                options.beams = call["num_beams"] as? Int
                options.maximumLength = call["max_length"] as? Int
                options.badWords = (call["bad_words_ids"] as? [[Int]])?.map { $0.map(Int32.init) }
            } else {
                json.merge(run["top"] as? [String: Any] ?? [:]) { $1 }
                var part = json["generator"] as? [String: Any] ?? [:]
                part.merge(run["generator"] as? [String: Any] ?? [:]) { $1 }
                json["generator"] = part
            }
            try JSONSerialization.data(withJSONObject: json).write(to: path)
            let generator = try Generator.load(folder: bench.rag)
            let answers = try generator.answers(
                from: contexts, kind, options: options, threads: 2)
            let expected = try #require(run["sequences"] as? [[Int]])
            #expect(
                answers.joined().map(\.tokens) == expected.map { trimmed($0, padding: 1) },
                "\(name)")
        }
    }
}
