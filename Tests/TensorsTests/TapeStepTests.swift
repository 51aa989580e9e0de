import CKernels
import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite("Dropout and steps of optimizers")
struct TapeStepTests {
    @Test
    func `dropout takes its bits from Philox4x32-10`() {
        // The generator's published answer for key 0 and counter 0: 6627e8d5 e169c58d bc57ac4c
        // 9b00dbd8.
        let halves: [UInt32] = [
            0xe8d5, 0x6627, 0xc58d, 0xe169, 0xac4c, 0xbc57, 0xdbd8, 0x9b00,
        ]
        for path in paths {
            let table = TrainingKernels(kernels(path)).table.pointee
            for (part, half) in halves.enumerated() {
                var dropout = sheaf_dropout()
                dropout.scale = 2
                let ones = [Float](repeating: 1, count: 128)
                var out = ones
                dropout.threshold = half
                table.drop(ones, 1, 128, &dropout, 0, &out)
                #expect(out[16 * part] == 2)
                dropout.threshold = half + 1
                table.drop(ones, 1, 128, &dropout, 0, &out)
                #expect(out[16 * part] == 0)
            }
        }
    }

    @Test
    func `dropout depends on the example, not on what lies beside it`() {
        let both = mask(
            site(0.3), TapeLayout(starts: [0, 3, 5], examples: [8, 9]), width: 200)
        let alone = mask(site(0.3), TapeLayout(starts: [0, 2], examples: [9]), width: 200)
        #expect(Array(both[600...]) == alone)
        let kept = mask(site(0.3), TapeLayout(starts: [0, 400], examples: [1]), width: 200)
        let share = Double(kept.filter { $0 == 0 }.count) / 80_000
        #expect(abs(share - 0.3) < 0.01)
        #expect(abs(kept.reduce(0, +) / 80_000 - 1) < 0.015)
        #expect(Set(kept).count == 2)
    }

    @Test
    func `dropout differs by seed, step, side, layer and place`() {
        let layout = TapeLayout(starts: [0, 4], examples: [1])
        let rates = DropoutRates(hidden: 0.5, attention: 0.5)
        var masks: Set<[Double]> = []
        for change in 0..<6 {
            let key = DropoutKey(
                seed: change == 1 ? 1 : 0, step: change == 2 ? 1 : 0,
                stream: change == 3 ? 1 : 0, rates: rates)
            let site = DropoutSite(
                key, layer: change == 4 ? 1 : 0, place: change == 5 ? 1 : 0, rate: 0.5)
            masks.insert(mask(site, layout, width: 64))
        }
        #expect(masks.count == 6)
    }

    @Test(arguments: AdamStep.Form.allCases)
    func `AdamW is its formula`(form: AdamStep.Form) {
        let count = 37
        var generator = Dice(seed: 3)
        let values = FloatBuffer(generator.floats(count))
        let first = FloatBuffer(zeros: count)
        let second = FloatBuffer(zeros: count)
        var p = values.array.map(Double.init)
        var m = [Double](repeating: 0, count: count)
        var v = m
        for t in 1...5 {
            let gradients = generator.floats(count)
            let step = AdamStep(
                form: form, learningRate: 0.01, weightDecay: 0.1, step: t, gradientScale: 0.5)
            gradients.withUnsafeBufferPointer {
                step.apply(
                    values: buffer(values), gradients: $0, firstMoments: buffer(first),
                    secondMoments: buffer(second))
            }
            for i in 0..<count {
                let g = 0.5 * Double(gradients[i])
                m[i] = 0.9 * m[i] + 0.1 * g
                v[i] = 0.999 * v[i] + 0.001 * g * g
                let (a, b) = (1 - pow(0.9, Double(t)), (1 - pow(0.999, Double(t))).squareRoot())
                if form == .torch {
                    p[i] *= 1 - 0.01 * 0.1
                    p[i] -= 0.01 / a * m[i] / (v[i].squareRoot() / b + 1e-8)
                } else {
                    p[i] -= 0.01 * b / a * m[i] / (v[i].squareRoot() + 1e-8)
                    p[i] -= 0.01 * 0.1 * p[i]
                }
            }
        }
        #expect(largestDifference(values.array, p.map(Float.init)) < 1e-6)
    }

    @Test(arguments: [[7, 21], [40]], [nil, 0.9])
    func `Adafactor is its formula`(shape: [Int], beta1: Double?) {
        let count = shape.reduce(1, *)
        let width = shape.count > 1 ? shape[1] : count
        var generator = Dice(seed: 4)
        let values = FloatBuffer(generator.floats(count))
        let first = FloatBuffer(zeros: count)
        let moments = FloatBuffer(zeros: AdafactorStep.secondMomentCount(shape: shape))
        var p = values.array.map(Double.init)
        var m = [Double](repeating: 0, count: count)
        var rows = [Double](repeating: 0, count: shape.count > 1 ? shape[0] : 0)
        var columns = [Double](repeating: 0, count: width)
        for t in 1...4 {
            let gradients = generator.floats(count)
            let step = AdafactorStep(
                learningRate: 0.02, scalesByParameter: true, beta1: beta1, weightDecay: 0.05,
                step: t, gradientScale: 2)
            gradients.withUnsafeBufferPointer {
                step.apply(
                    shape: shape, values: buffer(values), gradients: $0,
                    firstMoments: beta1 == nil ? nil : buffer(first),
                    secondMoments: buffer(moments))
            }
            let g = gradients.map { 2 * Double($0) }
            let squares = g.map { $0 * $0 + 1e-30 }
            let decay = 1 - pow(Double(t), -0.8)
            func move(_ old: inout Double, _ new: Double) { old = decay * old + (1 - decay) * new }
            for column in 0..<width {
                let own = stride(from: column, to: count, by: width).map { squares[$0] }
                move(&columns[column], own.reduce(0, +) / Double(own.count))
            }
            for row in rows.indices {
                let own = squares[row * width..<(row + 1) * width]
                move(&rows[row], own.reduce(0, +) / Double(width))
            }
            let mean = rows.reduce(0, +) / Double(max(1, rows.count))
            var update = g.indices.map { i in
                let row = rows.isEmpty ? 1 : (rows[i / width] / mean).squareRoot()
                return g[i] / row / columns[i % width].squareRoot()
            }
            let size = (update.reduce(0) { $0 + $1 * $1 } / Double(count)).squareRoot()
            let scale = max(1e-3, (p.reduce(0) { $0 + $1 * $1 } / Double(count)).squareRoot())
            update = update.map { $0 / max(1, size) * 0.02 * scale }
            for i in 0..<count {
                if let beta1 {
                    m[i] = beta1 * m[i] + (1 - beta1) * update[i]
                    update[i] = m[i]
                }
                p[i] -= 0.05 * 0.02 * scale * p[i] + update[i]
            }
        }
        #expect(largestDifference(values.array, p.map(Float.init)) < 2e-6)
    }

    @Test
    func `sums over blocks are the same on every instruction set`() {
        var generator = Dice(seed: 9)
        let values = generator.floats(1003)
        let sums = paths.map { path in
            TrainingKernels(kernels(path)).table.pointee.dot(values, values, values.count)
        }
        #expect(Set(sums).count == 1)
        let plain = values.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(sums[0] - plain) < 1e-12 * plain)
        let whole = values.withUnsafeBufferPointer { FlatSums.squares($0) }
        #expect(whole == sums[0])
        let block = FloatBuffer(values)
        FlatSums.scale(buffer(block), by: 0.5)
        values.withUnsafeBufferPointer { FlatSums.add($0, to: buffer(block)) }
        #expect(block.array == values.map { $0.addingProduct($0, 0.5) })
    }

    private func buffer(_ block: FloatBuffer) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: block.start, count: block.count)
    }

    @Test
    func `batches that grow little by little leave no memory behind`() {
        let arena = TapeArena()
        for rows in stride(from: 1_000, through: 60_000, by: 1_000) {
            let tape = Tape(arena: arena, isRecording: true)
            let value = tape.make(rows: rows, width: 32)
            let other = tape.unitRows(value)
            value.start.update(repeating: 1, count: value.count)
            tape.backward([(other, UnsafePointer(value.start))])
            tape.close()
            arena.reset()
        }
        // Two values and one gradient of the last batch are 5.8 million floats.
        #expect(arena.capacity < 12_000_000, "\(arena.capacity)")
    }
}
