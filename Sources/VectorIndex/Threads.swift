internal import Glibc
internal import Locks

/// Work divided over plain threads: search blocks for long, and Swift's cooperative threads are
/// few and must not wait.
enum Threads {
    /// Calls `work` for consecutive ranges that make up `0..<count`, at most `threads` of them at
    /// once, one on the calling thread.
    ///
    /// - Returns: The results in the order of the ranges.
    static func run<Part: Sendable>(
        count: Int, threads: Int, _ work: @Sendable @escaping (Range<Int>) -> Part
    ) -> [Part] {
        let ranges = divide(count, into: threads)
        guard ranges.count > 1 else { return ranges.map(work) }
        let parts = Parts<Part>(count: ranges.count)
        var started: [pthread_t] = []
        for (index, range) in ranges.enumerated().dropFirst() {
            let job = Job { parts.set(index, work(range)) }
            if let thread = start(job) {
                started.append(thread)
            } else {
                // No thread to be had: this one does it.
                job.body()
            }
        }
        parts.set(0, work(ranges[0]))
        for thread in started { pthread_join(thread, nil) }
        return parts.all()
    }

    /// Ranges of nearly equal length; fewer than `parts` when there is not enough to divide.
    static func divide(_ count: Int, into parts: Int) -> [Range<Int>] {
        let parts = max(1, min(parts, count))
        return (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }
    }

    private static func start(_ job: Job) -> pthread_t? {
        let argument = Unmanaged.passRetained(job)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, argument.toOpaque())
        if status == 0 { return thread }
        argument.release()
        return nil
    }

    private final class Job: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @Sendable @escaping () -> Void) { self.body = body }
    }

    /// The results as they come in.
    private final class Parts<Part: Sendable>: Sendable {
        private let slots: Locked<[Part?]>
        init(count: Int) { slots = Locked(Array(repeating: nil, count: count)) }
        func set(_ index: Int, _ part: Part) { slots.withLock { $0[index] = part } }
        func all() -> [Part] { slots.withLock { $0.compactMap { $0 } } }
    }
}
