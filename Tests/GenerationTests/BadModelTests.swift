import Foundation
import Models
import TestSupport
import Testing

@testable import Generation

/// Folders and sources that cannot be used: each is refused with the file, the value and a remedy.
@Suite("Unusable generators")
struct BadModelTests {
    private func error(_ folder: TemporaryFolder) -> GenerationError? {
        failure { () throws(GenerationError) in try Generator.load(folder: folder.path) }
    }

    private func error(_ model: String = "bart_tiny", _ edit: (String) -> String) throws
        -> GenerationError?
    {
        let folder = try copiedModel(model)
        try folder.edit("config.json", edit)
        return error(folder)
    }

    @Test
    func `weights of other frameworks are refused by name`() throws {
        for (file, word) in [("tf_model.h5", "TensorFlow"), ("flax_model.msgpack", "Flax")] {
            let folder = try copiedModel()
            try folder.remove("model.safetensors")
            try folder.write(file, "x")
            #expect(error(folder)?.description.contains(word) == true)
        }
    }

    @Test
    func `another architecture is refused by name`() throws {
        let error = try error { $0.replacing("\"bart\"", with: "\"pegasus\"") }
        guard case .unknownArchitecture(_, "model_type pegasus")? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test
    func `a configuration that does not fit the weights is refused`() throws {
        func name(_ error: GenerationError?) -> String {
            switch error {
            case .model(.wrongShape(_, let name, _, _)): name
            case .model(.missingTensor(_, let name)): name
            case .model(.invalidConfiguration(_, let key, _)): key
            case .model(.unsupportedConfiguration(_, let key, _)): key
            default: "\(String(describing: error))"
            }
        }
        #expect(
            name(try error { $0.replacing("\"vocab_size\": 60", with: "\"vocab_size\": 61") })
                == "model.shared.weight")
        #expect(
            name(try error { $0.replacing("\"decoder_layers\": 2", with: "\"decoder_layers\": 3") })
                .hasPrefix("model.decoder.layers.2."))
        #expect(
            name(
                try error {
                    $0.replacing(
                        "\"encoder_attention_heads\": 4", with: "\"encoder_attention_heads\": 3")
                }) == "encoder_attention_heads")
        #expect(
            name(try error { $0.replacing("\"d_model\": 16,", with: "") }) == "d_model")
        #expect(
            name(
                try error {
                    $0.replacing("\"d_model\"", with: "\"normalize_before\": true, \"d_model\"")
                }) == "normalize_before")
        #expect(
            name(
                try error {
                    $0.replacing(
                        "\"activation_function\": \"gelu\"",
                        with: "\"activation_function\": \"mish\"")
                }) == "activation_function")
        #expect(
            name(
                try error("t5_tiny_gated") {
                    $0.replacing("\"gated-gelu\"", with: "\"gated-mish\"")
                }) == "feed_forward_proj")
        #expect(
            name(
                try error("t5_tiny") {
                    $0.replacing("\"d_model\"", with: "\"tie_word_embeddings\": false, \"d_model\"")
                }) == "lm_head.weight")
    }

    @Test
    func `sources that the model cannot take are refused`() throws {
        let bart = try GeneratorTests.load("bart_tiny")
        func error(_ sources: [[Int32]]) -> GenerationError? {
            failure { () throws(GenerationError) in try bart.generate(sources) }
        }
        #expect(error([[5], []]) == .emptySource(index: 1))
        #expect(error([[60]]) == .outsideVocabulary(token: 60, vocabulary: 60))
        #expect(error([[-1]]) == .outsideVocabulary(token: -1, vocabulary: 60))
        #expect(
            error([[Int32](repeating: 5, count: 49)])
                == .sourceTooLong(index: 0, tokens: 49, positions: 48))
        #expect(error([]) == nil && error([[Int32](repeating: 5, count: 48)]) == nil)
        let t5 = try GeneratorTests.load("t5_tiny")
        #expect(try t5.generate([[Int32](repeating: 5, count: 300)])[0].count == 1)
    }

    @Test
    func `scores that are no numbers name source and step`() throws {
        let folder = try copiedModel()
        // The last number of the file is set to NaN: one of a decoder's or the shared table's.
        let path = folder.path + "/model.safetensors"
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        data.replaceSubrange(data.count - 4..<data.count, with: [0, 0, 0xC0, 0x7F])
        try folder.write("model.safetensors", data)
        let refused = error(folder)
        guard case .model(.notFinite)? = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        let generator = try Generator.load(folder: folder.path, allowsNonfinite: true)
        let found = failure { () throws(GenerationError) in try generator.generate([[5, 59, 2]]) }
        #expect(found == .notFinite(source: 0, step: 0))
    }
}
