import TestSupport
import Testing

@testable import VectorIndex

/// The functions that take the place of Faiss' own.
struct PrimitivesTests {
    private static let sizes = Array(0...70) + [127, 128, 129, 384, 768, 1000, 4097]

    /// Random numbers, and at times ones that are very large, very small or zero.
    private func values(_ count: Int, _ generator: inout Dice) -> [Float] {
        (0..<count).map { _ in
            switch Int.random(in: 0..<40, using: &generator) {
            case 0: 0
            case 1: 1e15
            case 2: -1e-30
            case 3: .leastNonzeroMagnitude
            default: generator.normal()
            }
        }
    }

    /// Whether a float32 result is as near to the plain one as `terms` roundings of `size` allow.
    private func near(_ found: Float, _ plain: Double, size: Double, terms: Int) -> Bool {
        let allowed = size * Double(terms + 4) * 0x1p-24 + 0x1p-126
        return abs(Double(found) - plain) <= allowed
    }

    @Test(arguments: Primitives.paths)
    func `a pair of vectors gives what the plain sum gives`(path: Int32) {
        var generator = Dice(seed: 91)
        for size in Self.sizes {
            let (x, y) = (values(size, &generator), values(size, &generator))
            for pair in Primitives.Pair.allCases {
                let terms = zip(x, y).map { x, y -> Double in
                    let (x, y) = (Double(x), Double(y))
                    return switch pair {
                    case .innerProduct: x * y
                    case .squaredDistance: (x - y) * (x - y)
                    case .absoluteDistance, .largestDistance: abs(x - y)
                    }
                }
                let plain = pair == .largestDistance ? terms.max() ?? 0 : terms.reduce(0, +)
                let found = Primitives.pair(pair, x, y, path: path)
                let magnitude = terms.reduce(0) { $0 + abs($1) }
                #expect(
                    near(found, plain, size: magnitude, terms: size), "\(pair), size \(size)")
            }
        }
    }

    @Test(arguments: Primitives.paths)
    func `many rows give what each gives alone`(path: Int32) {
        var generator = Dice(seed: 92)
        for size in [0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 31, 33, 100] {
            for count in [0, 1, 2, 3, 15, 16, 17, 50] {
                let (x, rows) = (values(size, &generator), values(size * count, &generator))
                for pair in [Primitives.Pair.innerProduct, .squaredDistance] {
                    let found = Primitives.rows(pair, x, rows, count: count, path: path)
                    let alone = (0..<count).map {
                        Primitives.pair(
                            pair, x, Array(rows[$0 * size..<($0 + 1) * size]), path: path)
                    }
                    #expect(found == alone, "\(pair), \(count) rows of \(size)")
                }
            }
        }
    }

    @Test(arguments: Primitives.paths)
    func `rows may lie the other way round`(path: Int32) {
        var generator = Dice(seed: 93)
        for (size, count, stride) in [(0, 5, 5), (1, 1, 1), (3, 7, 9), (12, 33, 33), (64, 5, 6)] {
            let x = (0..<size).map { _ in generator.normal() }
            let rows = (0..<size * stride).map { _ in generator.normal() }
            let row = { (index: Int) in (0..<size).map { rows[index + $0 * stride] } }
            let squares = (0..<count).map { index in
                Primitives.pair(.innerProduct, row(index), row(index), path: path)
            }
            let found = Primitives.transposed(
                x, rows, squares: squares, stride: stride, path: path)
            for index in 0..<count {
                let plain = zip(x, row(index)).reduce(Float(0)) { sum, pair in
                    let gap = pair.0 - pair.1
                    return sum + gap * gap
                }
                let error = abs(found[index] - plain)
                #expect(error < 1e-4 * (plain + 1))
            }
        }
    }

    @Test(arguments: Primitives.paths)
    func `vectors are combined component by component`(path: Int32) {
        var generator = Dice(seed: 94)
        for size in Self.sizes {
            let (a, b) = (values(size, &generator), values(size, &generator))
            for map in Primitives.Map.allCases {
                let found = Primitives.map(map, a, 0.7, b, path: path)
                for (found, (a, b)) in zip(found, zip(a, b)) {
                    let (plain, size): (Double, Double) =
                        switch map {
                        case .multiplyAdd:
                            (
                                Double(a) + Double(Float(0.7)) * Double(b),
                                Double(abs(a)) + Double(abs(b))
                            )
                        case .add: (Double(a + b), 0)
                        case .addNumber: (Double(a + 0.7), 0)
                        case .subtract: (Double(a - b), 0)
                        }
                    #expect(near(found, plain, size: size, terms: 0), "\(map)")
                }
            }
        }
    }

    @Test(arguments: Primitives.paths)
    func `pairs of components meet their centroids`(path: Int32) {
        var generator = Dice(seed: 95)
        for count in [0, 8, 16, 24, 256] {
            let centroids = (0..<2 * count).map { _ in generator.normal() }
            let (x, y) = (generator.normal(), generator.normal())
            for isInnerProduct in [false, true] {
                let found = Primitives.pairTable(
                    centroids, x, y, isInnerProduct: isInnerProduct, path: path)
                for index in 0..<count {
                    let (first, second) = (centroids[2 * index], centroids[2 * index + 1])
                    let (gap, other) = (x - first, y - second)
                    let plain = isInnerProduct ? x * first + y * second : gap * gap + other * other
                    let error = abs(found[index] - plain)
                    #expect(error <= 1e-5 * (abs(plain) + 10))
                }
            }
        }
    }

    @Test func `Faiss itself calls these functions and not its own`() throws {
        // Sums over other lanes end in other bits, so equal bits tell which function ran: Faiss'
        // own sums over four lanes, as the plain sum here does.
        var generator = Dice(seed: 96)
        let dimension = 203
        let rows = (0..<300 * dimension).map { _ in generator.normal() }
        let question = (0..<dimension).map { _ in generator.normal() }
        for (metric, pair) in [
            (Metric.innerProduct, Primitives.Pair.innerProduct), (.l2, .squaredDistance),
        ] {
            let index = try FaissIndex(kind: "Flat", dimension: dimension, metric: metric)
            try rows.withUnsafeBufferPointer { (all) throws(IndexError) in try index.add(all) }
            let found = try question.withUnsafeBufferPointer { (all) throws(IndexError) in
                try index.search(all, k: 300)
            }
            var others = 0
            for (row, score) in zip(found.rows, found.scores) {
                let vector = Array(rows[Int(row) * dimension..<(Int(row) + 1) * dimension])
                let ours = Primitives.pair(pair, question, vector, path: Primitives.chosenPath)
                #expect(score.bitPattern == ours.bitPattern)
                others += score == fourLanes(pair, question, vector) ? 0 : 1
            }
            #expect(others > 100, "the plain sum has the same bits: the test tells nothing")
        }
    }

    private func fourLanes(_ pair: Primitives.Pair, _ x: [Float], _ y: [Float]) -> Float {
        var lanes = SIMD4<Float>.zero
        for index in x.indices {
            let (a, b) = (x[index], y[index])
            lanes[index & 3] += pair == .innerProduct ? a * b : (a - b) * (a - b)
        }
        return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
    }
}
