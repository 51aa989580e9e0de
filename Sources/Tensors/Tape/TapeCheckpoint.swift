/// A stretch of operations of which only the input is kept: the backward pass computes the stretch
/// again, to the same bits, and goes back through that.
///
/// Source: Chen et al. 2016.
extension Tape {
    /// Computes `body(tape, input)`, which gives `[rows, width]` and reads no value but its input.
    ///
    /// `body` runs once now and once in the backward pass, and must compute the same both times.
    public func checkpointed(
        _ input: Value, rows: Int, width: Int, _ body: @escaping (Tape, Value) -> Value
    ) -> Value {
        let output = make(rows: rows, width: width)
        let mark = arena.mark
        let inner = Tape(arena: arena, isRecording: false, kernels: kernels)
        let result = body(inner, inner.borrow(input))
        output.start.update(from: result.start, count: output.count)
        inner.close()
        arena.reset(to: mark)
        record { tape in
            guard let gradient = tape.take(output) else { return }
            let mark = tape.arena.mark
            let inner = Tape(arena: tape.arena, isRecording: true, kernels: tape.kernels)
            let own = inner.borrow(input)
            let result = body(inner, own)
            inner.add(gradient, to: result)
            inner.backward([])
            if let block = inner.take(own) { tape.add(block, to: input) }
            inner.close()
            tape.arena.reset(to: mark)
        }
        return output
    }

    /// A value of another tape as an input of this one.
    private func borrow(_ value: Value) -> Value {
        let own = make(rows: 0, width: 0)
        return Value(index: own.index, rows: value.rows, width: value.width, start: value.start)
    }
}
