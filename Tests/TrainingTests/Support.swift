import Foundation
import Tensors

@testable import Models
@testable import Training

/// The golden numbers: the folder that SHEAF_GOLDENS names, else the subset in the repository.
enum Goldens {
    static let folder: String = {
        if let path = ProcessInfo.processInfo.environment["SHEAF_GOLDENS"] { return path }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/goldens").path
    }()

    static func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: folder + "/" + name)
    }

    static func hasCase(_ name: String) -> Bool { has("cases/\(name).safetensors") }
}

/// The folder of public data that SHEAF_TEST_DATA names, if it does.
let testData = ProcessInfo.processInfo.environment["SHEAF_TEST_DATA"]

/// One golden case: tensors by name and the JSON beside them.
struct GoldenCase {
    let checkpoint: Checkpoint
    let json: [String: Any]

    init(_ name: String) throws {
        checkpoint = try Checkpoint.openSafetensors(
            Goldens.folder + "/cases/\(name).safetensors")
        let data = try Data(
            contentsOf: URL(fileURLWithPath: Goldens.folder + "/cases/\(name).json"))
        json = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }

    func shape(_ name: String) -> [Int] { checkpoint.tensors[name]?.shape ?? [] }

    func floats(_ name: String) throws -> [Float] {
        try checkpoint.floats(name, shape: shape(name)).array
    }

    func matrix(_ name: String) throws -> Matrix {
        Matrix(try floats(name), columns: shape(name).last ?? 1)
    }

    func integers(_ name: String) throws -> [Int] {
        guard let tensor = checkpoint.tensors[name], tensor.type == .int64 else {
            throw ModelError.missingTensor(path: checkpoint.path, name: name)
        }
        let bytes = checkpoint.files[tensor.file].bytes
        return (0..<tensor.count).map { index in
            Int(
                Int64(
                    littleEndian: bytes.loadUnaligned(
                        fromByteOffset: tensor.offset + 8 * index, as: Int64.self)))
        }
    }

    func number(_ name: String) -> Double { json[name] as? Double ?? .nan }
}

/// A folder that exists as long as its owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent(
                "sheaf-training-\(UUID().uuidString)"
            ).path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a text file and gives its path.
    @discardableResult
    func write(_ text: String, _ name: String) throws -> String {
        let file = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: path + "/" + name, encoding: .utf8)
    }
}

/// All rows of a source, as they are.
func rows(of source: TrainingSource) throws -> [TrainingExample] {
    var rows: [TrainingExample] = []
    try source.read { row throws(TrainingError) in rows.append(row) }
    return rows
}

/// The error that `body` throws, nil where it succeeds.
func failure<T>(_ body: () throws(TrainingError) -> T) -> TrainingError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

/// Numbers around 0, from a seed.
func randomNumbers(_ count: Int, seed: UInt64, scale: Double = 1) -> [Double] {
    var dice = SplitMix(seed: seed)
    return (0..<count).map { _ in scale * (Double.random(in: -1...1, using: &dice)) }
}

func relativeDifference(_ a: Double, _ b: Double) -> Double {
    abs(a - b) / max(abs(a), abs(b), 1e-12)
}

/// ‖a − b‖ / ‖b‖.
func relativeDistance(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count else { return .infinity }
    var difference = 0.0
    var norm = 0.0
    for (x, y) in zip(a, b) {
        difference += Double(x - y) * Double(x - y)
        norm += Double(y) * Double(y)
    }
    return (difference / max(norm, 1e-30)).squareRoot()
}
