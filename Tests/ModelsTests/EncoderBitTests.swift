import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite("A text has one vector, bit for bit")
struct EncoderBitTests {
    static let towers: [(String, Tower)] = [("dpr_ctx", .context), ("dpr_ctx_proj16", .context)]

    @Test(arguments: towers)
    func `alone, in any batch and on any number of threads`(name: String, tower: Tower) throws {
        let folder = try goldenModel(name)
        expectOneVector(try TextEncoder.load(folder: folder.path, tower: tower))
    }

    @Test
    func `under mean pooling too`() throws {
        let folder = try sentenceModel(pooling: "pooling_mode_mean_tokens")
        expectOneVector(try TextEncoder.load(folder: folder.path, tower: .context))
    }

    @Test(.enabled(if: TestFiles.miniLM != nil, "SHEAF_MINILM names no folder of all-MiniLM-L6-v2"))
    func `of MiniLM too, on every instruction set`() throws {
        let folder = TestFiles.miniLM ?? ""
        expectOneVector(try TextEncoder.load(folder: folder, tower: .context))
        try expectSameBitsEverywhere(folder, plainToo: false)
    }

    @Test
    func `on every instruction set`() throws {
        let folder = try goldenModel("dpr_ctx")
        try expectSameBitsEverywhere(folder.path)
    }

    @Test
    func `from all tokens and from the first tokens alone`() throws {
        let folder = try goldenModel("dpr_ctx")
        let encoder = try TextEncoder.load(folder: folder.path, tower: .context)
        expectFirstTokensAlone(encoder)
    }
}

@Suite("Encoding")
struct EncodingTests {
    @Test
    func `progress counts up to all passages on the calling thread`() throws {
        let folder = try goldenModel("dpr_ctx")
        let encoder = try TextEncoder.load(folder: folder.path, tower: .context)
        var seen: [Int] = []
        var cuts = TextCuts()
        _ = encoder.encode(passages: variedPassages, cuts: &cuts) { seen.append($0) }
        #expect(cuts.texts == variedPassages.count)
        #expect(seen.last == variedPassages.count)
        #expect(seen == seen.sorted())
        #expect(encoder.encode(passages: []) == [])
        #expect(encoder.encode(questions: [], threads: 4) == [])
    }

    @Test
    func `a question's curly apostrophe is read as a straight one by DPR`() throws {
        let folder = try goldenModel("dpr_question")
        let encoder = try TextEncoder.load(folder: folder.path, tower: .question)
        let curly = encoder.encode(questions: ["what is mars\u{2019}s moon?"])
        #expect(bits(curly) == bits(encoder.encode(questions: ["what is mars's moon?"])))
    }

    @Test
    func `prefixes come before the text`() throws {
        let folder = try sentenceModel(pooling: "pooling_mode_mean_tokens")
        let plain = try TextEncoder.load(folder: folder.path, tower: .question)
        let prefixed = try TextEncoder.load(
            folder: folder.path, tower: .question,
            options: EncoderOptions(questionPrefix: "query: ", passagePrefix: "passage: "))
        let expected = plain.encode(questions: ["query: mars"])
        #expect(bits(prefixed.encode(questions: ["mars"])) == bits(expected))
        #expect(plain.fingerprint != prefixed.fingerprint)
        try folder.write(
            "config_sentence_transformers.json",
            #"{"prompts": {"query": "query: ", "passage": "passage: "}}"#)
        let stored = try TextEncoder.load(folder: folder.path, tower: .question)
        #expect(stored.prefixes == prefixed.prefixes)
        let passage = stored.encode(passages: [(title: "a", text: "b")])
        #expect(bits(passage) == bits(plain.encode(questions: ["passage: a b"])))
    }

    @Test(arguments: ["pooling_mode_cls_token", "pooling_mode_max_tokens"])
    func `pooling follows the folder`(mode: String) throws {
        let folder = try sentenceModel(pooling: mode)
        let encoder = try TextEncoder.load(folder: folder.path, tower: .context)
        var batch = TokenBatch()
        encoder.append(question: "the red planet", to: &batch)
        batch.closeSequence()
        let arena = BertArena()
        encoder.processor.weights.bert.forward(batch, arena)
        let width = encoder.dimension
        let rows = arena.hidden.array
        var expected = Array(rows[..<width])
        if mode == "pooling_mode_max_tokens" {
            for token in 0..<batch.tokens {
                for j in 0..<width { expected[j] = max(expected[j], rows[token * width + j]) }
            }
        }
        EncoderKernels.best.normalise(&expected, width: width)
        #expect(bits(encoder.vectors(batch)) == bits(expected))
    }
}

/// The tiny context encoder dressed as a sentence encoder.
func sentenceModel(pooling: String) throws -> TemporaryFolder {
    let folder = try goldenModel("dpr_ctx")
    let checkpoint = try Checkpoint.open(folder: folder.path)
    var tensors: [(String, [Int], [Float])] = []
    for (name, tensor) in checkpoint.tensors.sorted(by: { $0.key < $1.key }) {
        let short = name.replacing("ctx_encoder.bert_model.", with: "")
        tensors.append(
            (short, tensor.shape, try checkpoint.floats(name, shape: tensor.shape).array))
    }
    try folder.write("model.safetensors", safetensors(tensors))
    try folder.edit("config.json") {
        $0.replacing("\"model_type\": \"dpr\"", with: "\"model_type\": \"bert\"")
            .replacing("\"projection_dim\": 0,", with: "")
    }
    try folder.write(
        "modules.json",
        """
        [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
         {"idx": 1, "name": "1", "path": "1_Pooling", "type": "x.models.Pooling"},
         {"idx": 2, "name": "2", "path": "2_Normalize", "type": "x.models.Normalize"}]
        """)
    try folder.write("1_Pooling/config.json", #"{"\#(pooling)": true}"#)
    return folder
}

/// A safetensors file of 32-bit floats.
func safetensors(_ tensors: [(name: String, shape: [Int], values: [Float])]) -> Data {
    var header: [String] = []
    var data = Data()
    for tensor in tensors {
        let begin = data.count
        tensor.values.withUnsafeBytes { data.append(contentsOf: $0) }
        header.append(
            #""\#(tensor.name)":{"dtype":"F32","shape":\#(tensor.shape),"#
                + #""data_offsets":[\#(begin),\#(data.count)]}"#)
    }
    return safetensors(header: "{" + header.joined(separator: ",") + "}", data: data)
}

func safetensors(header: String, data: Data) -> Data {
    var file = Data()
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { file.append(contentsOf: $0) }
    return file + Data(header.utf8) + data
}
