import Foundation

/// The tensors of a golden file, read as plainly as can be: not by what is tested.
package struct GoldenTensors {
    /// What a golden file does not hold as it was asked for.
    package struct Missing: Error {
        package var path: String
        package var name: String
    }

    private struct Entry {
        var type: String
        var shape: [Int]
        var bytes: Range<Int>
    }

    private let path: String
    private let data: Data
    private let entries: [String: Entry]

    /// Opens a safetensors file.
    package init(_ path: String) throws {
        self.path = path
        let all = try Data(contentsOf: URL(fileURLWithPath: path))
        let start = 8 + all.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONSerialization.jsonObject(with: all[8..<start]) as? [String: Any]
        entries = (header ?? [:]).compactMapValues { value in
            guard let entry = value as? [String: Any], let type = entry["dtype"] as? String,
                let shape = entry["shape"] as? [Int],
                let offsets = entry["data_offsets"] as? [Int]
            else { return nil }
            return Entry(type: type, shape: shape, bytes: offsets[0]..<offsets[1])
        }
        data = Data(all[start...])
    }

    package func has(_ name: String) -> Bool { entries[name] != nil }

    /// The dimensions of a tensor; none where it is not there.
    package func shape(_ name: String) -> [Int] { entries[name]?.shape ?? [] }

    package func floats(_ name: String) throws -> [Float] { try values(name, "F32") }

    package func doubles(_ name: String) throws -> [Double] { try values(name, "F64") }

    package func integers(_ name: String) throws -> [Int] {
        try values(name, "I64").map { (value: Int64) in Int(value) }
    }

    private func values<Value: BitwiseCopyable>(_ name: String, _ type: String) throws -> [Value] {
        guard let entry = entries[name], entry.type == type else {
            throw Missing(path: path, name: name)
        }
        return data[entry.bytes].withUnsafeBytes { bytes in
            (0..<bytes.count / MemoryLayout<Value>.size).map {
                bytes.loadUnaligned(
                    fromByteOffset: $0 * MemoryLayout<Value>.size, as: Value.self)
            }
        }
    }
}

/// One golden case: tensors by name and the JSON beside them.
package struct GoldenCase {
    package let json: [String: Any]
    private let tensors: GoldenTensors

    package init(_ name: String) throws {
        tensors = try GoldenTensors(Goldens.path("cases/\(name).safetensors"))
        let path = Goldens.path("cases/\(name).json")
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        json = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }

    package func has(_ name: String) -> Bool { tensors.has(name) }
    package func shape(_ name: String) -> [Int] { tensors.shape(name) }
    package func floats(_ name: String) throws -> [Float] { try tensors.floats(name) }
    package func doubles(_ name: String) throws -> [Double] { try tensors.doubles(name) }
    package func integers(_ name: String) throws -> [Int] { try tensors.integers(name) }

    /// A number of the JSON, NaN where it is not there.
    package func number(_ name: String) -> Double { json[name] as? Double ?? .nan }
}
