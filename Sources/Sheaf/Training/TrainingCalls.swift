import Base
import Foundation
import Training

/// Runs something that fails with a training error, and gives that as ours.
func training<Value>(_ body: () throws(TrainingError) -> Value) throws(SheafError) -> Value {
    do throws(TrainingError) {
        return try body()
    } catch {
        switch error {
        case .corpus(let error): throw .corpus(error)
        case .model(let error): throw .model(error)
        case .cannotWrite(let path, let reason): throw .cannotWrite(path: path, reason: reason)
        case .interrupted: throw .interrupted("Interrupted.")
        default: throw .request("\(error)")
        }
    }
}

/// Runs something that computes or blocks for long on a thread of its own.
///
/// - Parameter body: Is given what says whether the task was cancelled meanwhile.
func onOwnThread<Value: Sendable>(
    _ body:
        @escaping @Sendable (_ stop: @escaping @Sendable () -> Bool) throws(SheafError) -> Value
) async throws(SheafError) -> Value {
    let isCancelled = Locked(false)
    let result: Result<Value, SheafError> = await withTaskCancellationHandler {
        do throws(SheafError) {
            return .success(
                try await onOwnThread { () throws(SheafError) in
                    try body { isCancelled.withLock { $0 } }
                })
        } catch {
            return .failure(error)
        }
    } onCancel: {
        isCancelled.withLock { $0 = true }
    }
    return try result.get()
}

/// The same for what is not stopped.
func onOwnThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws(SheafError) -> Value
) async throws(SheafError) -> Value {
    let result: Result<Value, SheafError> = await withCheckedContinuation { continuation in
        // Deep recursion in a tokenizer or reader needs room.
        do throws(Threads.Refusal) {
            try Threads.start(stackBytes: 16 << 20) {
                continuation.resume(returning: Result { () throws(SheafError) in try body() })
            }.detach()
        } catch {
            let text = "No thread can be started: \(error.reason). Raise the limit (ulimit -u)."
            continuation.resume(returning: .failure(.request(text)))
        }
    }
    return try result.get()
}
