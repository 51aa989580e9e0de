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
func onOwnThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws(SheafError) -> Value
) async throws(SheafError) -> Value {
    let result: Result<Value, SheafError> = await withCheckedContinuation { continuation in
        let thread = Thread {
            continuation.resume(returning: Result { () throws(SheafError) in try body() })
        }
        // What Foundation gives is too little for deep recursion in a tokenizer.
        thread.stackSize = 16 << 20
        thread.start()
    }
    return try result.get()
}
