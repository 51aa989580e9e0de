import Foundation
import TestSupport

/// Tiny generators with tokenizers of their own, and results that they answer from.
enum AnswerFixtures {
    /// Sixty word pieces, whose first ones are BART's special tokens.
    private static let words: [String] = {
        let known = [
            "[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]", "river", "stone", "wing", "engine",
            "paper", "salt", "tower", "letter", "number", "title", "who", "which", "has", "the",
            "/", "?", ".",
        ]
        let digits = (0...9).flatMap { ["\($0)", "##\($0)"] }
        return known + digits + (0..<60 - known.count - digits.count).map { "spare\($0)" }
    }()

    private static func vocabulary(_ words: some Sequence<String>) -> String {
        words.map { $0 + "\n" }.joined()
    }

    /// A BART of random weights, 48 positions, that answers at once where a test asks; its folder.
    @discardableResult
    static func bart(in folder: TemporaryFolder, name: String = "bart") throws -> String {
        for file in ["config.json", "generation_config.json", "model.safetensors"] {
            try folder.copy("\(Goldens.subset)/models/bart_tiny/\(file)", "\(name)/\(file)")
        }
        try folder.write("\(name)/vocab.txt", vocabulary(words))
        return folder.path + "/" + name
    }

    /// A T5 of random weights, whose special tokens stand in another order; its folder.
    static func t5(in folder: TemporaryFolder) throws -> String {
        for file in ["config.json", "generation_config.json", "model.safetensors"] {
            try folder.copy("\(Goldens.subset)/models/t5_tiny/\(file)", "t5/\(file)")
        }
        try folder.write(
            "t5/vocab.txt", vocabulary(["[PAD]", "[SEP]", "[CLS]"] + words.dropFirst(3)))
        return folder.path + "/t5"
    }

    /// A RAG folder in the reference's layout: 3 passages, 24 positions, 9 tokens; its folder.
    static func rag(in folder: TemporaryFolder) throws -> String {
        for file in ["config.json", "generation_config.json", "model.safetensors"] {
            try folder.copy("\(Goldens.subset)/models/rag_tiny/\(file)", "rag/\(file)")
        }
        try folder.write("rag/generator_tokenizer/vocab.txt", vocabulary(words.prefix(9)))
        try folder.write(
            "rag/question_encoder_tokenizer/vocab.txt",
            vocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + words[5..<21]))
        return folder.path + "/rag"
    }

    /// Results of a search in DPR's form: `passages` a question, texts that differ, falling scores.
    ///
    /// Every third question has the text of the one before it.
    static func results(
        _ questions: Int, passages: Int = 3, in folder: TemporaryFolder
    ) throws -> String {
        let names = ["river", "stone", "wing", "engine", "paper", "salt", "tower", "letter"]
        let lists = (0..<questions).map { number -> String in
            let own = number % 3 == 2 ? number - 1 : number
            let contexts = (0..<passages).map { place in
                """
                {"id": "p\(number)-\(place)", "title": "\(names[place % 8])", "text": \
                "the \(names[(number + place) % 8]) has number \(number % 50)", "score": \
                "\(3 - place)"}
                """
            }
            return """
                {"question": "which \(names[own % 8]) has number \(own % 50) ?", "answers": \
                ["\(names[number % 8])"], "ctxs": [\(contexts.joined(separator: ", "))]}
                """
        }
        return try folder.write("results.json", "[" + lists.joined(separator: ",\n") + "]")
    }
}

/// An answer as the program writes it.
struct WrittenAnswer: Decodable, Equatable {
    struct Passage: Decodable, Equatable {
        var id: String
        var title: String
        var text: String
        var score: Double
        var prior: Double
        var posterior: Double?
    }
    struct Token: Decodable, Equatable {
        var token: String
        var posteriors: [Double]
    }
    struct Other: Decodable, Equatable {
        var answer: String
        var probability: Double
        var posteriors: [Double]
    }
    struct Coverage: Decodable, Equatable {
        var complete: Bool
        var shards: Int
        var shardsAnswered: Int
    }

    var id: String
    var question: String
    var answer: String
    var answers: [String]?
    var abstained: Bool?
    var withheld: String?
    var score: Double?
    var probability: Double?
    var passages: [Passage]
    var tokens: [Token]?
    var others: [Other]?
    var coverage: Coverage?
    var tokensCut: Int?
    var notes: [String]?

    /// The answers of a text of JSON lines.
    static func lines(_ text: String) throws -> [WrittenAnswer] {
        try text.split(separator: "\n").map {
            try Program.decode(WrittenAnswer.self, from: "\($0)")
        }
    }
}
