import HeapModule

/// The highest of many scores.
enum TopTokens {
    /// The places of the `count` highest scores, the highest first, of equal ones the earlier;
    /// fewer where others are −∞ or not numbers.
    static func best(_ count: Int, of scores: UnsafeMutableBufferPointer<Float>) -> [Int] {
        var heap = Heap<Place>()
        var bar = -Float.infinity
        func look(_ places: Range<Int>) {
            for index in places where scores[index] > bar {
                heap.insert(Place(score: scores[index], index: index))
                if heap.count > count { heap.removeMin() }
                if heap.count == count, let least = heap.min { bar = least.score }
            }
        }
        // Most runs of scores hold none above the bar.
        let run = SIMD16<Float>.scalarCount
        let whole = scores.count / run * run
        let bytes = UnsafeRawBufferPointer(scores)
        for start in stride(from: 0, to: whole, by: run) {
            let values = bytes.loadUnaligned(
                fromByteOffset: start * MemoryLayout<Float>.stride, as: SIMD16<Float>.self)
            if any(values .> bar) { look(start..<start + run) }
        }
        look(whole..<scores.count)
        return heap.unordered.sorted(by: >).map(\.index)
    }

    /// A score by its worth: of equal ones the earlier is worth more.
    private struct Place: Comparable {
        var score: Float
        var index: Int

        static func < (a: Place, b: Place) -> Bool {
            (a.score, -a.index) < (b.score, -b.index)
        }
    }
}
