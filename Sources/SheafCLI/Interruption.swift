import Base
import Dispatch
import Foundation
import Sheaf
import Synchronization

/// Turns SIGINT and SIGTERM into the orderly end of what is under way.
enum Interruption {
    private static let signals = [SIGINT, SIGTERM]

    /// Runs `body` as a task that a signal cancels.
    static func cancels<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task(operation: body)
        let watch = Watch { task.cancel() }
        defer { watch.end() }
        return try await task.value
    }

    /// A stream that yields once when a signal comes, for processes that run until then.
    static func stream() -> AsyncStream<Void> {
        AsyncStream { continuation in
            let watch = Watch {
                continuation.yield()
                continuation.finish()
            }
            continuation.onTermination = { _ in watch.end() }
        }
    }

    /// A flag that a signal sets, for work that looks at it between its steps.
    final class Flag: Sendable {
        private let value = Atomic(false)
        private let watch = Locked<Watch?>(nil)

        init() {
            watch.withLock {
                $0 = Watch { [weak self] in self?.value.store(true, ordering: .relaxed) }
            }
        }

        deinit {
            watch.withLock { $0?.end() }
        }

        /// Whether a signal came.
        var isSet: Bool { value.load(ordering: .relaxed) }
    }

    /// Calls `act` on each signal until `end()`.
    private final class Watch: Sendable {
        private let sources: Locked<[any DispatchSourceSignal]>

        init(_ act: @escaping @Sendable () -> Void) {
            sources = Locked(Interruption.signals.map { Watch.source($0, act) })
        }

        private static func source(
            _ number: Int32, _ act: @escaping @Sendable () -> Void
        ) -> any DispatchSourceSignal {
            // The default action would end the process before the source fires.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: act)
            source.resume()
            return source
        }

        func end() {
            sources.withLock { all in
                all.forEach { $0.cancel() }
                all.removeAll()
            }
        }
    }
}
