import Base
import CKernels

/// One place of a model where elements are dropped.
///
///     y = x ∘ m,  dx = dy ∘ m
///
/// with m = 0 or 1/(1 − share), decided by a counter-based generator (Philox4x32-10, Salmon et al.
/// 2011), so that nothing is kept and the order of computation does not matter. The share is a
/// multiple of 1/65536, and the factor fits it exactly.
public struct DropoutSite: Equatable, Sendable {
    var key: (UInt32, UInt32) { (UInt32(truncatingIfNeeded: word), UInt32(word >> 32)) }
    private let word: UInt64
    private let threshold: UInt32

    /// The place `place` of layer `layer`; nil where `rate` drops nothing.
    public init?(_ key: DropoutKey, layer: Int, place: Int, rate: Double) {
        threshold = UInt32((rate * 65536).rounded())
        guard threshold > 0 else { return nil }
        var word = key.seed
        for part in [key.step, UInt64(key.stream), UInt64(layer), UInt64(place)] {
            word = Self.next(word ^ Self.next(part))
        }
        self.word = word
    }

    /// The number after a state: every bit depends on every bit.
    private static func next(_ state: UInt64) -> UInt64 {
        var random = SplitMix(state: state)
        return random.next()
    }

    /// The kernels' form for one example.
    func raw(example: UInt64) -> sheaf_dropout {
        var raw = sheaf_dropout()
        raw.key = key
        raw.example = example
        raw.threshold = threshold
        raw.scale = 65536 / Float(65536 - threshold)
        return raw
    }
}

extension Tape {
    /// Drops elements of x at `site`; x itself where there is none.
    public func dropout(_ x: Value, at site: DropoutSite?, _ layout: TapeLayout) -> Value {
        guard let site else { return x }
        let y = make(rows: x.rows, width: x.width)
        drop(x.start, width: x.width, site, layout, into: y.start)
        record { tape in
            guard let dy = tape.take(y) else { return }
            tape.drop(dy.start, width: x.width, site, layout, into: dy.start)
            tape.add(dy, to: x)
        }
        return y
    }

    private func drop(
        _ x: UnsafePointer<Float>, width: Int, _ site: DropoutSite, _ layout: TapeLayout,
        into y: UnsafeMutablePointer<Float>
    ) {
        for example in 0..<layout.count {
            let rows = layout.rows(example)
            var dropout = site.raw(example: layout.examples[example])
            kernels.table.pointee.drop(
                x + rows.lowerBound * width, rows.count, width, &dropout, 0,
                y + rows.lowerBound * width)
        }
    }
}
