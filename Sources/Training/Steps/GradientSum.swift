import Models
import Tensors

/// Sums the gradients of parameter sets over all ranks while the backward pass still runs.
///
/// Sets are summed in their order. Where a backward pass reports a stretch, what is whole begins to
/// travel at once; `finish()` sends the rest, and it alone waits.
///
/// A batch touches few rows of the word embeddings, which are half of a small model and the last
/// that a backward pass leaves: where ranks have told each other which, those alone travel.
final class GradientSum {
    private let group: any CollectiveGroup
    private let sets: [ParameterSet]
    /// Per set, whether a token id is in this rank's batches, once it is known, then in any rank's.
    private var touched: [[Bool]?]
    private var hasAgreed = false
    private var current: (index: Int, buckets: Buckets)?
    private var done = 0
    /// Copies of the rows that travel, until they have come back.
    private var copies: [RowCopy] = []
    private var failure: CollectiveError?

    /// A holder, since what is in it cannot be copied.
    private final class Buckets {
        /// Where the part of the block begins that these sum.
        let start: Int
        var buckets: GradientBuckets

        init(_ set: ParameterSet, from start: Int, over group: any CollectiveGroup) {
            self.start = start
            buckets = GradientBuckets(
                UnsafeMutableBufferPointer(rebasing: set.gradients[start...]), over: group)
        }

        func finished(_ range: Range<Int>) throws(CollectiveError) {
            guard range.upperBound > start else { return }
            try buckets.finished(max(range.lowerBound, start) - start..<range.upperBound - start)
        }
    }

    /// Some rows of a set's word embeddings, one after the other.
    private struct RowCopy {
        let set: ParameterSet
        let rows: [Int]
        let width: Int
        let floats: FloatBuffer

        init(_ set: ParameterSet, rows: [Int], width: Int) {
            self.set = set
            self.rows = rows
            self.width = width
            floats = FloatBuffer(unset: rows.count * width)
            copy { $1.update(from: $0, count: width) }
        }

        var buffer: UnsafeMutableBufferPointer<Float> {
            UnsafeMutableBufferPointer(start: floats.start, count: floats.count)
        }

        func putBack() {
            copy { $0.update(from: $1, count: width) }
        }

        /// Goes over the rows: the set's, and the copy.
        private func copy(
            _ body: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) -> Void
        ) {
            guard let gradients = set.gradients.baseAddress else { return }
            for (place, row) in rows.enumerated() {
                body(gradients + row * width, floats.start + place * width)
            }
        }
    }

    init(_ sets: [ParameterSet], over group: any CollectiveGroup) {
        self.sets = sets
        self.group = group
        touched = sets.map { _ in nil }
    }

    /// Notes the tokens of a batch to which a set will get gradients; on every rank or on none.
    func note(_ sequences: [TokenIDs], of set: ParameterSet) {
        guard group.world > 1, let index = sets.firstIndex(where: { $0 === set }),
            let words = set.wordEmbeddings
        else { return }
        var known = touched[index] ?? [Bool](repeating: false, count: words.shape[0])
        for sequence in sequences { for id in sequence.ids { known[Int(id)] = true } }
        touched[index] = known
    }

    /// Learns of the tokens of all ranks; called by all of them before the first `reporter`.
    func agreeOnTokens() throws(CollectiveError) {
        guard group.world > 1 else { return }
        var record = ByteRecord()
        for case let known? in touched {
            let ids = known.indices.filter { known[$0] }
            record.append(UInt64(ids.count))
            for id in ids { record.append(UInt64(id)) }
        }
        for part in try group.records(record) {
            var part = part
            for index in touched.indices {
                guard let known = touched[index]?.count else { continue }
                for _ in 0..<(try part.count()) {
                    touched[index]?[try part.index(below: known)] = true
                }
            }
        }
        hasAgreed = true
    }

    /// What to call when the last backward pass of a set reports a stretch; nil for one rank.
    ///
    /// - Throws: what summing an earlier set threw.
    func reporter(of set: ParameterSet) throws(CollectiveError) -> ((Range<Int>) -> Void)? {
        guard group.world > 1, let index = sets.firstIndex(where: { $0 === set }) else {
            return nil
        }
        try settling { () throws(CollectiveError) in try open(index) }
        return { [self] range in
            do throws(CollectiveError) {
                if failure == nil { try current?.buckets.finished(range) }
            } catch {
                failure = error
            }
        }
    }

    /// Sums what is left of all sets and waits for all of it.
    func finish() throws(CollectiveError) {
        guard group.world > 1 else { return }
        try settling { () throws(CollectiveError) in
            try open(sets.count)
            try group.wait()
        }
        for copy in copies { copy.putBack() }
        copies = []
    }

    /// Sends what is left of the sets before `index` and starts that one.
    private func open(_ index: Int) throws(CollectiveError) {
        if let failure { throw failure }
        if let current, current.index == index { return }
        if let current { try close(current.index, current.buckets) }
        while done < min(index, sets.count) { try close(done, buckets(done)) }
        guard index < sets.count else { return }
        current = (index, buckets(index))
    }

    private func buckets(_ index: Int) -> Buckets {
        let words = rows(index).flatMap { _ in sets[index].wordEmbeddings }
        return Buckets(sets[index], from: words?.range.upperBound ?? 0, over: group)
    }

    private func close(_ index: Int, _ buckets: Buckets) throws(CollectiveError) {
        current = nil
        done = index + 1
        try buckets.buckets.beginRest()
        guard let rows = rows(index), let words = sets[index].wordEmbeddings else { return }
        let copy = RowCopy(sets[index], rows: rows, width: words.shape[1])
        copies.append(copy)
        try group.begin(copy.buffer)
    }

    /// The rows of a set's word embeddings that travel; nil: all of them, with the rest.
    private func rows(_ index: Int) -> [Int]? {
        guard hasAgreed, let known = touched[index] else { return nil }
        return known.indices.filter { known[$0] }
    }

    /// Runs something; where it fails, all that has begun has ended before the error is thrown,
    /// since until then its memory is read and written.
    private func settling(
        _ body: () throws(CollectiveError) -> Void
    ) throws(CollectiveError) {
        do throws(CollectiveError) {
            try body()
        } catch {
            try? group.wait()
            throw error
        }
    }
}

extension ParameterSet {
    /// The word embeddings, one row a token id, where the block begins with them.
    fileprivate var wordEmbeddings: Entry? {
        entries.first.flatMap { entry in
            entry.isWordTable && entry.shape.count == 2 ? entry : nil
        }
    }
}

/// Runs an operation of all ranks as part of a step.
func exchanging<Result>(
    step: Int, _ body: () throws(CollectiveError) -> Result
) throws(TrainingError) -> Result {
    do throws(CollectiveError) {
        return try body()
    } catch {
        throw .collective(step: step, reason: "\(error)")
    }
}
