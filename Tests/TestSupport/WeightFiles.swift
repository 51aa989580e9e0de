import Foundation

/// Tensors of 32-bit floats, written plainly in the forms that checkpoints have: not by what is
/// tested.
package struct WeightFiles {
    /// One tensor with its bytes.
    package struct Tensor {
        package var name: String
        package var shape: [Int]
        package var bytes: [UInt8]

        package init(name: String, shape: [Int], bytes: [UInt8]) {
            self.name = name
            self.shape = shape
            self.bytes = bytes
        }
    }

    /// All of them, by name.
    package var tensors: [Tensor]

    /// Reads a safetensors file, whose tensors are all of 32-bit floats.
    package init(safetensors path: String) throws {
        let all = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let start = 8 + all[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONSerialization.jsonObject(with: Data(all[8..<start]))
        tensors = (header as? [String: Any] ?? [:]).compactMap { name, value in
            guard let entry = value as? [String: Any], entry["dtype"] as? String == "F32",
                let shape = entry["shape"] as? [Int], let ends = entry["data_offsets"] as? [Int]
            else { return nil }
            return Tensor(
                name: name, shape: shape, bytes: Array(all[start + ends[0]..<start + ends[1]]))
        }.sorted { $0.name < $1.name }
    }

    /// The bytes of a safetensors file.
    package var safetensors: [UInt8] {
        get throws {
            var header: [String: Any] = ["__metadata__": ["format": "pt"]]
            var end = 0
            for tensor in tensors {
                let ends = [end, end + tensor.bytes.count]
                header[tensor.name] = [
                    "dtype": "F32", "shape": tensor.shape, "data_offsets": ends,
                ]
                end = ends[1]
            }
            let json = [UInt8](try JSONSerialization.data(withJSONObject: header))
            return Self.little(json.count, 8) + json + tensors.flatMap(\.bytes)
        }
    }

    /// The bytes of what `torch.save` writes of a dictionary: a zip archive of a pickle and of one
    /// storage a tensor.
    package var pickled: [UInt8] {
        var members = [(name: "archive/data.pkl", bytes: pickle)]
        for (number, tensor) in tensors.enumerated() {
            members.append(("archive/data/\(number)", tensor.bytes))
        }
        return Self.zip(members)
    }

    private var pickle: [UInt8] {
        func text(_ text: String) -> [UInt8] {
            [UInt8(ascii: "X")] + Self.little(text.utf8.count, 4) + Array(text.utf8)
        }
        func name(_ module: String, _ name: String) -> [UInt8] {
            Array("c\(module)\n\(name)\n".utf8)
        }
        func number(_ number: Int) -> [UInt8] { [UInt8(ascii: "J")] + Self.little(number, 4) }
        func tuple(_ parts: [[UInt8]]) -> [UInt8] {
            Array("(".utf8) + parts.flatMap { $0 } + [0x74]
        }
        var bytes: [UInt8] = [0x80, 2] + Array("}(".utf8)
        for (place, tensor) in tensors.enumerated() {
            // A step along a dimension is as long as all behind it.
            let strides = tensor.shape.indices.map { tensor.shape[($0 + 1)...].reduce(1, *) }
            let storage =
                tuple([
                    text("storage"), name("torch", "FloatStorage"), text("\(place)"), text("cpu"),
                    number(tensor.bytes.count / 4),
                ]) + Array("Q".utf8)
            bytes += text(tensor.name) + name("torch._utils", "_rebuild_tensor_v2")
            bytes += tuple([
                storage, number(0), tuple(tensor.shape.map(number)), tuple(strides.map(number)),
                [0x89], name("collections", "OrderedDict") + Array(")R".utf8),
            ])
            bytes += Array("R".utf8)
        }
        return bytes + Array("u.".utf8)
    }

    /// An archive of members that are stored.
    private static func zip(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        var (bytes, directory): ([UInt8], [UInt8]) = ([], [])
        for (name, content) in members {
            let common =
                [20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + little(Int(checksum(content)), 4)
                + little(content.count, 4) + little(content.count, 4)
                + little(name.utf8.count, 2) + [0, 0]
            directory += [0x50, 0x4B, 1, 2, 20, 0] + common
            directory += [UInt8](repeating: 0, count: 10) + little(bytes.count, 4)
            directory += Array(name.utf8)
            bytes += [0x50, 0x4B, 3, 4] + common + Array(name.utf8) + content
        }
        let ends = little(members.count, 2) + little(members.count, 2)
        let places = little(directory.count, 4) + little(bytes.count, 4)
        return bytes + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + ends + places + [0, 0]
    }

    private static func little(_ number: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    /// The CRC-32 of zip, bit by bit.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum = ~UInt32(0)
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
}
