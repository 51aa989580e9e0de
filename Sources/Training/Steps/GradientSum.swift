import Models

/// Sums the gradients of parameter sets over all ranks while the backward pass still runs.
///
/// Sets are summed in their order. Where a backward pass reports a stretch, what is whole begins to
/// travel at once; `finish()` sends the rest and waits.
final class GradientSum {
    private let group: any CollectiveGroup
    private let sets: [ParameterSet]
    private var current: (index: Int, buckets: Buckets)?
    private var done = 0
    private var failure: CollectiveError?

    /// A holder, since what is in it cannot be copied.
    private final class Buckets {
        var buckets: GradientBuckets

        init(_ buckets: consuming GradientBuckets) {
            self.buckets = buckets
        }
    }

    init(_ sets: [ParameterSet], over group: any CollectiveGroup) {
        self.sets = sets
        self.group = group
    }

    /// What to call when the last backward pass of a set reports a stretch; nil for one rank.
    ///
    /// - Throws: what summing an earlier set threw.
    func reporter(of set: ParameterSet) throws(CollectiveError) -> ((Range<Int>) -> Void)? {
        guard group.world > 1, let index = sets.firstIndex(where: { $0 === set }) else {
            return nil
        }
        try open(index)
        return { [self] range in
            do throws(CollectiveError) {
                if failure == nil { try current?.buckets.buckets.finished(range) }
            } catch {
                failure = error
            }
        }
    }

    /// Sums what is left of all sets.
    func finish() throws(CollectiveError) {
        guard group.world > 1 else { return }
        try open(sets.count)
    }

    /// Finishes the sets before `index` and starts that one.
    private func open(_ index: Int) throws(CollectiveError) {
        if let failure { throw failure }
        if let current, current.index == index { return }
        if let current {
            try current.buckets.buckets.finish()
            done = current.index + 1
            self.current = nil
        }
        while done < min(index, sets.count) {
            var buckets = GradientBuckets(sets[done].gradients, over: group)
            try buckets.finish()
            done += 1
        }
        guard index < sets.count else { return }
        current = (index, Buckets(GradientBuckets(sets[index].gradients, over: group)))
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
