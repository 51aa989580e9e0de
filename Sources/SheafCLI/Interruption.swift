import Base
import Dispatch
import Foundation
import Sheaf
import Synchronization

/// Turns SIGINT and SIGTERM into the orderly end of what is under way.
enum Interruption {
    private static let listeners = Listeners()

    /// Ends the program at a signal that nobody else listens to: files that are not finished are
    /// removed.
    static func endsProgram() { _ = listeners }

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
        private let number: Int

        init(_ act: @escaping @Sendable () -> Void) { number = Interruption.listeners.add(act) }

        func end() { Interruption.listeners.remove(number) }
    }

    /// All who listen.
    ///
    /// One source takes each signal for them, since of several a signal may reach the first alone.
    private final class Listeners: Sendable {
        private let acts = Locked((added: 0, all: [Int: @Sendable () -> Void]()))
        private let sources = Locked([any DispatchSourceSignal]())

        init() {
            let acts = acts
            let own = [SIGINT, SIGTERM].map { number in
                // The default action would end the process before the source fires.
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler {
                    let listening = acts.withLock { Array($0.all.values) }
                    if listening.isEmpty { Interruption.endProgram() }
                    for act in listening { act() }
                }
                source.resume()
                return source
            }
            sources.withLock { $0 = own }
        }

        func add(_ act: @escaping @Sendable () -> Void) -> Int {
            acts.withLock { acts in
                acts.added += 1
                acts.all[acts.added] = act
                return acts.added
            }
        }

        func remove(_ number: Int) { acts.withLock { $0.all[number] = nil } }
    }

    private static func endProgram() -> Never {
        WholeFile.discardAll {
            Terminal.report(
                error: "Interrupted.", code: "interrupted",
                asJSON: CommandLine.arguments.contains("--json"))
            _exit(SheafError.ExitStatus.interrupted.rawValue)
        }
    }
}
