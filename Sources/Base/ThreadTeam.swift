import Glibc
import Synchronization

/// Threads that share the steps of one computation: a step is cut into as many parts, and the next
/// one begins when all are done.
///
///     ThreadTeam.with(2) { team in
///         team.share(rows) { _, part in … }
///     }
///
/// Steps take some hundred microseconds, so a thread looks for the next one for a while before it
/// sleeps.
package final class ThreadTeam: @unchecked Sendable {
    /// The calling thread alone.
    package static let alone = ThreadTeam()

    /// Threads, the calling one included.
    package private(set) var count = 1
    private var threads: [Threads.Running] = []
    private var step: ((Int) -> Void)?
    /// Steps that were begun; the last one is the end.
    private let begun = Atomic(0)
    private var isOver = false
    /// Threads that are not done with the step.
    private let busy = Atomic(0)
    /// Threads that sleep until a step begins, or are about to.
    private let asleep = Atomic(0)
    /// Whether the calling thread sleeps until the step is done, or is about to.
    private let isWaiting = Atomic(false)
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let beginning: UnsafeMutablePointer<pthread_cond_t>
    private let ending: UnsafeMutablePointer<pthread_cond_t>

    private init() {
        mutex = .allocate(capacity: 1)
        beginning = .allocate(capacity: 1)
        ending = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(beginning, nil)
        pthread_cond_init(ending, nil)
    }

    deinit {
        pthread_cond_destroy(ending)
        pthread_cond_destroy(beginning)
        pthread_mutex_destroy(mutex)
        ending.deallocate()
        beginning.deallocate()
        mutex.deallocate()
    }

    /// Starts a team of so many threads, or of fewer where the system refuses some; `end()` must
    /// follow.
    fileprivate static func start(_ count: Int) -> ThreadTeam {
        let team = ThreadTeam()
        for worker in 1..<count {
            guard let thread = try? Threads.start({ team.serve(worker) }) else { break }
            team.threads.append(thread)
        }
        team.count = 1 + team.threads.count
        return team
    }

    /// Ends its threads.
    fileprivate func end() {
        settle()
        isOver = true
        begin()
        for thread in threads { thread.join() }
    }

    /// Calls `body` with a team of so many threads, or of fewer where the system refuses some.
    package static func with<Result, Failure: Error>(
        _ count: Int, _ body: (ThreadTeam) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard count > 1 else { return try body(alone) }
        let team = start(count)
        defer { team.end() }
        return try body(team)
    }

    /// Calls `body` with the number of each thread and its part of `0..<total`, where it has one.
    package func share(_ total: Int, _ body: (_ worker: Int, _ part: Range<Int>) -> Void) {
        guard count > 1, total > 1 else {
            if total > 0 { body(0, 0..<total) }
            return
        }
        let count = count
        settle()
        // The closure outlives no step: each thread drops it before it is counted as done.
        withoutActuallyEscaping(body) { escapable in
            let part = { (worker: Int) in
                let range = worker * total / count..<(worker + 1) * total / count
                if !range.isEmpty { escapable(worker, range) }
            }
            step = part
            busy.store(count - 1, ordering: .relaxed)
            begin()
            part(0)
            settle()
            step = nil
        }
    }

    /// Wakes threads that sleep, for a step that comes in a moment; does not wait for them.
    package func wake() {
        guard count > 1 else { return }
        settle()
        busy.store(count - 1, ordering: .relaxed)
        begin()
    }

    /// Waits until all are done with the step.
    ///
    /// Who has looked for a while lets others run, since the thread that is waited for may have no
    /// processor, and who did so for a while sleeps: a step may take as long as a batch does.
    private func settle() {
        var looks = 0
        while busy.load(ordering: .acquiring) > 0, looks < Self.looks { looks += 1 }
        while busy.load(ordering: .acquiring) > 0, looks < Self.looks + Self.yields {
            sched_yield()
            looks += 1
        }
        guard busy.load(ordering: .acquiring) > 0 else { return }
        pthread_mutex_lock(mutex)
        isWaiting.store(true, ordering: .sequentiallyConsistent)
        while busy.load(ordering: .sequentiallyConsistent) > 0 { pthread_cond_wait(ending, mutex) }
        isWaiting.store(false, ordering: .relaxed)
        pthread_mutex_unlock(mutex)
    }

    /// A thread is done with the step.
    private func finish() {
        let left = busy.subtract(1, ordering: .sequentiallyConsistent).newValue
        // Who waits has said so before it looked for the last time.
        guard left == 0, isWaiting.load(ordering: .sequentiallyConsistent) else { return }
        pthread_mutex_lock(mutex)
        pthread_cond_signal(ending)
        pthread_mutex_unlock(mutex)
    }

    /// Times that a thread looks before it lets others run.
    private static let looks = 20_000

    /// Times that it lets others run before it sleeps.
    private static let yields = 2_000

    private func begin() {
        begun.add(1, ordering: .sequentiallyConsistent)
        // Who sleeps has said so before it looked for the last time.
        guard asleep.load(ordering: .sequentiallyConsistent) > 0 else { return }
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(beginning)
        pthread_mutex_unlock(mutex)
    }

    private func serve(_ worker: Int) {
        var seen = 0
        while true {
            var looks = 0
            while begun.load(ordering: .acquiring) == seen, looks < Self.looks { looks += 1 }
            if begun.load(ordering: .acquiring) == seen {
                pthread_mutex_lock(mutex)
                asleep.add(1, ordering: .sequentiallyConsistent)
                while begun.load(ordering: .sequentiallyConsistent) == seen {
                    pthread_cond_wait(beginning, mutex)
                }
                asleep.subtract(1, ordering: .relaxed)
                pthread_mutex_unlock(mutex)
            }
            seen += 1
            if isOver { return }
            do {
                let step = step
                step?(worker)
            }
            finish()
        }
    }
}

/// Teams whose threads are kept between calls.
///
/// A short computation then waits for no new threads. They end with this.
package final class ThreadTeams: Sendable {
    private let resting = Locked<[ThreadTeam]>([])

    /// No teams yet.
    package init() {}

    /// As `ThreadTeam.with`, with a team that rests, or else a new one.
    package func with<Result, Failure: Error>(
        _ count: Int, _ body: (ThreadTeam) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard count > 1 else { return try body(.alone) }
        let team = take(count) ?? ThreadTeam.start(count)
        defer { resting.withLock { $0.append(team) } }
        return try body(team)
    }

    private func take(_ count: Int) -> ThreadTeam? {
        resting.withLock { teams in
            teams.firstIndex { $0.count == count }.map { teams.remove(at: $0) }
        }
    }

    deinit {
        for team in resting.withLock({ $0 }) { team.end() }
    }
}
