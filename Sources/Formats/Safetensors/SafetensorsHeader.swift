/// Writes the header of a safetensors file: eight bytes of header length, a JSON header, blanks.
package enum SafetensorsHeader {
    /// A tensor to come.
    package struct Tensor: Equatable, Sendable {
        /// Its name.
        package var name: String
        /// The type of its elements, such as F32.
        package var type: String
        /// Its dimensions.
        package var shape: [Int]
        /// The bytes of its elements.
        package var bytes: Int

        /// Describes a tensor.
        package init(name: String, type: String, shape: [Int], bytes: Int) {
            self.name = name
            self.type = type
            self.shape = shape
            self.bytes = bytes
        }
    }

    /// The header of a file that holds `tensors` in their order.
    ///
    /// The same input gives the same bytes. Blanks at its end place the byte `offset` of the
    /// elements on a multiple of `alignment` in the file.
    package static func bytes(
        _ tensors: [Tensor], metadata: [String: String], aligning offset: Int, to alignment: Int
    ) -> [UInt8] {
        let facts = metadata.sorted { $0.key < $1.key }
            .map { JSONValue.Member($0.key, .string($0.value)) }
        var members = [JSONValue.Member("__metadata__", .object(facts))]
        var start = 0
        for tensor in tensors {
            let end = start + tensor.bytes
            members.append(
                JSONValue.Member(
                    tensor.name,
                    [
                        "dtype": .string(tensor.type),
                        "shape": .array(tensor.shape.map { .integer($0) }),
                        "data_offsets": .array([.integer(start), .integer(end)]),
                    ]))
            start = end
        }
        var text = JSONValue.object(members).bytes()
        while (8 + text.count + offset) % alignment != 0 { text.append(UInt8(ascii: " ")) }
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    }
}
