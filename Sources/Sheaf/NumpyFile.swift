/// Writes a NumPy file of float32 `[rows, dimension]`, row by row.
///
/// The header (version 1.0 of the format) is written first with room for any count and filled in at
/// the end, so that neither the rows nor their number need be known before.
struct NumpyFile {
    /// A multiple of 64, as the format asks for.
    static let headerBytes = 128

    private let sink: OutputSink
    private let dimension: Int
    private(set) var rows = 0

    init(_ sink: OutputSink, dimension: Int) throws(SheafError) {
        self.sink = sink
        self.dimension = dimension
        try sink.write(NumpyFile.header(rows: 0, dimension: dimension))
    }

    /// Appends whole rows.
    mutating func append(_ values: [Float]) throws(SheafError) {
        precondition(
            values.count % dimension == 0, "\(values.count) values of rows of \(dimension)")
        rows += values.count / dimension
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * 4)
        for value in values {
            let bits = value.bitPattern
            bytes.append(UInt8(truncatingIfNeeded: bits))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 24))
        }
        try sink.write(bytes)
    }

    /// Fills in the count and gives the file its name.
    func finish() throws(SheafError) {
        try sink.rewrite(NumpyFile.header(rows: rows, dimension: dimension), at: 0)
        try sink.finish()
    }

    static func header(rows: Int, dimension: Int) -> [UInt8] {
        let facts = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(dimension)), }"
        let length = headerBytes - 10
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
        bytes += [UInt8(length & 0xFF), UInt8(length >> 8)]
        bytes += Array(facts.utf8)
        bytes += Array(repeating: UInt8(ascii: " "), count: headerBytes - 1 - bytes.count)
        return bytes + [UInt8(ascii: "\n")]
    }
}
