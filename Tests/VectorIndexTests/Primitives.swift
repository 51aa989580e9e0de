import CFaissView

/// The distance primitives that Faiss is linked with, one by one: for those who want to see that
/// they are right, and that Faiss calls them.
enum Primitives {
    /// The instruction sets of this processor: 0 portable, 1 AVX2, 2 AVX-512.
    static let paths = (Int32(0)...2).filter { sheaf_faiss_has_path($0) != 0 }

    /// The set that Faiss' own calls use.
    static var chosenPath: Int32 { sheaf_faiss_chosen_path() }

    /// What one number is made of two vectors.
    enum Pair: UInt32, CaseIterable {
        case innerProduct, squaredDistance, absoluteDistance, largestDistance
    }

    /// What is made of two vectors, component by component.
    enum Map: UInt32, CaseIterable {
        case multiplyAdd, add, addNumber, subtract
    }

    static func pair(_ pair: Pair, _ x: [Float], _ y: [Float], path: Int32) -> Float {
        sheaf_faiss_pair_of(path, sheaf_faiss_pair(pair.rawValue), x, y, Int64(x.count))
    }

    /// One vector against rows `[count, x.count]`.
    static func rows(
        _ pair: Pair, _ x: [Float], _ rows: [Float], count: Int, path: Int32
    ) -> [Float] {
        filled(count) {
            sheaf_faiss_rows_of(
                path, sheaf_faiss_pair(pair.rawValue), x, rows, Int64(x.count), Int64(count), $0)
        }
    }

    /// Squared distances to rows whose component j of row i lies at i + j · stride.
    static func transposed(
        _ x: [Float], _ rows: [Float], squares: [Float], stride: Int, path: Int32
    ) -> [Float] {
        filled(squares.count) {
            sheaf_faiss_transposed_of(
                path, x, rows, squares, Int64(x.count), Int64(stride), Int64(squares.count), $0)
        }
    }

    static func map(
        _ map: Map, _ a: [Float], _ number: Float, _ b: [Float], path: Int32
    ) -> [Float] {
        filled(a.count) {
            sheaf_faiss_map_of(
                path, sheaf_faiss_map(map.rawValue), a, number, b, Int64(a.count), $0)
        }
    }

    /// A question of two components against centroids `[_, 2]`.
    static func pairTable(
        _ centroids: [Float], _ x: Float, _ y: Float, isInnerProduct: Bool, path: Int32
    ) -> [Float] {
        filled(centroids.count / 2) {
            sheaf_faiss_pair_table_of(
                path, centroids, x, y, isInnerProduct ? 1 : 0, Int64(centroids.count / 2), $0)
        }
    }

    private static func filled(
        _ count: Int, _ body: (UnsafeMutablePointer<Float>?) -> Void
    ) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            body(buffer.baseAddress)
            initialized = count
        }
    }
}
