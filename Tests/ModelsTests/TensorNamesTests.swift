import Foundation
import TestSupport
import Testing

@testable import Models

/// Names that other programs give to the same tensors.
@Suite struct TensorNamesTests {
    /// The vectors of a folder after the names in its safetensors header are changed.
    private func vectors(
        _ model: String, tower: Tower, edit: (String) -> String,
        change: (TemporaryFolder) throws -> Void = { _ in }
    ) throws -> [Float] {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        try Goldens.copyModel(model, to: folder.path)
        let path = folder.path + "/model.safetensors"
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let parsed = try JSONSerialization.jsonObject(with: data[8..<8 + length])
        var header: [String: Any] = [:]
        for (name, entry) in try #require(parsed as? [String: Any]) {
            header[name == "__metadata__" ? name : edit(name)] = entry
        }
        let bytes = try JSONSerialization.data(withJSONObject: header)
        var out = Data()
        withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { out.append(contentsOf: $0) }
        out += bytes + data[(8 + length)...]
        try out.write(to: URL(fileURLWithPath: path))
        try change(folder)
        let encoder = try TextEncoder.load(folder: folder.path, tower: tower)
        return encoder.encode(passages: [("Paris", "Paris is the capital of France.")])
    }

    @Test func `wrappers and names of TensorFlow's days change nothing`() throws {
        let plain = try vectors("dpr_ctx", tower: .context) { $0 }
        let edits: [(String) -> String] = [
            { "module." + $0 }, { "model." + $0 }, { "module.model." + $0 },
            {
                $0.replacing("LayerNorm.weight", with: "LayerNorm.gamma")
                    .replacing("LayerNorm.bias", with: "LayerNorm.beta")
            },
        ]
        for edit in edits {
            #expect(try vectors("dpr_ctx", tower: .context, edit: edit) == plain)
        }
    }

    @Test func `a tower of DPR saved as its bare BERT keeps its vectors`() throws {
        let plain = try vectors("dpr_ctx", tower: .context) { $0 }
        for prefix in ["", "bert."] {
            let bare = try vectors("dpr_ctx", tower: .context) {
                $0.replacing("ctx_encoder.bert_model.", with: prefix)
            }
            #expect(bare == plain)
        }
    }

    @Test func `a bare BERT under a configuration with a projection is refused`() throws {
        #expect(throws: ModelError.self) {
            _ = try vectors("dpr_ctx_proj16", tower: .context) {
                $0.replacing("ctx_encoder.bert_model.", with: "")
                    .replacing("ctx_encoder.encode_proj", with: "other")
            }
        }
    }
}
