internal import Glibc

/// Threads of our own, so that what computes or blocks for long never sits on Swift's cooperative
/// pool.
package enum Threads {
    /// The system refuses a thread.
    package struct Refusal: Error, Equatable {
        /// The error number.
        package var code: Int32
        /// The system's words.
        package var reason: String { FileError.words(code) }
    }

    /// A thread that was started.
    package struct Running: @unchecked Sendable {
        fileprivate let thread: pthread_t

        /// Waits until it has ended; once.
        package func join() { pthread_join(thread, nil) }

        /// Lets it end by itself.
        package func detach() { pthread_detach(thread) }

        /// Whether it is the one that calls this.
        package var isCurrent: Bool { pthread_equal(thread, pthread_self()) != 0 }

        /// The calling thread.
        package static var current: Running { Running(thread: pthread_self()) }
    }

    /// Starts a thread, which is joined or detached once.
    ///
    /// - Parameters:
    ///   - stackBytes: nil: what the system gives.
    ///   - withoutSignals: Signals are left to the program's other threads.
    package static func start(
        stackBytes: Int? = nil, withoutSignals: Bool = false, _ body: @escaping () -> Void
    ) throws(Refusal) -> Running {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        if let stackBytes { pthread_attr_setstacksize(&attributes, stackBytes) }
        // A thread takes the mask of the one that starts it.
        var before = sigset_t()
        if withoutSignals {
            var every = sigset_t()
            sigfillset(&every)
            pthread_sigmask(SIG_SETMASK, &every, &before)
        }
        defer { if withoutSignals { pthread_sigmask(SIG_SETMASK, &before, nil) } }
        let job = Unmanaged.passRetained(Job(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, job.toOpaque())
        guard code == 0 else {
            job.release()
            throw Refusal(code: code)
        }
        return Running(thread: thread)
    }

    /// Runs `body(0)` … `body(count − 1)` at the same time and returns when all have ended.
    ///
    /// The calling thread runs `body(0)` itself. Where the system refuses a thread, the calling
    /// thread runs that share too.
    package static func run(count: Int, _ body: (Int) -> Void) {
        guard count > 1 else {
            body(0)
            return
        }
        // The closure outlives no thread: each one is joined, and drops its share before it ends.
        withoutActuallyEscaping(body) { escapable in
            var threads: [Running] = []
            var refused: [Int] = []
            for worker in 1..<count {
                do throws(Refusal) {
                    threads.append(try start { escapable(worker) })
                } catch {
                    refused.append(worker)
                }
            }
            escapable(0)
            for worker in refused { escapable(worker) }
            for thread in threads { thread.join() }
        }
    }

    /// Calls `work` for consecutive ranges that make up `0..<count`, at most `threads` of them at
    /// once, one on the calling thread.
    ///
    /// - Returns: The results in the order of the ranges.
    package static func map<Part: Sendable>(
        count: Int, threads: Int, _ work: @Sendable (Range<Int>) -> Part
    ) -> [Part] {
        let ranges = divide(count, into: threads)
        guard ranges.count > 1 else { return ranges.map(work) }
        let parts = Locked([Part?](repeating: nil, count: ranges.count))
        run(count: ranges.count) { index in
            let part = work(ranges[index])
            parts.withLock { $0[index] = part }
        }
        return parts.withLock { $0.compactMap { $0 } }
    }

    /// Ranges of nearly equal length; fewer than `parts` when there is not enough to divide.
    package static func divide(_ count: Int, into parts: Int) -> [Range<Int>] {
        let parts = max(1, min(parts, count))
        return (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }
    }

    /// What one thread runs.
    private final class Job {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }
}
