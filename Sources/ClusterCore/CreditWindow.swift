/// Bytes that may be sent to one receiver before it has said that it took the earlier ones.
///
/// Invariant: bytes under way never exceed what the receiver granted, so its memory is bounded by
/// its own word and not by the sender's speed.
public struct CreditWindow: Sendable {
    /// Bytes that may be sent now.
    public private(set) var available: Int
    /// What the receiver takes at once.
    public let granted: Int

    /// Makes a window of the receiver's first grant.
    public init(granted: Int) {
        self.granted = granted
        available = granted
    }

    /// Takes credit for a message of `bytes`; false, and nothing taken, when it must wait.
    public mutating func take(_ bytes: Int) -> Bool {
        guard bytes <= available else { return false }
        available -= bytes
        return true
    }

    /// The receiver took `bytes`; what was sent before the window was renewed does not widen it.
    public mutating func grant(_ bytes: Int) {
        available += min(bytes, granted - available)
    }

    /// What is under way is given up: its connection was lost, or its lease returned.
    public mutating func renew() {
        available = granted
    }
}
