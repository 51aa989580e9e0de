import Formats

/// Writes a NumPy file of float32 `[rows, dimension]`, row by row.
///
/// The header (version 1.0 of the format) is written first with room for any count and filled in at
/// the end, so that neither the rows nor their number need be known before.
struct NumpyFile {
    private let sink: OutputSink
    private let dimension: Int
    private(set) var rows = 0

    init(_ sink: OutputSink, dimension: Int) throws(SheafError) {
        self.sink = sink
        self.dimension = dimension
        try sink.write(NumpyHeader.bytes(rows: 0, dimension: dimension))
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
        try sink.rewrite(NumpyHeader.bytes(rows: rows, dimension: dimension), at: 0)
        try sink.finish()
    }
}
