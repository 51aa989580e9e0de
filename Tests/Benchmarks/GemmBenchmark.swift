import ArgumentParser
import Foundation
import Sheaf
import Tensors

/// The matrix products, ours and the system's BLAS, and what share of their rate encoding keeps.
struct GemmBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gemm",
        abstract: "Measure matrix products, and encoding against their rate, on one thread.",
        discussion: """
            The shapes are those of the feed-forward layers of MiniLM. The share is the number of \
            operations that the passages need, by the time they take, by the rate of the products.
            """)

    @Option(help: "The model folder.") var model: String
    @Option(help: "The corpus.") var corpus: String
    @Option(help: "Passages to encode.") var limit = 128
    @Option(help: "Runs.") var runs = 7

    func run() throws {
        OpenBLAS.useOneThread()
        let shapes = [
            Products(rows: 1_024, columns: 1_536, depth: 384),
            Products(rows: 1_024, columns: 384, depth: 1_536),
        ]
        let input = try passages(of: corpus, limit: limit).map { ($0.title, $0.text) }
        let encoders = try [encoder(model, "float32"), encoder(model, "i16")]
        let work = encoders[0].work(passages: input)
        _ = encoders.map { $0.encode(passages: Array(input.prefix(8))) }
        for _ in 0..<runs {
            let rates = shapes.map { $0.rates() }
            for kind in Products.Kind.allCases {
                let both = rates.compactMap { $0[kind] }
                try Line(
                    what: "gemm", kind: kind.rawValue,
                    gigaOperations: both.reduce(0, +) / Double(both.count)
                ).printLine()
            }
            for encoder in encoders {
                let seconds = measure { _ = encoder.encode(passages: input) }
                try Line(
                    what: "gemm", kind: "encode \(encoder.precision.rawValue)",
                    gigaOperations: work.operations / seconds / 1e9
                ).printLine()
            }
        }
    }
}

/// One measurement as it is printed.
private struct Line: Encodable {
    var what: String
    var kind: String
    var gigaOperations: Double
}

/// The operands of one product in the three forms it is computed in.
private struct Products {
    enum Kind: String, CaseIterable {
        case blas = "OpenBLAS sgemm"
        case float32 = "product float32"
        case i16 = "product i16"
    }

    let rows: Int
    let columns: Int
    let depth: Int
    let a: FloatBuffer
    let weights: FloatBuffer
    let packed: PackedMatrix
    let integers: IntegerMatrix
    let integerRows = IntegerRows()
    let c: FloatBuffer

    init(rows: Int, columns: Int, depth: Int) {
        self.rows = rows
        self.columns = columns
        self.depth = depth
        a = FloatBuffer((0..<rows * depth).map { Float($0 % 251) / 125 - 1 })
        weights = FloatBuffer((0..<columns * depth).map { Float($0 % 241) / 120 - 1 })
        packed = unsafe PackedMatrix(weights.start, columns: columns, depth: depth)
        integers = unsafe IntegerMatrix(weights.start, columns: columns, depth: depth)
        c = FloatBuffer(zeros: rows * columns)
        integerRows.reserve(rows: rows, width: depth)
        unsafe EncoderKernels.best.quantise(a.start, count: rows, stride: depth, into: integerRows)
    }

    /// Operations per nanosecond: the best of three in a row, since each takes milliseconds.
    func rates() -> [Kind: Double] {
        let operations = 2 * Double(rows) * Double(columns) * Double(depth) / 1e9
        var rates: [Kind: Double] = [:]
        for kind in Kind.allCases {
            let seconds = (0..<3).map { _ in measure { compute(kind) } }.min() ?? 1
            rates[kind] = operations / seconds
        }
        return rates
    }

    private func compute(_ kind: Kind) {
        switch kind {
        case .blas:
            unsafe OpenBLAS.sgemm(
                m: rows, n: columns, k: depth, a: a.start, b: weights.start, transposeB: true,
                c: c.start)
        case .float32:
            unsafe EncoderKernels.best.product(
                rows: rows, a: a.start, stride: depth, weights: packed, into: c.start,
                stride: columns)
        case .i16:
            unsafe EncoderKernels.best.product(
                rows: integerRows, count: rows, weights: integers, into: c.start, stride: columns)
        }
    }
}

private func measure(_ body: () -> Void) -> Double {
    let clock = ContinuousClock()
    return clock.measure(body) / .seconds(1)
}
