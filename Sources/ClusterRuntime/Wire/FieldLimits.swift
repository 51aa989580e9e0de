/// What one field of a message may hold, as the comment behind it in `proto/` states it.
struct FieldLimits: Sendable {
    /// What one value may be.
    enum Value: Sendable {
        /// Whatever its type holds: it is compared, never counted with.
        case any
        /// A number of at most so much.
        case atMost(UInt64)
        /// A text of at most so many bytes.
        case bytes(Int)
        /// What can name a worker, a rank or a client.
        case processName
        /// What can name a collection.
        case collectionName
        /// 64 lower-case hexadecimal digits.
        case sha256
        /// A message whose fields may hold this.
        case message([FieldLimits])
    }

    var value: Value
    var canBeEmpty: Bool
    /// The most elements of a list.
    var count: Int

    init(_ value: Value, canBeEmpty: Bool = false, count: Int = .max) {
        self.value = value
        self.canBeEmpty = canBeEmpty
        self.count = count
    }
}
