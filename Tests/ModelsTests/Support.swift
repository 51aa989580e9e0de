import Foundation
import Tensors

@testable import Models

/// The golden numbers: the folder that SHEAF_GOLDENS names, else the subset in the repository.
enum Goldens {
    static let folder: String = {
        if let path = ProcessInfo.processInfo.environment["SHEAF_GOLDENS"] { return path }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/goldens").path
    }()

    static func path(_ name: String) -> String { folder + "/" + name }

    static func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: path(name))
    }

    /// Files of a folder that end in `suffix`, by name.
    static func files(_ name: String, suffix: String) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: path(name))) ?? []
        return all.filter { $0.hasSuffix(suffix) }.sorted()
    }
}

/// Folder of all-MiniLM-L6-v2, where there is one.
let miniLM = ProcessInfo.processInfo.environment["SHEAF_MINILM"]

/// One golden case: tensors by name and the JSON beside them.
struct GoldenCase {
    let checkpoint: Checkpoint
    let json: JSONFile

    init(_ name: String) throws {
        checkpoint = try Checkpoint.openSafetensors(Goldens.path("cases/\(name).safetensors"))
        json = try JSONFile(Goldens.path("cases/\(name).json"), purpose: "a golden case")
    }

    func shape(_ name: String) -> [Int] { checkpoint.tensors[name]?.shape ?? [] }

    func floats(_ name: String) throws -> [Float] {
        try checkpoint.floats(name, shape: shape(name)).array
    }

    func integers(_ name: String) throws -> [Int] {
        let tensor = try requireTensor(name)
        let bytes = checkpoint.files[tensor.file].bytes
        return (0..<tensor.count).map { index in
            Int(
                Int64(
                    littleEndian: bytes.loadUnaligned(
                        fromByteOffset: tensor.offset + 8 * index, as: Int64.self)))
        }
    }

    private func requireTensor(_ name: String) throws -> StoredTensor {
        guard let tensor = checkpoint.tensors[name], tensor.type == .int64 else {
            throw ModelError.missingTensor(path: checkpoint.path, name: name)
        }
        return tensor
    }

    /// Rows of `[sequences, width]` ids, each cut to the length its attention mask gives.
    func batch(_ prefix: String = "", suffix: String = "") throws -> TokenBatch {
        let ids = try integers(prefix + "input_ids" + suffix)
        let mask = try integers(prefix + "attention_mask" + suffix)
        let types =
            checkpoint.tensors[prefix + "token_type_ids" + suffix] != nil
            ? try integers(prefix + "token_type_ids" + suffix)
            : [Int](repeating: 0, count: ids.count)
        let width = shape(prefix + "input_ids" + suffix).last ?? 0
        var batch = TokenBatch()
        for start in stride(from: 0, to: ids.count, by: width) {
            for index in start..<start + width where mask[index] == 1 {
                batch.ids.append(Int32(ids[index]))
                batch.segments.append(Int32(types[index]))
            }
            batch.closeSequence()
        }
        return batch
    }
}

/// A folder that exists as long as its owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent(
                "sheaf-models-\(UUID().uuidString)"
            ).path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ text: String, _ name: String) throws {
        try write(Data(text.utf8), name)
    }

    func write(_ data: Data, _ name: String) throws {
        let file = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: file)
    }

    func copy(_ source: String, _ name: String) throws {
        try write(try Data(contentsOf: URL(fileURLWithPath: source)), name)
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path + "/" + name)
    }

    /// The text of a file after `edit`.
    func edit(_ name: String, _ edit: (String) -> String) throws {
        let url = URL(fileURLWithPath: path + "/" + name)
        try write(edit(try String(contentsOf: url, encoding: .utf8)), name)
    }
}

/// A golden model together with the word-piece vocabulary the tiny models share.
func goldenModel(_ name: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for file in ["config.json", "model.safetensors"] {
        try folder.copy(Goldens.path("models/\(name)/\(file)"), file)
    }
    try addTokenizer(to: folder)
    return folder
}

func addTokenizer(to folder: TemporaryFolder) throws {
    for file in [
        "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    ] where Goldens.has("models/wordpiece/\(file)") {
        try folder.copy(Goldens.path("models/wordpiece/\(file)"), file)
    }
}

func largestDifference(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).map { abs($0 - $1) }.reduce(0) { $1.isNaN ? .infinity : max($0, $1) }
}

func bits(_ values: some Collection<Float>) -> [UInt32] { values.map(\.bitPattern) }

/// The instruction sets this processor has.
let kernelsHere = SIMDPath.allCases.compactMap { EncoderKernels($0) }

/// The error that `body` throws, nil where it succeeds.
func failure<T>(_ body: () throws(ModelError) -> T) -> ModelError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error
    }
}
