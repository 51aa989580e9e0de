import Foundation

@testable import Tokenizers

/// Where the golden files are: the folder that SHEAF_GOLDENS names, else the repository's subset.
enum Fixtures {
    /// The repository's own fixtures.
    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/goldens")

    /// The golden files in force.
    static let goldens: URL =
        ProcessInfo.processInfo.environment["SHEAF_GOLDENS"].map {
            URL(fileURLWithPath: $0, isDirectory: true)
        } ?? repository

    static func data(_ name: String) throws -> Data {
        try Data(contentsOf: goldens.appendingPathComponent("tokenizer/\(name)"))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try JSONDecoder().decode(type, from: data(name))
    }

    static func lines<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> [Value] {
        try data(name).split(separator: 0x0A).map { try JSONDecoder().decode(type, from: $0) }
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
}
