import Base
import Synchronization

extension TextEncoder {
    /// Tokens of a batch: enough rows to make the weights' way into the cache worth it, few enough
    /// for a layer's input to stay in the second-level cache (384 tokens of 384 features are
    /// 576 KiB).
    static let batchTokens = 384

    /// Tokens of a batch whose steps are shared by threads, instead of batches: so few that reading
    /// the weights takes longer than computing with them.
    static let sharedTokens = 192

    /// Threads that share the steps of one batch at most.
    static let sharingThreads = 4

    /// Texts that are tokenized and sorted together: what bounds the memory for tokens.
    static let windowTexts = 1_024

    /// Encodes passages: `[count, dimension]`, row-major, in the order given.
    ///
    /// - Parameters:
    ///   - passages: Titles (may be empty) and texts.
    ///   - threads: Threads to compute on, the calling one included.
    public func encode(passages: [(title: String, text: String)], threads: Int = 1) -> [Float] {
        var cuts = TextCuts()
        return encode(passages: passages, threads: threads, cuts: &cuts) { _ in }
    }

    /// As `encode(passages:threads:)`, and tells how far it is.
    ///
    /// - Parameters:
    ///   - cuts: Enters what was cut off the passages.
    ///   - progress: Called on the calling thread with the number of passages done so far; what it
    ///     throws ends the encoding.
    public func encode<Failure: Error>(
        passages: [(title: String, text: String)], threads: Int = 1, cuts: inout TextCuts,
        progress: (Int) throws(Failure) -> Void
    ) throws(Failure) -> [Float] {
        var each = [TextCuts](repeating: TextCuts(), count: passages.count)
        let vectors = try encode(
            count: passages.count, leftOut: tokensLeftOut(.context), threads: threads,
            cuts: &each, progress: progress
        ) { index, batch in
            append(passage: passages[index], to: &batch)
        }
        for cut in each { cuts.add(cut) }
        return vectors
    }

    /// Encodes questions: `[count, dimension]`, row-major, in the order given.
    public func encode(questions: [String], threads: Int = 1) -> [Float] {
        encode(countingCuts: questions, threads: threads).vectors
    }

    /// As `encode(questions:threads:)`, and enters what was cut off the questions.
    public func encode(questions: [String], threads: Int = 1, cuts: inout TextCuts) -> [Float] {
        let (vectors, each) = encode(countingCuts: questions, threads: threads)
        for cut in each { cuts.add(cut) }
        return vectors
    }

    /// As `encode(questions:threads:)`, with what was cut off each question.
    public func encode(
        countingCuts questions: [String], threads: Int = 1
    ) -> (vectors: [Float], cuts: [TextCuts]) {
        var cuts = [TextCuts](repeating: TextCuts(), count: questions.count)
        let vectors = encode(
            count: questions.count, leftOut: tokensLeftOut(.question), threads: threads,
            cuts: &cuts, progress: { _ in }
        ) { index, batch in
            append(question: questions[index], to: &batch)
        }
        return (vectors, cuts)
    }

    private func encode<Failure: Error>(
        count: Int, leftOut: Int, threads: Int, cuts: inout [TextCuts],
        progress: (Int) throws(Failure) -> Void,
        append: (Int, inout TokenBatch) -> Void
    ) throws(Failure) -> [Float] {
        guard count > 0 else { return [] }
        // More threads than there are texts share each one's steps.
        let members = max(min(threads, count), min(threads, Self.sharingThreads))
        var failure: Failure?
        let vectors = teams.with(members) { team in
            team.wake()
            return [Float](unsafeUninitializedCapacity: count * dimension) { buffer, filled in
                guard let out = buffer.baseAddress else { return }
                for start in stride(from: 0, to: count, by: Self.windowTexts)
                where failure == nil {
                    let texts = start..<min(start + Self.windowTexts, count)
                    let parts = tokenize(texts, team, append: append)
                    for part in parts {
                        for (sequence, row) in part.rows.enumerated() {
                            cuts[row].add(
                                kept: part.tokens.length(sequence), cut: part.tokens.cut[sequence])
                        }
                    }
                    failure = compute(parts, leftOut: leftOut, team, out) {
                        (done) throws(Failure) in
                        try progress(start + done)
                    }
                }
                filled = failure == nil ? count * dimension : 0
            }
        }
        if let failure { throw failure }
        return vectors
    }

    /// The tokens of some texts, by worker.
    private func tokenize(
        _ texts: Range<Int>, _ team: ThreadTeam, append: (Int, inout TokenBatch) -> Void
    ) -> [(tokens: TokenBatch, rows: [Int])] {
        let shared = SharedProgress()
        var parts = [(tokens: TokenBatch, rows: [Int])](
            repeating: (TokenBatch(), []), count: team.count)
        parts.withUnsafeMutableBufferPointer { parts in
            team.share(min(team.count, texts.count)) { worker, _ in
                // The part is taken out, so that threads do not write to neighbouring memory.
                var part = (tokens: TokenBatch(), rows: [Int]())
                while true {
                    let next = texts.lowerBound + shared.claimed.add(1, ordering: .relaxed).oldValue
                    guard next < texts.upperBound else { break }
                    append(next, &part.tokens)
                    part.tokens.closeSequence()
                    part.rows.append(next)
                }
                parts[worker] = part
            }
        }
        return parts
    }

    /// Computes all batches of a window, each by the thread that is free, or a single one by all;
    /// gives what `progress` threw, which ends it early.
    private func compute<Failure: Error>(
        _ parts: [(tokens: TokenBatch, rows: [Int])], leftOut: Int, _ team: ThreadTeam,
        _ out: UnsafeMutablePointer<Float>, progress: (Int) throws(Failure) -> Void
    ) -> Failure? {
        let isShared =
            team.count <= Self.sharingThreads
            && parts.reduce(0) { $0 + $1.tokens.tokens } <= Self.sharedTokens
        let window = TokenWindow(
            parts, budget: Self.batchTokens, workers: isShared ? 1 : team.count)
        let shared = SharedProgress()
        // The calling thread's alone.
        var failure: Failure?
        func report(_ done: Int) {
            do throws(Failure) {
                try progress(done)
            } catch {
                failure = error
                shared.claimed.store(window.count, ordering: .relaxed)
            }
        }
        let (outer, inner) = isShared ? (ThreadTeam.alone, team) : (team, ThreadTeam.alone)
        outer.share(outer.count) { worker, _ in
            var batch = TokenBatch()
            var rows: [Int] = []
            while true {
                let next = shared.claimed.add(1, ordering: .relaxed).oldValue
                guard next < window.count else { break }
                window.copy(next, to: &batch, rows: &rows)
                backend.encode(batch, leftOut: leftOut, rows: rows, into: out, inner)
                let done = shared.done.add(rows.count, ordering: .relaxed).newValue
                if worker == 0 { report(done) }
            }
        }
        if failure == nil { report(shared.done.load(ordering: .relaxed)) }
        return failure
    }

    /// The vectors of a batch in its own order: `[sequences, dimension]`.
    func vectors(_ batch: TokenBatch) -> [Float] {
        let count = batch.sequences * dimension
        return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
            if let out = buffer.baseAddress {
                backend.encode(
                    batch, leftOut: 0, rows: Array(0..<batch.sequences), into: out, .alone)
            }
            filled = count
        }
    }
}

/// Counters that the threads of one call share.
private final class SharedProgress: Sendable {
    let claimed = Atomic<Int>(0)
    let done = Atomic<Int>(0)
}
