import Foundation

/// Threads of our own for compute, so that long loops never sit on Swift's cooperative pool.
public enum WorkerThreads {
    /// Runs `body(0)` … `body(count − 1)` at the same time and returns when all have ended.
    ///
    /// The calling thread runs `body(0)` itself. Where the system refuses a thread, the calling
    /// thread runs that share too.
    public static func run(count: Int, _ body: (Int) -> Void) {
        guard count > 1 else {
            body(0)
            return
        }
        // The closure outlives no thread: each one is joined, and drops its share before it ends.
        withoutActuallyEscaping(body) { escapable in
            var threads: [pthread_t] = []
            var refused: [Int] = []
            for worker in 1..<count {
                if let thread = start(Share { escapable(worker) }) {
                    threads.append(thread)
                } else {
                    refused.append(worker)
                }
            }
            escapable(0)
            for worker in refused { escapable(worker) }
            for thread in threads { pthread_join(thread, nil) }
        }
    }

    private static func start(_ share: Share) -> pthread_t? {
        let handle = Unmanaged.passRetained(share)
        #if canImport(Darwin)
            var thread: pthread_t?
            let code = pthread_create(&thread, nil, { Self.enter($0) }, handle.toOpaque())
        #else
            var thread = pthread_t()
            let code = pthread_create(&thread, nil, { Self.enter($0) }, handle.toOpaque())
        #endif
        guard code == 0 else {
            handle.release()
            return nil
        }
        return thread
    }

    private static func enter(_ handle: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let handle { Unmanaged<Share>.fromOpaque(handle).takeRetainedValue().run() }
        return nil
    }
}

/// What one thread runs.
private final class Share {
    let run: () -> Void

    init(_ run: @escaping () -> Void) {
        self.run = run
    }
}
