import Foundation
import Generation

extension FuzzedReader {
    static let generation = [
        generationConfiguration, decoderConfiguration("bart"), decoderConfiguration("t5"),
        ragConfiguration,
    ]

    private static let searchWords =
        jsonWords
        + words(
            "\"num_beams\":", "\"num_return_sequences\":", "\"max_length\":",
            "\"max_new_tokens\":", "\"min_length\":", "\"length_penalty\":",
            "\"early_stopping\":\"never\"", "\"do_sample\":true", "\"temperature\":",
            "\"top_k\":", "\"top_p\":", "\"bad_words_ids\":[[", "\"forced_bos_token_id\":",
            "\"forced_eos_token_id\":", "\"eos_token_id\":[", "\"pad_token_id\":",
            "\"decoder_start_token_id\":", "\"no_repeat_ngram_size\":", "\"num_beam_groups\":2",
            "\"_from_model_config\":false", "\"repetition_penalty\":")

    private static let decoderWords =
        searchWords
        + words(
            "\"d_model\":", "\"vocab_size\":", "\"encoder_layers\":", "\"decoder_layers\":",
            "\"encoder_attention_heads\":", "\"decoder_ffn_dim\":", "\"num_layers\":",
            "\"num_heads\":", "\"d_kv\":", "\"d_ff\":", "\"max_position_embeddings\":",
            "\"relative_attention_num_buckets\":", "\"feed_forward_proj\":\"gated-gelu\"",
            "\"activation_function\":\"relu\"", "\"model_type\":\"t5\"",
            "\"model_type\":\"bart\"", "\"scale_embedding\":true", "4611686018427387904")

    /// Loads a generator and makes out how it would generate, by itself and as RAG.
    private static func load(_ folder: String) -> Bool {
        do throws(GenerationError) {
            let generator = try Generator.load(folder: folder)
            _ = try generator.generate([])
            for kind in RagKind.allCases { _ = try generator.answers(from: [], kind) }
            return true
        } catch {
            return error.description.isEmpty
        }
    }

    private static func put(_ model: String, _ goldens: String, _ folder: String) throws {
        let source = "\(goldens)/models/\(model)"
        for name in try FileManager.default.contentsOfDirectory(atPath: source) {
            try FileManager.default.copyItem(
                atPath: "\(source)/\(name)", toPath: "\(folder)/\(name)")
        }
    }

    private static let generationConfiguration = FuzzedReader(
        name: "generation_config.json", file: "generation_config.json", words: searchWords,
        prepare: { try put("rag_tiny", $0, $1) },
        seeds: { goldens in
            let stored = try ["bart_tiny", "t5_tiny", "rag_tiny"].map {
                try bytes("\(goldens)/models/\($0)/generation_config.json")
            }
            return stored
                + texts(
                    "{\"num_beams\": 4, \"max_length\": 50, \"bad_words_ids\": [[0, 0]]}",
                    "{\"do_sample\": true, \"top_k\": 5, \"top_p\": 0.9, \"temperature\": 0.7}")
        },
        read: load)

    private static func decoderConfiguration(_ kind: String) -> FuzzedReader {
        FuzzedReader(
            name: "\(kind)-config.json", file: "config.json", words: decoderWords,
            prepare: { try put("\(kind)_tiny", $0, $1) },
            seeds: { try [bytes("\($0)/models/\(kind)_tiny/config.json")] }, read: load)
    }

    private static let ragConfiguration = FuzzedReader(
        name: "rag-config.json", file: "config.json",
        words: decoderWords
            + words(
                "\"n_docs\":", "\"max_combined_length\":", "\"title_sep\":", "\"doc_sep\":",
                "\"index_name\":\"legacy\"", "\"label_smoothing\":", "\"generator\":{",
                "\"question_encoder\":{", "\"model_type\":\"rag\"", "\"prefix\":"),
        prepare: { try put("rag_tiny", $0, $1) },
        seeds: { try [bytes("\($0)/models/rag_tiny/config.json")] },
        read: { folder in
            do throws(GenerationError) {
                _ = try RagConfiguration(folder: folder)
            } catch {
                return error.description.isEmpty
            }
            return load(folder)
        })
}
