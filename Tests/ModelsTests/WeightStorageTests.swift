import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite("Weights in memory")
struct WeightStorageTests {
    private let passages = [
        (title: "Mars", text: "Mars is the red planet. It has two moons."),
        (title: "", text: "a moon is no planet"),
    ]

    private func vectors(
        _ folder: String, _ storage: WeightStorage, kernels: EncoderKernels = .best
    ) throws -> [Float] {
        try TextEncoder.load(
            folder: folder, tower: .context, options: EncoderOptions(weights: storage),
            kernels: kernels
        ).encode(passages: passages)
    }

    @Test(arguments: ["dpr_ctx", "dpr_ctx_proj16", "retribert_shared"])
    func `weights left in the file give the vectors of packed ones, bit for bit`(
        name: String
    ) throws {
        let folder = try goldenModel(name)
        for kernels in kernelsHere {
            let packed = try vectors(folder.path, .float32, kernels: kernels)
            #expect(bits(try vectors(folder.path, .mapped, kernels: kernels)) == bits(packed))
        }
    }

    @Test
    func `weights of 16 bits give near vectors, the same on every instruction set`() throws {
        let folder = try goldenModel("dpr_ctx")
        let exact = try vectors(folder.path, .float32)
        let halves = try vectors(folder.path, .float16)
        #expect(bits(halves) != bits(exact))
        #expect(largestDifference(halves, exact) < 0.02)
        for kernels in kernelsHere {
            #expect(bits(try vectors(folder.path, .float16, kernels: kernels)) == bits(halves))
        }
    }

    @Test(arguments: ["model_fp16.safetensors", "pytorch_model_bf16.bin"])
    func `a file of 16 bits is read in place as it is packed`(file: String) throws {
        guard Goldens.has("formats/\(file)") else { return }
        let folder = try TemporaryFolder()
        try folder.copy(Goldens.path("models/dpr_ctx/config.json"), "config.json")
        let isPickled = file.hasSuffix(".bin")
        try folder.copy(
            Goldens.path("formats/\(file)"), isPickled ? "pytorch_model.bin" : "model.safetensors")
        try Goldens.copyTokenizer(to: folder.path)
        let packed = try vectors(folder.path, .float32)
        #expect(bits(try vectors(folder.path, .mapped)) == bits(packed))
        if file.contains("fp16") {
            #expect(bits(try vectors(folder.path, .float16)) == bits(packed))
        }
    }

    @Test
    func `only rounded weights have a fingerprint of their own`() throws {
        let folder = try goldenModel("dpr_ctx")
        let prints = try WeightStorage.allCases.map {
            try TextEncoder.fingerprint(
                folder: folder.path, tower: .context, options: EncoderOptions(weights: $0))
        }
        #expect(prints[0] != prints[1] && prints[0] == prints[2])
    }

    @Test
    func `rounding to 16 bits is to nearest, ties to even`() {
        var values: [Float] = [
            0, -0.0, 1, 65_504, 65_519.99, 65_520, 1e9, -.infinity, 5.9604645e-8, 2.9802322e-8,
            8.9406967e-8, 6.1035156e-5, 1.00048828125, 1.00146484375,
        ]
        for index in 0..<4096 { values.append(Float(bitPattern: UInt32(index) &* 1_048_573)) }
        values = values.filter { !$0.isNaN }
        var halves = [UInt16](repeating: 0, count: values.count)
        roundToFloat16(values, count: values.count, into: &halves)
        #if !arch(x86_64) || os(Linux)
            #expect(halves == values.map { Float16($0).bitPattern })
        #endif
    }

    @Test
    func `weights that are not finite pass where they are let`() throws {
        let folder = try goldenModel("dpr_ctx")
        let path = folder.path + "/model.safetensors"
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        data.replaceSubrange(data.count - 4..<data.count, with: [0, 0, 0xC0, 0x7F])
        try folder.write("model.safetensors", data)
        // The last tensor may be one that this tower leaves aside.
        let plain = failure { () throws(ModelError) in
            try ModelInspection.inspect(folder: folder.path)
        }
        let options = EncoderOptions(allowsNonfinite: true)
        let passed = failure { () throws(ModelError) in
            try ModelInspection.inspect(folder: folder.path, options: options)
        }
        if let plain, case .notFinite = plain {} else { #expect(plain == nil) }
        #expect(passed == nil)
    }
}

@Suite("Model folders, looked through")
struct ModelInspectionTests {
    @Test
    func `a folder says what it holds`() throws {
        let folder = try goldenModel("dpr_ctx")
        let inspection = try ModelInspection.inspect(folder: folder.path)
        #expect(inspection.architecture == "DPR context encoder")
        #expect(inspection.towers.map(\.name) == ["context"] && inspection.failure == nil)
        let encoder = try TextEncoder.load(folder: folder.path, tower: .context)
        #expect(inspection.towers.first?.fingerprint == encoder.fingerprint)
        #expect(inspection.towers.first?.unused == encoder.report.unusedTensors)
        let needed = encoder.description.parameters.map(\.name)
        let stored = try Checkpoint.open(folder: folder.path).tensors.keys
        #expect(Set(needed).union(encoder.report.unusedTensors) == Set(stored))
        #expect(needed.count == Set(needed).count && !needed.isEmpty)
        let reader = try goldenModel("dpr_reader")
        #expect(
            try ModelInspection.inspect(folder: reader.path).towers.map(\.name) == ["reader"])
    }

    @Test
    func `a missing parameter is listed`() throws {
        let folder = try goldenModel("dpr_ctx")
        try folder.edit("config.json") {
            $0.replacing(/"num_hidden_layers": (\d+)/) { match in
                "\"num_hidden_layers\": \((Int(match.1) ?? 0) + 1)"
            }
        }
        let inspection = try ModelInspection.inspect(folder: folder.path)
        #expect(inspection.towers.first?.missing.count == 16)
        guard case .missingTensor = inspection.failure else {
            Issue.record("\(String(describing: inspection.failure))")
            return
        }
    }

    @Test
    func `a flipped bit in an archive is found by its checksum`() throws {
        guard Goldens.has("formats/pytorch_model_bf16.bin") else { return }
        let folder = try TemporaryFolder()
        try folder.copy(Goldens.path("models/dpr_ctx/config.json"), "config.json")
        try Goldens.copyTokenizer(to: folder.path)
        var data = try Data(
            contentsOf: URL(fileURLWithPath: Goldens.path("formats/pytorch_model_bf16.bin")))
        data[data.count / 2] ^= 1
        try folder.write("pytorch_model.bin", data)
        let error = failure { () throws(ModelError) in
            try TextEncoder.load(folder: folder.path, tower: .context)
        }
        guard case .malformedFile(_, _, let reason) = error, reason.contains("checksum") else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test
    func `what is converted loads with the same vectors`() throws {
        let folder = try goldenModel("dpr_ctx")
        let target = try TemporaryFolder()
        let written = try ModelConversion(source: folder.path, target: target.path).run()
        #expect(written.map(\.folder) == [target.path])
        let passage = [(title: "Mars", text: "the red planet")]
        let before = try TextEncoder.load(folder: folder.path, tower: .context)
        let after = try TextEncoder.load(folder: target.path, tower: .context)
        #expect(bits(before.encode(passages: passage)) == bits(after.encode(passages: passage)))
        _ = try ModelConversion(
            source: folder.path, target: target.path, type: .float16
        ).run()
        let small = try TextEncoder.load(folder: target.path, tower: .context)
        let near = small.encode(passages: passage)
        #expect(largestDifference(near, before.encode(passages: passage)) < 0.02)
    }

    @Test(
        arguments: ["retribert_shared", "retribert_separate"].filter { Goldens.has("models/\($0)") }
    )
    func `RetriBERT's loss is the reference's`(name: String) throws {
        let golden = try GoldenCase(name)
        let count = golden.shape("q_reps")[0]
        let loss = RetriBERT.loss(
            questions: try golden.floats("q_reps"), answers: try golden.floats("a_reps"),
            count: count)
        let expected = golden.losses
        #expect(!expected.isEmpty)
        for value in expected { #expect(abs(loss - value) < 1e-5 * abs(value)) }
        let folder = try goldenModel(name)
        let model = try RetriBERT.load(folder: folder.path)
        let own = model.loss(questions: ["a", "b"], answers: ["c", "d"])
        #expect(own.isFinite)
    }
}

extension GoldenCase {
    /// The losses of the case, at each checkpoint batch size.
    fileprivate var losses: [Double] {
        let runs = json["runs"] as? [String: [String: Any]] ?? [:]
        return runs.values.compactMap { $0["loss"] as? Double }
    }
}
