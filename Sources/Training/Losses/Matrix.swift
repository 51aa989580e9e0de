import Foundation

/// A dense matrix in float64, row-major: what losses are computed in.
public struct Matrix: Equatable, Sendable {
    /// Number of rows.
    public let rows: Int
    /// Number of columns.
    public let columns: Int
    /// The elements, row by row.
    public var values: [Double]

    /// Makes a matrix of zeros.
    public init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        values = [Double](repeating: 0, count: rows * columns)
    }

    /// Takes elements, as many as the shape says.
    public init(rows: Int, columns: Int, values: [Double]) {
        precondition(
            values.count == rows * columns, "\(values.count) elements are not \(rows) × \(columns)")
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// Widens float32 rows of `columns` elements.
    public init(_ values: [Float], columns: Int) {
        precondition(
            columns > 0 && values.count % columns == 0,
            "\(values.count) elements do not make rows of \(columns)")
        self.init(
            rows: values.count / columns, columns: columns, values: values.map(Double.init))
    }

    /// The elements, each rounded to float32.
    public var floats: [Float] { values.map { Float($0) } }

    /// One element.
    public subscript(row: Int, column: Int) -> Double {
        get { values[row * columns + column] }
        set { values[row * columns + column] = newValue }
    }

    /// One row.
    func row(_ row: Int) -> ArraySlice<Double> { values[row * columns..<(row + 1) * columns] }

    /// Some rows that follow each other.
    func rows(_ range: Range<Int>) -> Matrix {
        Matrix(
            rows: range.count, columns: columns,
            values: Array(values[range.lowerBound * columns..<range.upperBound * columns]))
    }

    /// This matrix times another one transposed: `[rows, other.rows]`.
    func timesTransposed(_ other: Matrix) -> Matrix {
        precondition(columns == other.columns, "\(columns) columns times \(other.columns)")
        var product = Matrix(rows: rows, columns: other.rows)
        values.withUnsafeBufferPointer { left in
            other.values.withUnsafeBufferPointer { right in
                for row in 0..<rows {
                    for column in 0..<other.rows {
                        product.values[row * other.rows + column] = Self.dot(
                            left, row * columns, right, column * columns, columns)
                    }
                }
            }
        }
        return product
    }

    /// ⟨a, b⟩ in four interleaved sums, so that the order never depends on anything.
    private static func dot(
        _ a: UnsafeBufferPointer<Double>, _ startA: Int, _ b: UnsafeBufferPointer<Double>,
        _ startB: Int, _ count: Int
    ) -> Double {
        var sums = SIMD4<Double>.zero
        var index = 0
        while index + 4 <= count {
            let left = SIMD4(
                a[startA + index], a[startA + index + 1], a[startA + index + 2],
                a[startA + index + 3])
            let right = SIMD4(
                b[startB + index], b[startB + index + 1], b[startB + index + 2],
                b[startB + index + 3])
            sums += left * right
            index += 4
        }
        var sum = (sums[0] + sums[1]) + (sums[2] + sums[3])
        while index < count {
            sum += a[startA + index] * b[startB + index]
            index += 1
        }
        return sum
    }

    /// Adds `factor · source[sourceRow]` to a row.
    mutating func add(
        _ factor: Double, _ source: Matrix, row sourceRow: Int, toRow row: Int
    ) {
        guard factor != 0 else { return }
        let columns = columns
        values.withUnsafeMutableBufferPointer { target in
            source.values.withUnsafeBufferPointer { source in
                for column in 0..<columns {
                    target[row * columns + column] += factor * source[sourceRow * columns + column]
                }
            }
        }
    }
}

/// log Σ exp x and softmax x, without overflow; entries of −∞ have the share 0.
enum LogSumExp {
    /// log Σ exp of some numbers; −∞ where there are none.
    static func value(_ numbers: some Sequence<Double>) -> Double {
        let largest = numbers.reduce(-Double.infinity) { $1.isNaN ? .nan : max($0, $1) }
        guard largest.isFinite else { return largest }
        return largest + log(numbers.reduce(0) { $0 + exp($1 - largest) })
    }
}
