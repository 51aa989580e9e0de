import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite("Folders of trained models")
struct TrainableFolderTests {
    private let passages = [(title: "Mars", text: "the red planet"), (title: "", text: "water")]

    /// Vectors of a saved folder, both towers.
    private func vectors(_ folder: String, _ tower: Tower) throws -> [UInt32] {
        let encoder = try TextEncoder.load(folder: folder, tower: tower)
        return bits(
            tower == .context
                ? encoder.encode(passages: passages)
                : encoder.encode(questions: passages.map(\.text)))
    }

    private func vectors(_ encoder: TrainableEncoder, _ tower: Tower) -> [UInt32] {
        let tokens = passages.map {
            tower == .context
                ? encoder.tokenise(title: $0.title, text: $0.text)
                : encoder.tokenise(question: $0.text)
        }
        return bits(encoder.forward(TokenSequences(tokens), .none).rows)
    }

    @Test(
        arguments: [
            ("dpr_question", Tower.question), ("dpr_ctx", .context), ("dpr_ctx_proj16", .context),
        ])
    func `what is saved opens for inference and for more training`(
        name: String, tower: Tower
    ) throws {
        let source = try goldenModel(name)
        let folder = try TemporaryFolder()
        let encoder = try TrainableEncoder.load(folder: source.path, tower: tower)
        let values = encoder.parameters.values
        for index in values.indices { values[index] += 0.001 * Float(index % 7) }
        try encoder.save(to: folder.path + "/new")
        #expect(try vectors(folder.path + "/new", tower) == vectors(encoder, tower))
        let again = try TrainableEncoder.load(folder: folder.path + "/new", tower: tower)
        #expect(bits(again.parameters.values) == bits(values))
        #expect(again.parameters.entries == encoder.parameters.entries)
    }

    @Test(
        .enabled(
            if: Goldens.has("formats/dpr_biencoder_namedtuple.cp"), "the checkpoint is not here"),
        arguments: [Tower.question, .context])
    func `a tower of DPR's own checkpoint is saved under Hugging Face's names`(
        tower: Tower
    ) throws {
        let source = try TemporaryFolder()
        try source.copy(
            Goldens.path("formats/dpr_biencoder_namedtuple.cp"), "dpr_biencoder.39.16.cp")
        try source.copy(Goldens.path("models/dpr_ctx/config.json"), "config.json")
        try source.edit("config.json") { $0.replacing("\"dpr\"", with: "\"bert\"") }
        try Goldens.copyTokenizer(to: source.path)
        let folder = try TemporaryFolder()
        let encoder = try TrainableEncoder.load(folder: source.path, tower: tower)
        try encoder.save(to: folder.path)
        #expect(try vectors(folder.path, tower) == vectors(source.path, tower))
        #expect(try vectors(folder.path, tower) == vectors(encoder, tower))
        let root = tower == .question ? "question_encoder." : "ctx_encoder."
        #expect(encoder.parameters.entries.allSatisfy { $0.name.hasPrefix(root) })
    }

    @Test(
        arguments: ["retribert_shared", "retribert_separate"].filter {
            Goldens.has("models/\($0)")
        })
    func `RetriBERT is saved as one folder with both towers`(name: String) throws {
        let source = try goldenModel(name)
        let folder = try TemporaryFolder()
        let towers = try TrainableTowers.load(question: source.path, context: source.path)
        try towers.save(to: folder.path)
        let found = try ModelFolders.resolve(model: folder.path)
        #expect(found == ModelFolders(question: folder.path, context: folder.path))
        #expect(
            try vectors(folder.path, .question) == vectors(towers.question, .question))
        #expect(try vectors(folder.path, .context) == vectors(towers.context, .context))
    }

    @Test(arguments: [TextEncoder.Kind.sentence, .dpr, .retribert], [true, false])
    func `random towers are saved and found`(kind: TextEncoder.Kind, isShared: Bool) throws {
        let tokenizer = try TemporaryFolder()
        try Goldens.copyTokenizer(to: tokenizer.path)
        let folder = try TemporaryFolder()
        let shape = EncoderShape(
            kind: kind, hiddenSize: 32, layers: 2, heads: 4, intermediateSize: 64, positions: 64,
            projectionSize: kind == .sentence ? 0 : 12)
        let towers = try TrainableTowers.random(
            shape, isShared: isShared, seed: 3, tokenizerFolder: tokenizer.path)
        let ties = isShared && kind != .dpr
        #expect((towers.parameterSets.count == 1) == ties)
        try towers.save(to: folder.path)
        let found = try ModelFolders.resolve(model: folder.path)
        let question = try #require(found.question)
        let context = try #require(found.context)
        #expect(try vectors(question, .question) == vectors(towers.question, .question))
        #expect(try vectors(context, .context) == vectors(towers.context, .context))
        let again = try TrainableTowers.load(question: question, context: context)
        #expect(again.parameterSets.count == towers.parameterSets.count)
    }

    @Test
    func `random weights are BERT's, and the seed's`() throws {
        let tokenizer = try TemporaryFolder()
        try Goldens.copyTokenizer(to: tokenizer.path)
        let shape = EncoderShape(
            kind: .dpr, hiddenSize: 64, layers: 1, heads: 4, intermediateSize: 128)
        let one = try TrainableEncoder.random(
            shape, tower: .context, seed: 3, tokenizerFolder: tokenizer.path)
        let same = try TrainableEncoder.random(
            shape, tower: .context, seed: 3, tokenizerFolder: tokenizer.path)
        let other = try TrainableEncoder.random(
            shape, tower: .context, seed: 4, tokenizerFolder: tokenizer.path)
        #expect(bits(one.parameters.values) == bits(same.parameters.values))
        #expect(bits(one.parameters.values) != bits(other.parameters.values))
        for entry in one.parameters.entries {
            let own = one.parameters.values[entry.range].map(Double.init)
            if entry.decays {
                let square = own.reduce(0) { $0 + $1 * $1 } / Double(own.count)
                #expect(abs(square.squareRoot() - 0.02) < 0.003, "\(entry.name)")
            } else {
                let value = entry.name.hasSuffix("LayerNorm.weight") ? 1.0 : 0
                #expect(own.allSatisfy { $0 == value }, "\(entry.name)")
            }
        }
    }

    @Test
    func `a shape that cannot be is refused`() throws {
        let tokenizer = try TemporaryFolder()
        try Goldens.copyTokenizer(to: tokenizer.path)
        let shape = EncoderShape(
            kind: .dpr, hiddenSize: 30, layers: 1, heads: 4, intermediateSize: 8)
        let error = failure { () throws(ModelError) in
            try TrainableEncoder.random(
                shape, tower: .context, seed: 0, tokenizerFolder: tokenizer.path)
        }
        guard case .invalidConfiguration(_, let key, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(key == "num_attention_heads")
    }

    @Test
    func `the wrong tower is refused`() throws {
        let folder = try goldenModel("dpr_question")
        let error = failure { () throws(ModelError) in
            try TrainableEncoder.load(folder: folder.path, tower: .context)
        }
        guard case .wrongTower = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test
    func `a reader's logits are those of inference, before and after it is saved`() throws {
        let source = try goldenModel("dpr_reader")
        let folder = try TemporaryFolder()
        let trainable = try TrainableReader.load(folder: source.path)
        try trainable.save(to: folder.path)
        for path in [source.path, folder.path] {
            let reader = try DPRReader.load(folder: path)
            let scores = reader.scores(question: "where is mars", passages: passages)
            let tokens = passages.map {
                trainable.tokenise(question: "where is mars", title: $0.title, text: $0.text)
            }
            #expect(tokens.map(\.passageStart) == scores.map(\.passageStart))
            let sequences = TokenSequences(tokens.map(\.tokens))
            let output = trainable.forward(
                sequences, exampleNumbers: sequences.numbers, dropout: nil, recording: .full)
            #expect(bits(output.starts) == bits(scores.flatMap(\.starts)))
            #expect(bits(output.ends) == bits(scores.flatMap(\.ends)))
            #expect(bits(output.relevance) == bits(scores.map(\.relevance)))
        }
        let encoder = try goldenModel("dpr_ctx")
        let begun = try TrainableReader.starting(
            fromEncoder: encoder.path, tower: .context, seed: 1)
        #expect(begun.parameters.count == trainable.parameters.count)
        #expect(!trainable.pieces(of: "red planet").isEmpty)
    }
}
