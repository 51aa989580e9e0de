import Synchronization
import Tensors

extension TextEncoder {
    /// Tokens after which a thread stops collecting and computes: enough rows to make the weights'
    /// way into the cache worth it, few enough for a layer's input to stay in the second-level
    /// cache (384 tokens of 384 features are 576 KiB).
    static let batchTokens = 384

    /// Encodes passages: `[count, dimension]`, row-major, in the order given.
    ///
    /// - Parameters:
    ///   - passages: Titles (may be empty) and texts.
    ///   - threads: Threads to compute on, the calling one included.
    ///   - progress: Called on the calling thread with the number of passages done so far.
    public func encode(
        passages: [(title: String, text: String)], threads: Int = 1,
        progress: ((Int) -> Void)? = nil
    ) -> [Float] {
        encode(count: passages.count, threads: threads, progress: progress) { index, batch in
            append(passage: passages[index], to: &batch)
        }
    }

    /// Encodes questions: `[count, dimension]`, row-major, in the order given.
    public func encode(questions: [String], threads: Int = 1) -> [Float] {
        encode(count: questions.count, threads: threads, progress: nil) { index, batch in
            append(question: questions[index], to: &batch)
        }
    }

    private func encode(
        count: Int, threads: Int, progress: ((Int) -> Void)?,
        append: (Int, inout TokenBatch) -> Void
    ) -> [Float] {
        guard count > 0 else { return [] }
        let workers = max(1, min(threads, count))
        // With several threads each takes a few turns, so that none waits long for the last one.
        let sequences = workers == 1 ? count : max(1, count / (2 * workers))
        let shared = SharedProgress()
        return [Float](unsafeUninitializedCapacity: count * dimension) { buffer, filled in
            if let out = buffer.baseAddress {
                WorkerThreads.run(count: workers) { worker in
                    let arena = arenas.take()
                    var batch = TokenBatch()
                    var rows: [Int] = []
                    var more = true
                    while more {
                        let next = shared.claimed.add(1, ordering: .relaxed).oldValue
                        more = next < count
                        if more {
                            append(next, &batch)
                            batch.closeSequence()
                            rows.append(next)
                        }
                        let isFull = batch.tokens >= Self.batchTokens || rows.count >= sequences
                        guard !rows.isEmpty, isFull || !more else { continue }
                        compute(batch, rows, arena, out)
                        let done = shared.done.add(rows.count, ordering: .relaxed).newValue
                        batch.removeAll()
                        rows.removeAll(keepingCapacity: true)
                        if worker == 0 { progress?(done) }
                    }
                    arenas.give(arena)
                }
            }
            filled = count * dimension
        }
    }

    /// The vectors of a batch in its own order: `[sequences, dimension]`.
    func vectors(_ batch: TokenBatch) -> [Float] {
        let count = batch.sequences * dimension
        return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
            if let out = buffer.baseAddress {
                compute(batch, Array(0..<batch.sequences), BertArena(), out)
            }
            filled = count
        }
    }

    /// Computes the vectors of a batch and writes each to its row of `out`.
    private func compute(
        _ batch: TokenBatch, _ rows: [Int], _ arena: BertArena, _ out: UnsafeMutablePointer<Float>
    ) {
        let width = description.configuration.hiddenSize
        arena.reserveVectors(batch.sequences * max(width, dimension))
        // Pooled vectors, and after a layer the other of the two buffers.
        var vectors = arena.vectors.start
        if description.pooling == .firstToken {
            weights.bert.forwardFirstTokens(batch, arena)
            vectors.update(from: arena.hidden.start, count: batch.sequences * width)
        } else {
            weights.bert.forward(batch, arena)
            for sequence in 0..<batch.sequences {
                let tokens = arena.hidden.start + batch.starts[sequence] * width
                let vector = vectors + sequence * width
                let length = batch.length(sequence)
                if description.pooling == .mean {
                    kernels.mean(of: tokens, count: length, width: width, into: vector)
                } else {
                    kernels.maximum(of: tokens, count: length, width: width, into: vector)
                }
            }
        }
        var other = arena.otherVectors.start
        for (layer, activation) in [(weights.pooler, Activation.tanh), (weights.projection, .none)]
        {
            guard let layer else { continue }
            kernels.product(
                rows: batch.sequences, a: vectors, stride: layer.weights.depth,
                weights: layer.weights, bias: layer.bias?.start, activation: activation,
                into: other, stride: layer.weights.columns)
            swap(&vectors, &other)
        }
        for (sequence, row) in rows.enumerated() {
            let vector = vectors + sequence * dimension
            if description.normalises { kernels.normalise(vector, width: dimension) }
            (out + row * dimension).update(from: vector, count: dimension)
        }
    }
}

/// Counters that the threads of one call share.
private final class SharedProgress: Sendable {
    let claimed = Atomic<Int>(0)
    let done = Atomic<Int>(0)
}
