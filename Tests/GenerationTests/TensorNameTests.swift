import Foundation
import Models
import TestSupport
import Testing

@testable import Generation

/// Files call the same parameters by different names, hold copies of tied ones, or leave some out.
@Suite("Names in files of generators")
struct TensorNameTests {
    /// Writes the model's tensors again, each under the names that `names` gives it.
    private func rewrite(_ folder: TemporaryFolder, _ names: (String) -> [String]) throws {
        let path = folder.path + "/model.safetensors"
        let all = try Data(contentsOf: URL(fileURLWithPath: path))
        let start = 8 + all.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header =
            try JSONSerialization.jsonObject(with: all[8..<start]) as? [String: [String: Any]]
            ?? [:]
        var renamed: [String: [String: Any]] = [:]
        var bytes = Data()
        for (name, entry) in header.sorted(by: { $0.key < $1.key }) where name != "__metadata__" {
            let range = try #require(entry["data_offsets"] as? [Int])
            for new in names(name) {
                var entry = entry
                let first = bytes.count
                bytes += all[start + range[0]..<start + range[1]]
                entry["data_offsets"] = [first, bytes.count]
                renamed[new] = entry
            }
        }
        let text = try JSONSerialization.data(withJSONObject: renamed)
        let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
        try folder.write("model.safetensors", length + text + bytes)
    }

    private func check(_ model: String, _ names: (String) -> [String]) throws {
        let sources = GeneratorTests.sources(3, seed: 8, vocabulary: 60)
        let expected = try GeneratorTests.load(model).generate(sources)
        let folder = try copiedModel(model)
        try rewrite(folder, names)
        let generator = try Generator.load(folder: folder.path)
        #expect(try generator.generate(sources) == expected)
    }

    @Test
    func `BART is found inside RAG, bare, and with copies of its table`() throws {
        try check("bart_tiny") { ["rag.generator." + $0] }
        // Without final_logits_bias every name begins alike.
        try check("bart_tiny") { $0 == "final_logits_bias" ? [] : [$0] }
        try check("bart_tiny") { name in
            name == "model.shared.weight"
                ? [
                    name, "lm_head.weight", "model.encoder.embed_tokens.weight",
                    "model.decoder.embed_tokens.weight",
                ] : [name]
        }
        for other in ["lm_head.weight", "model.decoder.embed_tokens.weight"] {
            try check("bart_tiny") { $0 == "model.shared.weight" ? [other] : [$0] }
        }
    }

    @Test
    func `T5 is found inside a wrapper and with copies of its table`() throws {
        try check("t5_tiny") { ["rag.generator." + $0] }
        try check("t5_tiny_gated") { ["module." + $0] }
        try check("t5_tiny") { name in
            name == "shared.weight"
                ? [name, "lm_head.weight", "decoder.embed_tokens.weight"] : [name]
        }
        try check("t5_tiny") { $0 == "shared.weight" ? ["encoder.embed_tokens.weight"] : [$0] }
    }

    @Test
    func `tensors that the model does not use are listed`() throws {
        let folder = try copiedModel()
        try rewrite(folder) {
            $0 == "final_logits_bias" ? [$0, "model.extra"] : [$0]
        }
        #expect(try Generator.load(folder: folder.path).unusedTensors == ["model.extra"])
        #expect(try GeneratorTests.load("t5_tiny_gated").unusedTensors == [])
    }
}
