import CKernels

/// y[t] = (words[id_t] + segments[s_t]) + positions[p_t], p_t the token's place in its sequence.
///
///     dwords[id_t] += dy[t],  dsegments[s_t] += dy[t],  dpositions[p_t] += dy[t]
///
/// The word of a padding token gets no gradient.
extension Tape {
    /// The tables of BERT's embeddings, rows of `width` floats.
    public struct Embeddings {
        /// `[vocabulary, width]`.
        public var words: Parameter
        /// `[positions, width]`.
        public var positions: Parameter
        /// `[segments, width]`.
        public var segments: Parameter
        /// Floats of a row.
        public var width: Int

        /// Names the tables.
        public init(words: Parameter, positions: Parameter, segments: Parameter, width: Int) {
            self.words = words
            self.positions = positions
            self.segments = segments
            self.width = width
        }
    }

    /// Adds up the rows of each token; ids and segments lie within the tables.
    public func embedded(
        ids: [Int32], segments: [Int32], _ tables: Embeddings, _ layout: TapeLayout
    ) -> Value {
        let width = tables.width
        let y = make(rows: ids.count, width: width)
        for example in 0..<layout.count {
            for (position, token) in layout.rows(example).enumerated() {
                kernels.encoder.add(
                    tables.words.values + Int(ids[token]) * width,
                    tables.segments.values + Int(segments[token]) * width,
                    tables.positions.values + position * width, width: width,
                    into: y.start + token * width)
            }
        }
        record { tape in
            guard let dy = tape.take(y) else { return }
            for example in 0..<layout.count {
                for (position, token) in layout.rows(example).enumerated() {
                    let row = dy.start + token * width
                    var targets = [
                        (tables.positions, position), (tables.segments, Int(segments[token])),
                    ]
                    if position < layout.attended[example] {
                        targets.append((tables.words, Int(ids[token])))
                    }
                    for (table, index) in targets {
                        guard let gradient = table.gradient else { continue }
                        tape.kernels.table.pointee.add_scaled(
                            row, width, 1, gradient + index * width)
                    }
                }
            }
            tape.arena.give(dy)
        }
        return y
    }
}
