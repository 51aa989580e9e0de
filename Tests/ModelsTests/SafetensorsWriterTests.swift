import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite("Writing safetensors")
struct SafetensorsWriterTests {
    @Test
    func `what is written is read back, names and shapes included`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.safetensors"
        let tensors: [SafetensorsWriter.Tensor] = [
            .init(name: "weight", shape: [2, 3], values: [1, -2, 3.5, 0, -0.0, 1e-30]),
            .init(name: "scalar", shape: [], values: [7]),
            .init(name: "empty", shape: [0, 4], values: []),
            .init(name: "\"odd\"\n\\name é", shape: [1], values: [9]),
        ]
        try SafetensorsWriter.write(tensors, metadata: ["format": "pt", "a": "\u{1}"], to: path)
        let checkpoint = try Checkpoint.openSafetensors(path)
        #expect(checkpoint.tensors.count == tensors.count)
        for tensor in tensors {
            let values = try checkpoint.floats(tensor.name, shape: tensor.shape).array
            #expect(bits(values) == bits(tensor.values))
        }
        #expect(try #require(checkpoint.tensors["weight"]).offset % 8 == 0)
        let first = try Data(contentsOf: URL(fileURLWithPath: path))
        try SafetensorsWriter.write(tensors, metadata: ["a": "\u{1}", "format": "pt"], to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.safetensors"])
    }

    @Test
    func `a model written again has the same vectors`() throws {
        let folder = try goldenModel("dpr_ctx")
        let before = try TextEncoder.load(folder: folder.path, tower: .context)
        let checkpoint = try Checkpoint.open(folder: folder.path)
        let tensors = try checkpoint.tensors.sorted { $0.key < $1.key }.map { name, tensor in
            let values = try checkpoint.floats(name, shape: tensor.shape).array
            return SafetensorsWriter.Tensor(name: name, shape: tensor.shape, values: values)
        }
        let copy = try goldenModel("dpr_ctx")
        try SafetensorsWriter.write(tensors, to: copy.path + "/model.safetensors")
        let after = try TextEncoder.load(folder: copy.path, tower: .context)
        let question = ["the red planet"]
        #expect(bits(after.encode(questions: question)) == bits(before.encode(questions: question)))
    }

    @Test
    func `a folder that is not there is named`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/none/x"
        let error = failure { () throws(ModelError) in try SafetensorsWriter.write([], to: path) }
        guard case .unwritableFile(path, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
