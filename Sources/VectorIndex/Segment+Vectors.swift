internal import Base
internal import CKernels

extension Segment {
    /// Lends the vector of a row, `[dimension]`, for the length of a call.
    public func withVector<Result, Failure: Error>(
        _ row: Int, _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        return try withVectors(row..<row + 1, body)
    }

    /// Lends all vectors, `[rows, dimension]` row-major, for the length of a call.
    public func withVectors<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withVectors(0..<rows, body)
    }

    /// The vector of a row, copied.
    public func vector(_ row: Int) -> [Float] {
        withVector(row) { Array($0) }
    }

    /// Lends some vectors, `[range.count, dimension]`: from the file, or widened.
    func withVectors<Result, Failure: Error>(
        _ range: Range<Int>,
        _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let count = range.count * dimension
        let bytes = UnsafeRawBufferPointer(
            rebasing: vectorBytes[
                range.lowerBound * rowBytes..<range.upperBound * rowBytes])
        guard precision == .float16 else {
            return try body(bytes.assumingMemoryBound(to: Float.self))
        }
        let widened = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        defer { widened.deallocate() }
        let halves = bytes.assumingMemoryBound(to: UInt16.self)
        sheaf_widen_float16(halves.baseAddress, count, widened.baseAddress)
        return try body(UnsafeBufferPointer(widened))
    }

    /// Bytes of one stored vector.
    var rowBytes: Int { precision.width * dimension }

    /// Where a stored vector lies.
    func place(_ row: Int) -> sheaf_scan_vector {
        sheaf_scan_vector(
            values: vectorBytes.baseAddress.map { $0 + row * rowBytes },
            is_half: precision == .float16 ? 1 : 0)
    }

    /// Lets the system take back the memory that reading vectors took; they are read from the file
    /// again when next needed.
    func releaseVectors() {
        file.release(vectorBytes)
    }
}
