import Base
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite("PyTorch's files")
struct PickleTests {
    @Test(
        arguments: Goldens.files("formats/bad", suffix: ".bin"))
    func `hostile and broken files are refused`(file: String) {
        let path = Goldens.path("formats/bad/\(file)")
        guard let error = failure({ () throws(ModelError) in try Checkpoint.openPickled(path) })
        else {
            Issue.record("\(file) was accepted")
            return
        }
        switch error {
        case .forbiddenPickle(path, _, let global):
            #expect(!global.isEmpty)
        case .malformedFile(path, _, let reason):
            #expect(!reason.isEmpty)
            #expect(!file.contains("os_system") && !file.contains("eval"))
        default: Issue.record("\(file): \(error)")
        }
    }

    @Test(
        arguments: [
            ("pickle_os_system_plain.bin", "posix.system"),
            ("pickle_os_system_legacy.bin", "posix.system"),
            ("pickle_os_system_zip.bin", "posix.system"),
            ("pickle_eval_zip.bin", "__builtin__.eval"), ("pickle_stack_global.bin", "os.system"),
            ("pickle_getattr.bin", "__builtin__.getattr"),
        ])
    func `a forbidden global is named`(file: String, global: String) {
        let path = Goldens.path("formats/bad/\(file)")
        let error = failure { () throws(ModelError) in try Checkpoint.openPickled(path) }
        guard case .forbiddenPickle(_, _, global) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// Files of one model in all forms, with the precision their weights were rounded to.
    static let forms: [(String, String)] = [
        ("model.safetensors", "fp32"), ("model_fp16.safetensors", "fp16"),
        ("model_bf16.safetensors", "bf16"), ("model_mixed_f64_i64.safetensors", "fp32"),
        ("st_extra_tensor.safetensors", "fp32"), ("pytorch_model.bin", "fp32"),
        ("pytorch_model_legacy.bin", "fp32"), ("pytorch_model_ordereddict_legacy.bin", "fp32"),
        ("pytorch_model_fp16.bin", "fp16"), ("pytorch_model_bf16.bin", "bf16"),
        ("pytorch_model_gamma_beta.bin", "fp32"), ("dpr_biencoder.39.16.cp", "fp32"),
        ("dpr_biencoder_zip.cp", "fp32"), ("dpr_biencoder_namedtuple.cp", "fp32"),
        ("sharded", "fp32"), ("sharded_bin", "fp32"),
    ]

    @Test(arguments: forms.filter { Goldens.has("formats/\($0.0)") })
    func `every form of a checkpoint gives the reference's vectors`(
        form: String, precision: String
    ) throws {
        let golden = try GoldenCase("dpr_ctx_forward")
        let expected = try Checkpoint.openSafetensors(
            Goldens.path("formats/expected_forward.safetensors"))
        let name = "pooler_output_" + precision
        let shape = try #require(expected.tensors[name]).shape
        let folder = try TemporaryFolder()
        try folder.copy(Goldens.path("models/dpr_ctx/config.json"), "config.json")
        try Goldens.copyTokenizer(to: folder.path)
        if Goldens.files("formats/\(form)", suffix: "").isEmpty {
            let isSafe = form.hasSuffix(".safetensors")
            let name =
                isSafe ? "model.safetensors" : form.hasSuffix(".cp") ? form : "pytorch_model.bin"
            try folder.copy(Goldens.path("formats/\(form)"), name)
        } else {
            for file in Goldens.files("formats/\(form)", suffix: "") where file != "config.json" {
                try folder.copy(Goldens.path("formats/\(form)/\(file)"), file)
            }
        }
        let encoder = try TextEncoder.load(folder: folder.path, tower: .context)
        let vectors = encoder.vectors(try golden.batch())
        let floats = try expected.floats(name, shape: shape).array
        #expect(largestDifference(vectors, floats) < 1e-4)
    }

    @Test(arguments: ["odd.bin", "odd_legacy.bin"])
    func `views, strides, shared storages and all types are read`(file: String) throws {
        let checkpoint = try Checkpoint.openPickled(Goldens.path("formats/\(file)"))
        let expected = try Checkpoint.openSafetensors(
            Goldens.path("formats/odd_expected.safetensors"))
        #expect(Set(checkpoint.tensors.keys) == Set(expected.tensors.keys))
        for (name, tensor) in expected.tensors {
            let found = try #require(checkpoint.tensors[name])
            #expect(found.shape == tensor.shape, "\(name)")
            #expect(found.type == tensor.type, "\(name)")
            if tensor.type.isFloat, tensor.type != .float64 {
                #expect(
                    try checkpoint.floats(name, shape: tensor.shape).array
                        == expected.floats(name, shape: tensor.shape).array, "\(name)")
            } else if tensor.count > 0 {
                let bytes = tensor.count * tensor.type.size
                let one = checkpoint.files[0].bytes[found.offset..<found.offset + bytes]
                let other = expected.files[0].bytes[tensor.offset..<tensor.offset + bytes]
                #expect(one.elementsEqual(other), "\(name)")
            }
        }
    }

    @Test(arguments: ["proto3.bin", "proto4.bin", "proto5.bin"])
    func `protocols 3 to 5 are read`(file: String) throws {
        let checkpoint = try Checkpoint.openPickled(Goldens.path("formats/\(file)"))
        let values = try checkpoint.floats("w", shape: [24]).array
        #expect(values == (0..<24).map { Float($0) })
    }

    @Test
    func `one DPR checkpoint serves both towers`() throws {
        let folder = try TemporaryFolder()
        try folder.copy(
            Goldens.path("formats/dpr_biencoder_namedtuple.cp"), "dpr_biencoder.39.16.cp")
        try folder.copy(Goldens.path("models/dpr_ctx/config.json"), "config.json")
        try Goldens.copyTokenizer(to: folder.path)
        let both = try ModelFolders.resolve(model: folder.path)
        #expect(both == ModelFolders(question: folder.path, context: folder.path))
        let question = try TextEncoder.load(folder: folder.path, tower: .question)
        let plain = try goldenModel("dpr_question")
        let expected = try TextEncoder.load(folder: plain.path, tower: .question)
        let text = ["who was beethoven?"]
        #expect(bits(question.encode(questions: text)) == bits(expected.encode(questions: text)))
        #expect(question.report.unusedTensors.contains("question_model.pooler.dense.weight"))
        #expect(question.report.unusedTensors.contains("question_model.embeddings.position_ids"))
    }

    @Test
    func `two hundred thousand nested tuples and a memo bomb end quickly`() throws {
        let folder = try TemporaryFolder()
        var deep = Data([0x80, 0x02])
        deep.append(contentsOf: [UInt8](repeating: UInt8(ascii: "("), count: 200_000))
        deep.append(contentsOf: [UInt8](repeating: UInt8(ascii: "t"), count: 200_000))
        deep.append(UInt8(ascii: "."))
        try folder.write("deep.bin", deep)
        let error = failure { () throws(ModelError) in
            try Checkpoint.openPickled(folder.path + "/deep.bin")
        }
        guard case .malformedFile = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: ["proto4.bin", "odd.bin", "odd_legacy.bin"])
    func `no damaged byte or cut end crashes the reader`(file: String) throws {
        let good = try Data(contentsOf: URL(fileURLWithPath: Goldens.path("formats/\(file)")))
        let folder = try TemporaryFolder()
        let path = folder.path + "/x"
        var seed: UInt64 = 20_261_122
        func next(_ bound: Int) -> Int {
            seed ^= seed << 13
            seed ^= seed >> 7
            seed ^= seed << 17
            return Int(seed % UInt64(bound))
        }
        for round in 0..<600 {
            var data = good
            if round % 3 == 0 {
                data = data.prefix(next(data.count))
            } else {
                for _ in 0...next(4) { data[next(data.count)] = UInt8(next(256)) }
            }
            try folder.write("x", data)
            _ = failure { () throws(ModelError) in
                let checkpoint = try Checkpoint.openPickled(path)
                for (name, tensor) in checkpoint.tensors where tensor.type.isFloat {
                    _ = try checkpoint.floats(name, shape: tensor.shape)
                }
                return checkpoint
            }
        }
        // A reader that is still alive has passed.
        try folder.write("x", good)
        #expect(try !Checkpoint.openPickled(path).tensors.isEmpty)
    }
}
