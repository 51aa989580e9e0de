import Base

/// Keeps the first of the values it is told, from any thread.
final class First<Value: Sendable>: Sendable {
    private let first = Locked<Value?>(nil)

    var value: Value? { first.withLock { $0 } }

    func note(_ value: Value) {
        first.withLock { if $0 == nil { $0 = value } }
    }
}
