import Foundation
import TestSupport

@testable import Tokenizers

/// Where the golden files are: the folder that SHEAF_GOLDENS names, else the repository's subset.
enum Fixtures {
    /// The repository's own fixtures.
    static let repository = URL(fileURLWithPath: Goldens.subset, isDirectory: true)

    /// The golden files in force.
    static let goldens = URL(fileURLWithPath: Goldens.folder, isDirectory: true)

    private static let decoder: JSONDecoder = {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }()

    static func data(_ name: String) throws -> Data {
        try Data(contentsOf: goldens.appendingPathComponent("tokenizer/\(name)"))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try decoder.decode(type, from: data(name))
    }

    static func lines<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> [Value] {
        try data(name).split(separator: 0x0A).map { try decoder.decode(type, from: $0) }
    }

    /// The vocabulary of the word-piece goldens.
    static let miniLM: [String] = {
        let url = repository.appendingPathComponent("tokenizer/minilm_vocab.txt")
        let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }()

    static func folder(_ name: String) -> String {
        goldens.appendingPathComponent("models/\(name)").path
    }

    static func wordPiece(_ options: WordPieceOptions = WordPieceOptions()) throws
        -> WordPieceTokenizer
    {
        try WordPieceTokenizer(vocabulary: miniLM, options: options)
    }
}

extension Encoding {
    var spans: [[Int]] { offsets.map { [$0.lowerBound, $0.upperBound] } }
}

extension TextTokenizer {
    /// The ids and segments of the path without offsets.
    func fast(_ text: String, pair: String? = nil, maximumLength: Int = .max) -> [[Int32]] {
        var ids: [Int32] = []
        var typeIDs: [Int32] = []
        encodeIDs(text, pair: pair, maximumLength: maximumLength, into: &ids, typeIDs: &typeIDs)
        return [ids, typeIDs]
    }
}
