import Foundation

/// Threads of our own for compute, so that long loops never sit on Swift's cooperative pool.
public enum WorkerThreads {
    /// Runs `body(0)` … `body(count − 1)` at the same time and returns when all have ended.
    ///
    /// The calling thread runs `body(0)` itself.
    public static func run(count: Int, _ body: (Int) -> Void) {
        guard count > 1 else {
            body(0)
            return
        }
        // The closure outlives no thread: this function returns only after every thread is done.
        withoutActuallyEscaping(body) { escapable in
            let shared = SharedBody(call: escapable)
            let group = DispatchGroup()
            for worker in 1..<count {
                group.enter()
                let thread = Thread {
                    shared.call(worker)
                    group.leave()
                }
                thread.start()
            }
            shared.call(0)
            group.wait()
        }
    }
}

private struct SharedBody: @unchecked Sendable {
    let call: (Int) -> Void
}
