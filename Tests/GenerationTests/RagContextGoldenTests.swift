import Foundation
import Models
import TestSupport
import Testing
import Tokenizers

@testable import Generation

/// RAG from the text of a question on, beside transformers 4.41.2: of tiny models, and of those of
/// the whole set of goldens where SHEAF_GOLDENS names it.
@Suite("Golden RAG from text")
struct RagContextGoldenTests {
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
        let scale: Float

        /// - Parameter generator: Its folder; nil: as the case says.
        init(_ golden: GoldenCase, generator: String? = nil) throws {
            // The whole set's cases are all of the same models and passages, and do not name them.
            let json = golden.json
            let encoder = json["question_encoder"] as? String ?? "dpr_question_trained"
            let writing = json["generator_tokenizer"] as? String ?? "bpe"
            let generator = generator ?? json["generator"] as? String ?? "bart_partial"
            folder = try TemporaryFolder()
            rag = folder.path + "/rag"
            let (question, writer) = (folder.path + "/question", folder.path + "/writer")
            try Goldens.copyModel(encoder, to: question)
            for part in [generator, writing] {
                let source = Goldens.path("models/\(part)")
                for file in try FileManager.default.contentsOfDirectory(atPath: source) {
                    try folder.copy("\(source)/\(file)", "writer/\(file)")
                }
            }
            var join = RagJoin(questionEncoder: question, generator: writer, target: rag)
            join.passages = 3
            join.maximumCombinedLength = json["max_combined_length"] as? Int ?? 112
            configuration = try join.run().configuration
            self.encoder = try TextEncoder.load(folder: rag, tower: .question)
            words = try FolderTokenizer.open(rag + "/question_encoder_tokenizer")
            pieces = try FolderTokenizer.open(rag + "/generator_tokenizer")
            let corpus =
                try json["passages"]
                ?? JSONSerialization.jsonObject(
                    with: Data(contentsOf: URL(fileURLWithPath: Goldens.path("corpus.json"))))
            passages = (corpus as? [[String: Any]] ?? []).map {
                ($0["title"] as? String ?? "", $0["text"] as? String ?? "")
            }
            vectors =
                golden.has("passage_embeddings")
                ? try golden.floats("passage_embeddings")
                : try GoldenTensors(Goldens.path("cases/retrieval.safetensors"))
                    .floats("passage_embeddings")
            scale = Float(json["embedding_scale"] as? Double ?? 1)
        }

        /// The question as the reference's retriever reads it: decoded from its tokens.
        func decoded(_ question: String, cleans: Bool = true) -> String {
            var (ids, types): ([Int32], [Int32]) = ([], [])
            words.encodeIDs(question, maximumLength: 32, into: &ids, typeIDs: &types)
            return words.decode(ids, skipSpecialTokens: true, cleansSpaces: cleans)
        }

        /// Joined texts of a question with the passages that are nearest.
        func contexts(
            _ question: String, _ count: Int, scale: Float? = nil, cleans: Bool = true
        ) -> (texts: [String], contexts: RetrievedContexts) {
            let vector = encoder.encode(questions: [question])
            let width = vector.count
            let scale = scale ?? self.scale
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

    @Test func `questions are cleaned and joined as the reference's are`() throws {
        let golden = try GoldenCase("rag_more_punctuation")
        let bench = try Bench(
            golden, generator: golden.json["generator"] as? String ?? "bart_trained")
        let generator = try Generator.load(folder: bench.rag)
        let questions = try #require(golden.json["questions"] as? [String])
        let runs = try #require(golden.json["runs"] as? [String: [String: Any]])
        for (name, run) in runs {
            let isClean = name == "clean"
            let decoded = try #require(run["decoded_questions"] as? [String])
            #expect(questions.map { bench.decoded($0, cleans: isClean) } == decoded, "\(name)")
            let found = questions.map { bench.contexts($0, 3, cleans: isClean) }
            // The reference tells them as the generator's tokenizer decodes them, which cleans.
            let texts = try #require(run["context_strings"] as? [String])
            #expect(
                found.flatMap(\.contexts.sources).map {
                    bench.pieces.decode($0, skipSpecialTokens: true, cleansSpaces: true)
                } == texts, "\(name)")
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

    @Test func `answers are ranked under all passages that were asked for`() throws {
        let golden = try GoldenCase("rag_more_ndocs")
        let rows = try #require(golden.json["rows"] as? [[String: Any]])
        #expect(rows.count >= 5)
        for name in Set(rows.compactMap { $0["generator"] as? String }) {
            let bench = try Bench(golden, generator: name)
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

    @Test func `keys act where they act in the reference`() throws {
        let golden = try GoldenCase("rag_more_generation_keys")
        let bench = try Bench(golden)
        let questions = try #require(golden.json["questions"] as? [String])
        let contexts = questions.map { bench.contexts($0, 3).contexts }
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

    @Test func `BART's old key for the first token acts as in the reference`() throws {
        let golden = try GoldenCase("rag_more_generation_keys")
        let bench = try Bench(golden)
        let generator = bench.folder.path + "/writer"
        try FileManager.default.removeItem(atPath: generator + "/generation_config.json")
        let path = URL(fileURLWithPath: generator + "/config.json")
        var original = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
        original["forced_bos_token_id"] = nil
        original["force_bos_token_to_be_generated"] = nil
        let (ids, mask) = (
            try golden.integers("bart.input_ids"), try golden.integers("bart.attention_mask")
        )
        let width = golden.shape("bart.input_ids")[1]
        let sources = stride(from: 0, to: ids.count, by: width).map { row in
            (row..<row + width).filter { mask[$0] == 1 }.map { Int32(ids[$0]) }
        }
        let runs = try #require(golden.json["bart_legacy_bos"] as? [String: [String: Any]])
        #expect(runs.count == 4 && sources.count == 4)
        for (name, run) in runs {
            var json = original
            json.merge(try #require(run["patch"] as? [String: Any])) { $1 }
            try JSONSerialization.data(withJSONObject: json).write(to: path)
            let model = try Generator.load(folder: generator)
            for (search, beams) in [("greedy", 1), ("beam4", 4)] {
                var options = GenerationOptions()
                options.beams = beams
                options.maximumLength = 12
                let expected = try #require(run[search] as? [[Int]])
                #expect(
                    try model.generate(sources, options: options).map { $0[0].tokens }
                        == expected.map { trimmed($0, padding: 1) }, "\(name) \(search)")
            }
        }
    }
}
