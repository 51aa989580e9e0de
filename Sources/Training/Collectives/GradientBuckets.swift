/// Sums a flat gradient over all ranks in buckets, each as soon as the backward pass has left it.
///
/// The backward pass finishes parameters from the last to the first. Buckets therefore begin from
/// the end of the buffer, always in that order, whatever a rank's own backward pass did and even
/// where it had none, so all ranks begin the same bucket next.
///
/// Invariants:
/// 1. Every float is summed exactly once.
/// 2. A bucket begins only after every one above it, and after all its floats were reported.
@safe public struct GradientBuckets: ~Copyable {
    /// Floats of a bucket where none is asked for: 4 MiB.
    public static let defaultCount = 1 << 20

    private let gradient: UnsafeMutableBufferPointer<Float>
    private let group: any CollectiveGroup
    private let bucketCount: Int
    /// Reported ranges below `begun` that do not reach it yet, in ascending order.
    private var finished: [Range<Int>] = []
    /// Everything from here on was reported.
    private var ready: Int
    /// Everything from here on has begun.
    private var begun: Int

    /// Prepares to sum `gradient`, which stays where it is until ``finish()`` has returned.
    ///
    /// - Parameter bucketCount: floats of a bucket, the same on every rank, at least 1.
    public init(
        _ gradient: UnsafeMutableBufferPointer<Float>, over group: any CollectiveGroup,
        bucketCount: Int = GradientBuckets.defaultCount
    ) {
        precondition(bucketCount > 0, "a bucket of \(bucketCount) floats was asked for")
        unsafe self.gradient = gradient
        self.group = group
        self.bucketCount = bucketCount
        ready = gradient.count
        begun = gradient.count
    }

    /// Says that nothing writes to a range of the gradient any more, and begins what is whole.
    public mutating func finished(_ range: Range<Int>) throws(CollectiveError) {
        guard !range.isEmpty else { return }
        let place = finished.firstIndex { $0.lowerBound >= range.upperBound } ?? finished.endIndex
        finished.insert(range, at: place)
        while let last = finished.last, last.upperBound >= ready {
            ready = min(ready, last.lowerBound)
            finished.removeLast()
        }
        while begun - ready >= bucketCount { try beginBucket(bucketCount) }
    }

    /// Begins what has not begun; the group's `wait()` is left to the caller.
    public mutating func beginRest() throws(CollectiveError) {
        while begun > 0 { try beginBucket(min(bucketCount, begun)) }
    }

    /// Begins what has not begun, and waits until the whole gradient holds the sum.
    public mutating func finish() throws(CollectiveError) {
        try beginRest()
        try group.wait()
    }

    private mutating func beginBucket(_ count: Int) throws(CollectiveError) {
        let bucket = unsafe UnsafeMutableBufferPointer(
            rebasing: gradient[begun - count..<begun])
        begun -= count
        ready = min(ready, begun)
        unsafe try group.begin(bucket)
    }
}
