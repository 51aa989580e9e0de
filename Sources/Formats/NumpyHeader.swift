/// The header of a NumPy file, version 1.0 of the format.
package enum NumpyHeader {
    /// A multiple of 64, as the format asks for, with room for any number of rows.
    package static let length = 128

    /// The header of little-endian float32 `[rows, dimension]`, row-major.
    package static func bytes(rows: Int, dimension: Int) -> [UInt8] {
        let facts = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(dimension)), }"
        let rest = length - 10
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
        bytes += [UInt8(rest & 0xFF), UInt8(rest >> 8)]
        bytes += Array(facts.utf8)
        bytes += Array(repeating: UInt8(ascii: " "), count: length - 1 - bytes.count)
        return bytes + [UInt8(ascii: "\n")]
    }
}
