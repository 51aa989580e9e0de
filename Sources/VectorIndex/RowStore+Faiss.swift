internal import CKernels

extension RowStore {
    /// Calls `body` with all vectors in order, as Faiss gets them.
    func forEachFaissRun<Failure: Error>(
        _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        try forEachRun { (_, vectors) throws(Failure) in
            guard metric == .cosine else { return try body(vectors) }
            try unitVectors(vectors).withUnsafeBufferPointer(body)
        }
    }

    /// The mean of all vectors as Faiss gets them; zeros in an empty store.
    func center() -> [Float] {
        var sums = [Double](repeating: 0, count: dimension)
        forEachFaissRun { vectors in
            for first in stride(from: 0, to: vectors.count, by: dimension) {
                for index in 0..<dimension { sums[index] += Double(vectors[first + index]) }
            }
        }
        return sums.map { Float($0 / Double(max(1, rows))) }
    }

    /// Questions `[count, dimension]` as Faiss gets them.
    func faissVectors(_ questions: [Float]) -> [Float] {
        metric == .cosine ? questions.withUnsafeBufferPointer(unitVectors) : questions
    }

    /// The k first of some rows.
    func best(
        _ k: Int, of rows: [Int], for question: UnsafeBufferPointer<Float>
    ) -> [ScoredRow] {
        var top = TopRows(k: k)
        top.offer(zip(rows, scores(question, rows: rows)).map(ScoredRow.init))
        return top.rows()
    }

    /// Vectors of length 1, in float32; zero stays zero.
    ///
    /// Faiss knows no cosine, only the inner
    /// product, which of these is the same but for roundings.
    private func unitVectors(_ vectors: UnsafeBufferPointer<Float>) -> [Float] {
        [Float](unsafeUninitializedCapacity: vectors.count) { units, count in
            for first in stride(from: 0, to: vectors.count, by: dimension) {
                let vector = UnsafeBufferPointer(rebasing: vectors[first..<first + dimension])
                let norm = Kernels.innerProduct(vector, vector).squareRoot()
                for index in 0..<dimension {
                    let unit = norm > 0 ? Float(Double(vector[index]) / norm) : 0
                    units.initializeElement(at: first + index, to: unit)
                }
            }
            count = vectors.count
        }
    }
}
