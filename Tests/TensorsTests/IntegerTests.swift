import CKernels
import Tensors
import TestSupport
import Testing

/// The integer kernels that this processor can run.
private let tables: [IntegerTable] = {
    var pointers = [UnsafePointer<sheaf_integer_kernels>?](repeating: nil, count: 4)
    let count = sheaf_integer_tables(&pointers)
    return pointers.prefix(count).compactMap { $0.map(IntegerTable.init) }
}()

struct IntegerTable: @unchecked Sendable, CustomTestStringConvertible {
    let kernels: UnsafePointer<sheaf_integer_kernels>

    var testDescription: String { String(cString: kernels.pointee.name) }

    func quantise(_ values: [Float], rows: Int, width: Int) -> PlainRows {
        var result = PlainRows(rows: rows, width: width)
        var call = sheaf_quantisation()
        call.rows = rows
        call.width = width
        call.stride = width
        call.out_stride = result.stride
        call.step_stride = result.blocks
        var numbers = result.numbers
        var steps = result.steps
        values.withUnsafeBufferPointer { values in
            numbers.withUnsafeMutableBufferPointer { numbers in
                steps.withUnsafeMutableBufferPointer { steps in
                    call.values = values.baseAddress
                    call.out = numbers.baseAddress
                    call.steps = steps.baseAddress
                    kernels.pointee.quantise(&call)
                }
            }
        }
        result.numbers = numbers
        result.steps = steps
        return result
    }

    func product(
        _ a: PlainRows, _ packed: [Int16], _ steps: [Float], _ columns: Int, bias: [Float]? = nil,
        residual: [Float]? = nil, activation: sheaf_activation = SHEAF_ACTIVATION_NONE
    ) -> [Float] {
        var result = [Float](repeating: .nan, count: a.rows * columns)
        withPointers(a, packed, steps, bias, residual) { call in
            result.withUnsafeMutableBufferPointer { c in
                call.columns = columns
                call.residual_stride = columns
                call.c = c.baseAddress
                call.c_stride = columns
                call.activation = activation
                kernels.pointee.product(&call)
            }
        }
        return result
    }

    private func withPointers(
        _ a: PlainRows, _ packed: [Int16], _ steps: [Float], _ bias: [Float]?,
        _ residual: [Float]?, _ body: (inout sheaf_integer_product) -> Void
    ) {
        a.numbers.withUnsafeBufferPointer { numbers in
            a.steps.withUnsafeBufferPointer { aSteps in
                packed.withUnsafeBufferPointer { packed in
                    steps.withUnsafeBufferPointer { bSteps in
                        (bias ?? []).withUnsafeBufferPointer { bias2 in
                            (residual ?? []).withUnsafeBufferPointer { residual2 in
                                var call = sheaf_integer_product()
                                call.rows = a.rows
                                call.depth = a.width
                                call.a = numbers.baseAddress
                                call.a_stride = a.stride
                                call.a_steps = aSteps.baseAddress
                                call.a_step_stride = a.blocks
                                call.b = packed.baseAddress
                                call.b_steps = bSteps.baseAddress
                                call.bias = bias == nil ? nil : bias2.baseAddress
                                call.residual = residual == nil ? nil : residual2.baseAddress
                                body(&call)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Rows of whole numbers with a step per block; the plain twin of the quantising kernel.
struct PlainRows: Equatable {
    static let block = Int(SHEAF_INTEGER_BLOCK)
    static let limit = Float(SHEAF_INTEGER_LIMIT)

    var rows: Int
    var width: Int
    var numbers: [Int16]
    var steps: [Float]

    var stride: Int { (width + 1) / 2 * 2 }
    var blocks: Int { (width + Self.block - 1) / Self.block }

    init(rows: Int, width: Int) {
        self.rows = rows
        self.width = width
        numbers = []
        steps = []
        numbers = [Int16](repeating: 0, count: rows * stride)
        steps = [Float](repeating: -1, count: rows * blocks)
    }

    init(_ values: [Float], rows: Int, width: Int) {
        self.init(rows: rows, width: width)
        for row in 0..<rows {
            for block in 0..<blocks {
                let range = block * Self.block..<min(width, (block + 1) * Self.block)
                let own = range.map { values[row * width + $0] }
                let top = own.map(abs).max() ?? 0
                steps[row * blocks + block] = top < 1e-30 ? 0 : top / Self.limit
                guard top >= 1e-30 else { continue }
                for (index, value) in zip(range, own) {
                    let scaled = (value * (Self.limit / top)).rounded(.toNearestOrEven)
                    numbers[row * stride + index] = Int16(scaled)
                }
            }
        }
    }
}

/// Weights as whole numbers with a step per output: the plain twin of packing.
struct PlainWeights {
    var columns: Int
    var depth: Int
    var numbers: [[Int16]] = []
    var steps: [Float] = []

    init(_ weights: [Float], columns: Int, depth: Int) {
        self.columns = columns
        self.depth = depth
        for column in 0..<columns {
            let row = weights[column * depth..<(column + 1) * depth].map(Double.init)
            let blocks = stride(from: 0, to: depth, by: PlainRows.block).map {
                row[$0..<min(depth, $0 + PlainRows.block)]
            }
            let densest = blocks.map { $0.reduce(0) { $0 + abs($1) } }.max() ?? 0
            let terms = Double(blocks.map(\.count).max() ?? 0)
            let top = row.map(abs).max() ?? 0
            guard top >= 1e-30 else {
                numbers.append([Int16](repeating: 0, count: depth))
                steps.append(0)
                continue
            }
            let room = Double(Int32.max) / Double(PlainRows.limit) - terms / 2 - 1
            let inverse = min(32767 / top, room / densest)
            numbers.append(row.map { Int16(($0 * inverse).rounded(.toNearestOrEven)) })
            steps.append(Float(1 / inverse))
        }
    }

    /// The product, every sum over a block in 64 bits.
    func product(_ a: PlainRows, bias: [Float]? = nil, residual: [Float]? = nil) -> [Float] {
        var result: [Float] = []
        for row in 0..<a.rows {
            for column in 0..<columns {
                var value = bias?[column] ?? 0
                if let residual { value += residual[row * columns + column] }
                for block in 0..<a.blocks {
                    var sum: Int64 = 0
                    for k in block * PlainRows.block..<min(depth, (block + 1) * PlainRows.block) {
                        sum += Int64(a.numbers[row * a.stride + k]) * Int64(numbers[column][k])
                    }
                    let step = a.steps[row * a.blocks + block] * steps[column]
                    value = value.addingProduct(Float(sum), step)
                }
                result.append(value)
            }
        }
        return result
    }
}

private func pack(_ weights: [Float], _ columns: Int, _ depth: Int) -> ([Int16], [Float]) {
    var packed = [Int16](repeating: 7, count: sheaf_integer_packed_size(columns, depth))
    var steps = [Float](repeating: 7, count: sheaf_integer_step_count(columns))
    sheaf_integer_pack(weights, columns, depth, &packed, &steps)
    return (packed, steps)
}

@Suite("Integer products")
struct IntegerTests {
    /// rows, columns, depth: around the tiles, the panels, the pairs and the blocks.
    static let sizes = [
        (1, 1, 1), (1, 16, 3), (2, 17, 7), (5, 31, 16), (6, 32, 33), (7, 33, 48), (11, 48, 12),
        (12, 64, 5), (13, 72, 72), (25, 15, 383), (3, 40, 384), (14, 96, 385), (2, 33, 769),
        (0, 16, 4), (37, 50, 20), (3, 2, 4_097),
    ]

    @Test(arguments: tables)
    func `rows become whole numbers as the plain version makes them`(table: IntegerTable) {
        var random = Dice(seed: 21)
        for width in [1, 2, 7, 16, 31, 33, 72, 383, 384, 385, 769, 1_536, 4_097] {
            var values = random.floats(3 * width, in: -3...3)
            // A row of tiny values and one of huge ones.
            for index in width..<2 * width { values[index] *= 1e-28 }
            for index in 2 * width..<3 * width { values[index] *= 1e38 }
            let result = table.quantise(values, rows: 3, width: width)
            #expect(result == PlainRows(values, rows: 3, width: width), "width \(width)")
        }
    }

    @Test(arguments: tables)
    func `rows of zeros and of values without an inverse are zero`(table: IntegerTable) {
        for value in [Float(0), -0.0, 1e-38, -Float.leastNonzeroMagnitude] {
            let rows = table.quantise([Float](repeating: value, count: 21), rows: 1, width: 21)
            #expect(rows.numbers.allSatisfy { $0 == 0 } && rows.steps == [0])
        }
    }

    @Test(arguments: tables)
    func `a block with a value that is not finite has a step that is not finite`(
        table: IntegerTable
    ) {
        for value in [Float.nan, -.nan, .infinity, -.infinity] {
            for place in [0, 5, 383, 384, 399] {
                var values = [Float](repeating: 1, count: 400)
                values[place] = value
                let rows = table.quantise(values, rows: 1, width: 400)
                #expect(rows.steps.map(\.isFinite) == [place >= 384, place < 384])
                let (packed, steps) = pack(values.map { _ in 0.5 }, 1, 400)
                #expect(!table.product(rows, packed, steps, 1)[0].isFinite)
            }
        }
    }

    @Test(arguments: tables)
    func `sums over blocks are exact and products have the plain version's bits`(
        table: IntegerTable
    ) {
        var random = Dice(seed: 22)
        for (rows, columns, depth) in Self.sizes {
            let a = PlainRows(random.floats(rows * depth), rows: rows, width: depth)
            let weights = random.floats(columns * depth)
            let (packed, steps) = pack(weights, columns, depth)
            let plain = PlainWeights(weights, columns: columns, depth: depth)
            let bias = random.floats(columns)
            let residual = random.floats(rows * columns)
            #expect(
                bits(table.product(a, packed, steps, columns)) == bits(plain.product(a)),
                "\(rows) × \(columns) × \(depth)")
            #expect(
                bits(table.product(a, packed, steps, columns, bias: bias, residual: residual))
                    == bits(plain.product(a, bias: bias, residual: residual)))
        }
    }

    @Test(arguments: tables)
    func `no sum overflows whatever the activations are`(table: IntegerTable) {
        var random = Dice(seed: 23)
        let depth = 2 * PlainRows.block + 37
        // All as large as the largest; one outlier; all but zero; the sign of the weights, so that
        // each term adds to the last.
        let channels: [[Float]] = [
            [Float](repeating: 0.25, count: depth), [Float](repeating: -3, count: depth),
            (0..<depth).map { $0 == 400 ? 8 : 1e-3 },
            random.floats(depth).map { $0 < 0 ? -1 : 1 }, random.floats(depth),
        ]
        let weights = channels.flatMap { $0 }
        let (packed, steps) = pack(weights, channels.count, depth)
        let plain = PlainWeights(weights, columns: channels.count, depth: depth)
        for signs in channels {
            for sign in [Float(1), -1] {
                let values = signs.map { $0 < 0 ? -sign : sign }
                let a = PlainRows(values, rows: 1, width: depth)
                let result = table.product(a, packed, steps, channels.count)
                #expect(bits(result) == bits(plain.product(a)))
            }
        }
    }

    @Test(arguments: tables)
    func `channels that are zero, tiny, huge or not numbers keep to themselves`(
        table: IntegerTable
    ) {
        let depth = 40
        var random = Dice(seed: 24)
        let ones = random.floats(depth)
        let factors: [Float] = [0, 1e-36, 1e-28, 1, 1e37, .nan, .infinity]
        let weights = factors.flatMap { factor in ones.map { $0 * factor } }
        let (packed, steps) = pack(weights, factors.count, depth)
        let a = table.quantise(random.floats(depth), rows: 1, width: depth)
        let result = table.product(a, packed, steps, factors.count)
        #expect(result[0] == 0 && result[1] == 0)
        for index in 2...4 {
            let expected = result[3] * factors[index]
            #expect(abs(result[index] - expected) <= 1e-5 * abs(expected))
        }
        #expect(result[5].isNaN && result[6].isNaN)
    }

    @Test(arguments: tables)
    func `the activation comes last and is the float kernels' one`(table: IntegerTable) {
        var random = Dice(seed: 25)
        for columns in [1, 15, 16, 33, 64, 71] {
            let (rows, depth) = (15, 390)
            let a = PlainRows(random.floats(rows * depth), rows: rows, width: depth)
            let weights = random.floats(columns * depth)
            let (packed, steps) = pack(weights, columns, depth)
            let sums = PlainWeights(weights, columns: columns, depth: depth).product(a)
            for activation in Activation.allCases {
                var expected = sums
                EncoderKernels.best.apply(activation, to: &expected, count: expected.count)
                let raw = sheaf_activation(rawValue: UInt32(activation.rawValue))
                let result = table.product(a, packed, steps, columns, activation: raw)
                #expect(bits(result) == bits(expected), "\(columns) columns, \(activation)")
            }
        }
    }

    @Test(arguments: paths)
    func `a range of columns has the same bits as those columns of the whole`(path: SIMDPath) {
        var random = Dice(seed: 26)
        let (count, columns, depth) = (13, 70, 29)
        let a = random.floats(count * depth)
        let matrix = IntegerMatrix(
            random.floats(columns * depth), columns: columns, depth: depth)
        let bias = random.floats(columns)
        let rows = IntegerRows()
        rows.reserve(rows: count, width: depth)
        kernels(path).quantise(a, count: count, stride: depth, into: rows)
        var whole = [Float](repeating: 0, count: count * columns)
        var part = [Float](repeating: 0, count: count * 54)
        kernels(path).product(
            rows: rows, count: count, weights: matrix, bias: bias, into: &whole, stride: columns)
        kernels(path).product(
            rows: rows, count: count, weights: matrix, columns: 16..<70, bias: bias, into: &part,
            stride: 54)
        for row in 0..<count {
            let expected = whole[row * columns + 16..<(row + 1) * columns]
            #expect(bits(Array(expected)) == bits(Array(part[row * 54..<(row + 1) * 54])))
        }
    }

    @Test(arguments: paths)
    func `products are within a few steps of the float product`(path: SIMDPath) {
        var random = Dice(seed: 27)
        for (count, columns, depth) in [(9, 48, 72), (5, 33, 384), (4, 20, 1_000)] {
            let a = random.floats(count * depth)
            let w = random.floats(columns * depth)
            let rows = IntegerRows()
            rows.reserve(rows: count, width: depth)
            kernels(path).quantise(a, count: count, stride: depth, into: rows)
            var result = [Float](repeating: 0, count: count * columns)
            var expected = result
            kernels(path).product(
                rows: rows, count: count,
                weights: IntegerMatrix(w, columns: columns, depth: depth), into: &result,
                stride: columns)
            kernels(path).product(
                rows: count, a: a, stride: depth,
                weights: PackedMatrix(w, columns: columns, depth: depth), into: &expected,
                stride: columns)
            // Rounding errors of `depth` products of numbers below one, at random signs.
            let tolerance = 4e-4 * Float(depth).squareRoot()
            #expect(largestDifference(result, expected) < tolerance)
        }
    }
}
