import Tensors
import TestSupport
import Testing

@Suite("Operations of the tape against central differences in float64")
struct TapeOperationTests {
    @Test(arguments: Activation.allCases)
    func `a linear layer with an activation and a residual`(activation: Activation) {
        for (rows, inputs, outputs) in [(5, 19, 23), (400, 3, 4)] {
            let x = Operand([rows, inputs], seed: 1)
            let weight = Operand([outputs, inputs], seed: 2)
            let bias = Operand([outputs], seed: 3)
            let residual = Operand([rows, outputs], seed: 4)
            let error = worstError([x, weight, bias, residual]) { tape in
                let input = x.value(tape)
                let other = residual.value(tape)
                let layer = Tape.Linear(
                    weight: weight.parameter, bias: bias.parameter, outputs: outputs,
                    inputs: inputs)
                return tape.linear(input, layer, activation: activation, residual: other)
            } twin: { values in
                Plain.linear(
                    values[0].map { Plain.activate(activation, $0) }, values[1], values[2],
                    outputs: outputs, residual: values[3])
            }
            #expect(error < 1e-6, "\(activation) \(error)")
        }
    }

    @Test
    func `a value used twice gets both gradients`() {
        let x = Operand([4, 6], seed: 1)
        let weight = Operand([6, 6], seed: 2)
        let error = worstError([x, weight]) { tape in
            let input = x.value(tape)
            let layer = Tape.Linear(
                weight: weight.parameter, bias: nil, outputs: 6, inputs: 6)
            let once = tape.linear(input, layer, activation: .gelu)
            return tape.linear(once, layer, activation: .tanh, residual: input)
        } twin: { values in
            let once = Plain.linear(
                values[0].map { Plain.activate(.gelu, $0) }, values[1], nil, outputs: 6)
            return Plain.linear(
                once.map { Plain.activate(.tanh, $0) }, values[1], nil, outputs: 6,
                residual: values[0])
        }
        #expect(error < 1e-6, "\(error)")
    }

    @Test(arguments: [19, 48, 150], [0, 0.3])
    func `layer normalisation with dropout and a residual`(width: Int, rate: Double) {
        let layout = TapeLayout(starts: [0, 2, 5], examples: [7, 1 << 40])
        let site = site(rate)
        let x = Operand([5, width], seed: 1)
        let gain = Operand([width], seed: 2)
        let bias = Operand([width], seed: 3)
        let residual = Operand([5, width], seed: 4)
        let factors = mask(site, layout, width: width)
        let error = worstError([x, gain, bias, residual]) { tape in
            let norm = Tape.Norm(gain: gain.parameter, bias: bias.parameter, epsilon: 1e-5)
            return tape.normalised(
                x.value(tape), norm, dropout: site, residual: residual.value(tape), layout)
        } twin: { values in
            let sum = values[0].indices.map { values[0][$0] * factors[$0] + values[3][$0] }
            let normal = Plain.norm(sum, width: width, epsilon: 1e-5)
            return normal.indices.map { index -> Double in
                let column = index % width
                return normal[index] * values[1][column] + values[2][column]
            }
        }
        #expect(error < 1e-6, "\(error)")
    }

    @Test(arguments: [0, 0.2])
    func `attention over sequences of several lengths`(rate: Double) {
        for (lengths, heads, size) in [([7, 1, 18], 3, 5), ([70], 1, 16), ([130], 1, 3)] {
            let starts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
            let rows = starts[lengths.count]
            let layout = TapeLayout(
                starts: starts, examples: lengths.indices.map { UInt64(11 * $0) })
            let width = heads * size
            let x = Operand([rows, 3 * width], seed: 1)
            let site = site(rate)
            let error = worstError([x]) { tape in
                tape.attended(
                    Tape.AttentionInputs(
                        queries: x.value(tape), keysAndValues: nil, width: width, heads: heads),
                    queryLayout: layout, layout, dropout: site)
            } twin: { values in
                Plain.attention(
                    queries: values[0], others: values[0], columns: (width, 2 * width),
                    heads: heads, size: size, queryLayout: layout, layout,
                    masks: attentionMasks(site, layout, heads: heads))
            }
            #expect(error < 1e-6, "\(lengths) \(error)")
        }
    }

    @Test(arguments: [0, 0.2])
    func `attention of first tokens alone`(rate: Double) {
        let layout = TapeLayout(starts: [0, 9, 12, 30], examples: [3, 4, 9])
        let (heads, size) = (2, 6)
        let queries = Operand([3, 12], seed: 1)
        let others = Operand([30, 24], seed: 2)
        let site = site(rate)
        let error = worstError([queries, others]) { tape in
            tape.attended(
                Tape.AttentionInputs(
                    queries: queries.value(tape), keysAndValues: others.value(tape), width: 12,
                    heads: heads),
                queryLayout: layout.firstRows, layout, dropout: site)
        } twin: { values in
            Plain.attention(
                queries: values[0], others: values[1], columns: (0, 12), heads: heads,
                size: size, queryLayout: layout.firstRows, layout,
                masks: attentionMasks(site, layout, heads: heads))
        }
        #expect(error < 1e-6, "\(error)")
    }

    @Test
    func `embeddings whose tokens repeat`() {
        let layout = TapeLayout(starts: [0, 3, 5], examples: [0, 1])
        let ids: [Int32] = [4, 4, 0, 2, 4]
        let segments: [Int32] = [0, 1, 1, 0, 0]
        let words = Operand([6, 21], seed: 1)
        let positions = Operand([4, 21], seed: 2)
        let types = Operand([2, 21], seed: 3)
        let error = worstError([words, positions, types]) { tape in
            tape.embedded(
                ids: ids, segments: segments,
                Tape.Embeddings(
                    words: words.parameter, positions: positions.parameter,
                    segments: types.parameter, width: 21), layout)
        } twin: { values in
            var sums: [Double] = []
            for token in 0..<5 {
                let word = Int(ids[token]) * 21
                let position = (token < 3 ? token : token - 3) * 21
                let segment = Int(segments[token]) * 21
                for column in 0..<21 {
                    var sum = values[0][word + column]
                    sum += values[1][position + column]
                    sum += values[2][segment + column]
                    sums.append(sum)
                }
            }
            return sums
        }
        #expect(error < 1e-6, "\(error)")
    }

    @Test(arguments: Tape.Pooling.allCases)
    func `pooling`(pooling: Tape.Pooling) {
        let layout = TapeLayout(starts: [0, 4, 5, 11], examples: [0, 1, 2])
        let x = Operand([11, 18], seed: 1)
        let error = worstError([x]) { tape in
            tape.pooled(x.value(tape), pooling, layout)
        } twin: { values in
            (0..<3).flatMap { example in
                (0..<18).map { column in
                    let own = layout.rows(example).map { values[0][$0 * 18 + column] }
                    switch pooling {
                    case .first: return own[0]
                    case .mean: return own.reduce(0, +) / Double(own.count)
                    case .maximum: return own.max() ?? 0
                    }
                }
            }
        }
        #expect(error < 1e-6, "\(error)")
    }

    @Test
    func `rows of length 1, inner products, log-softmax`() {
        let a = Operand([5, 19], seed: 1)
        let b = Operand([7, 19], seed: 2)
        let error = worstError([a, b]) { tape in
            tape.logSoftmax(tape.inner(tape.unitRows(a.value(tape)), b.value(tape)))
        } twin: { values in
            var all: [Double] = []
            for i in 0..<5 {
                let row = Array(values[0][i * 19..<(i + 1) * 19])
                let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
                let unit = row.map { $0 / norm }
                let scores = Plain.linear(unit, values[1], nil, outputs: 7)
                let sum = scores.reduce(0.0) { $0 + Plain.exp($1) }
                all += scores.map { $0 - Plain.log(sum) }
            }
            return all
        }
        #expect(error < 1e-6, "\(error)")
    }

    @Test
    func `the hyperbolic tangent of each element`() {
        let x = Operand([5, 19], seed: 1)
        let error = worstError([x]) { tape in
            tape.tanh(x.value(tape))
        } twin: { values in
            values[0].map { x in
                let (up, down) = (Plain.exp(x), Plain.exp(-x))
                return (up - down) / (up + down)
            }
        }
        #expect(error < 1e-6, "\(error)")
    }

    @Test
    func `a checkpointed stretch gives the same bits`() {
        let x = Operand([9, 16], seed: 1)
        let weight = Operand([16, 16], seed: 2)
        let layout = TapeLayout(starts: [0, 9], examples: [5])
        var gradients: [[Float]] = []
        for isCheckpointed in [false, true] {
            weight.clear()
            let layer = Tape.Linear(
                weight: weight.parameter, bias: nil, outputs: 16, inputs: 16)
            let body: (Tape, Tape.Value) -> Tape.Value = { tape, input in
                let inner = tape.linear(input, layer, activation: .gelu)
                let dropped = tape.dropout(inner, at: site(0.3), layout)
                return tape.linear(dropped, layer, residual: input)
            }
            let tape = Tape(arena: TapeArena(), isRecording: true)
            let input = x.value(tape)
            let once =
                isCheckpointed
                ? tape.checkpointed(input, rows: 9, width: 16, body) : body(tape, input)
            let output =
                isCheckpointed
                ? tape.checkpointed(once, rows: 9, width: 16, body) : body(tape, once)
            let seed = Operand([9, 16], seed: 3)
            tape.backward([(output, UnsafePointer(seed.floats.start))])
            gradients.append(weight.gradient.array + (tape.gradient(of: input) ?? []))
            tape.close()
        }
        #expect(bits(gradients[0]) == bits(gradients[1]))
    }

    @Test
    func `every instruction set gives the same gradients`() {
        let layout = TapeLayout(starts: [0, 20, 67], examples: [1, 2])
        let width = 24
        var results: [[UInt32]] = []
        for path in paths {
            let x = Operand([67, width], seed: 1)
            let weight = Operand([3 * width, width], seed: 2)
            let gain = Operand([width], seed: 3)
            let tape = Tape(
                arena: TapeArena(), isRecording: true,
                kernels: TrainingKernels(kernels(path)))
            let input = x.value(tape)
            let all = tape.linear(
                input,
                Tape.Linear(
                    weight: weight.parameter, bias: nil, outputs: 3 * width, inputs: width),
                activation: .geluTanh)
            let attended = tape.attended(
                Tape.AttentionInputs(
                    queries: all, keysAndValues: nil, width: width, heads: 3),
                queryLayout: layout, layout, dropout: site(0.1))
            let output = tape.normalised(
                attended,
                Tape.Norm(gain: gain.parameter, bias: gain.parameter, epsilon: 1e-12),
                dropout: site(0.1), residual: input, layout)
            tape.backward([(output, UnsafePointer(x.floats.start))])
            let gradients =
                weight.gradient.array + gain.gradient.array + (tape.gradient(of: input) ?? [])
            results.append(bits(gradients))
            tape.close()
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }
}
